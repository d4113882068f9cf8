import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import { standingDoubt } from '#src/library/doubt';
import type { CartridgeId } from '#src/media/facets';
import type { FirstBlock } from '#src/session/first-block';
import { nameCartridge, unfitForVolume } from '#src/session/unfit';

/**
 * As `unfitForVolume`; a volume that the catalog has on another cartridge is named with both (invariant 5). `details.alsoOn` of the error is the other's number.
 */
export async function unfitOnMedium(
  { cartridge, repositories }: { readonly cartridge: CartridgeRecord; readonly repositories: Repositories },
  expected: { readonly id: string } | undefined,
  found: FirstBlock,
): Promise<GrandsireError | undefined> {
  const unfit = unfitForVolume(cartridge, expected, found);
  if (unfit?.code !== 'cartridge.wrong-volume' || found.kind !== 'ours') return unfit;
  const other = await otherHolder(found.label.volume, cartridge, repositories);
  return other ? duplicateFound({ cartridge, other, volume: found.label.volume }) : unfit;
}

/** Another cartridge that carries a volume according to the catalog. */
export async function otherHolder(
  volume: string,
  cartridge: CartridgeRecord,
  { volumes, cartridges }: Pick<Repositories, 'volumes' | 'cartridges'>,
): Promise<CartridgeRecord | undefined> {
  const known = await volumes.byId(volume);
  const elsewhere = known.find((record) => record.cartridge !== cartridge.id && record.state !== 'superseded');
  return elsewhere && (await cartridges.get(elsewhere.cartridge));
}

interface Duplicate {
  readonly cartridge: CartridgeRecord;
  readonly other: CartridgeRecord;
  readonly volume: string;
}

/** The same words for both, whichever was met: where one cartridge was booked as two, they are recognised as one doubt. */
function onBoth({ cartridge, other, volume }: Duplicate): string {
  const [first, second] = [cartridge, other].sort((a, b) => a.id - b.id).map(nameCartridge);
  return `volume ${volume} is on ${first} and on ${second}: neither is written to`;
}

/** What is to be said of the cartridge on which the volume was met. */
export const duplicateFound = (duplicate: Duplicate): GrandsireError =>
  new GrandsireError('cartridge.wrong-volume', {
    message: onBoth(duplicate),
    remedy: remedyFor(duplicate.cartridge, duplicate.other),
    details: { found: duplicate.volume, alsoOn: duplicate.other.id },
  });

/** What is to be said of the other one, whose volume was met there. */
export const duplicateElsewhere = (duplicate: Duplicate): GrandsireError =>
  new GrandsireError('cartridge.duplicate-volume', {
    message: onBoth(duplicate),
    remedy: remedyFor(duplicate.cartridge, duplicate.other),
    details: { alsoOn: duplicate.cartridge.id },
  });

const remedyFor = (met: CartridgeRecord, known: CartridgeRecord): string =>
  `Put the right cartridges under the right barcodes, or take the copy (${met.barcode}, if it is that one) out of the library. Then have both looked at: ` +
  `grandsire cartridge identify ${met.barcode}, and then grandsire cartridge identify ${known.barcode}.`;

/** The suspect cartridge on which this one's volume was met; undefined where there is none, or that doubt was settled there. */
export async function sharesVolumeWith(
  cartridge: CartridgeRecord,
  repositories: Repositories,
): Promise<CartridgeRecord | undefined> {
  const doubt = await standingDoubt(cartridge, repositories);
  if (doubt?.details['code'] !== 'cartridge.duplicate-volume') return undefined;
  const other = await repositories.cartridges.get(doubt.details['alsoOn'] as CartridgeId);
  return other?.condition === 'suspect' ? other : undefined;
}
