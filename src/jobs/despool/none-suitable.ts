import { countOf } from '#src/base/count-of';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';

/** A cartridge that a run met and did not write to. */
export interface Unfit {
  readonly cartridge: CartridgeRecord;
  readonly error: GrandsireError;
}

/** What of a data set waits until it can be written: `segments` are in staging, on a cartridge already where no index behind them lists them yet. */
export async function whatWaits(
  { key, id }: DataSetRecord,
  { dataSets }: Pick<Repositories, 'dataSets'>,
): Promise<{ readonly segments: number; readonly words: string }> {
  const segments = (await dataSets.segments(key)).filter(({ inStaging }) => inStaging).length;
  const words =
    segments === 0
      ? `nothing of ${id} is left in staging, and its last index is still to be written`
      : `${countOf(segments, 'segment')} of ${id} ${segments === 1 ? 'stays' : 'stay'} staged`;
  return { segments, words };
}

/** No cartridge is left for a data set. Names those that were met and passed over on the way, and those that the catalog should read first. */
export async function noneSuitable(
  dataSet: DataSetRecord,
  { unfit, repositories }: { readonly unfit: readonly Unfit[]; readonly repositories: Repositories },
): Promise<GrandsireError> {
  const { library, pool, id } = dataSet;
  const { segments, words } = await whatWaits(dataSet, repositories);
  const met = unfit.map(({ cartridge, error }) => `${cartridge.barcode} (${error.code})`);
  const unread = await unreadCartridges(library, repositories);
  return new GrandsireError('cartridge.none-suitable', {
    message:
      `no cartridge in library ${library} can be written for pool ${pool}; ${words}` +
      (met.length > 0 ? `; passed over: ${met.join(', ')}` : ''),
    remedy:
      (unread.length > 0
        ? `Have what the catalog does not know read: grandsire catalog rebuild ${unread.join(' ')}. `
        : '') +
      'Put blank cartridges in and label them ("grandsire cartridge label --all-blank"), then run "grandsire staging flush". What is staged can be restored meanwhile.',
    details: { dataSet: id, segments, passedOver: unfit.map(({ cartridge }) => cartridge.barcode) },
  });
}

/** Doubtful, and without a volume by the catalog: after the catalog was lost, these are our own. */
async function unreadCartridges(library: string, { cartridges, volumes }: Repositories): Promise<readonly string[]> {
  const unread: string[] = [];
  for (const { id, barcode, condition, location } of await cartridges.list({ library })) {
    if (condition !== 'suspect' || !('library' in location) || (await volumes.ofCartridge(id))) continue;
    unread.push(barcode);
  }
  return unread;
}
