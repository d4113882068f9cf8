import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import { describePlace, parseLibraryAddress } from '#src/library/library-address';
import { ambiguousBarcode, notInLibrary, unknownCartridge } from '#src/library/library-errors';
import type { LibraryOptions } from '#src/library/library-options';
import type { Place } from '#src/library/robot/numbered-element';
import type { Robot } from '#src/library/robot/robot';

type FindOptions = Pick<LibraryOptions, 'name' | 'catalog'>;

/** Where what an address names lies now: a place itself, or the one that a barcode was seen in. */
export async function findPlace(address: string, robot: Robot, { name, catalog }: FindOptions): Promise<Place> {
  const parsed = parseLibraryAddress(address);
  if (parsed.kind !== 'barcode') return ownPlace(parsed, address, name);
  const found = robot.elements.filter(({ full, barcode }) => full && barcode === parsed.barcode);
  const [element] = found;
  if (element && found.length === 1) return { kind: element.kind, number: element.number };
  if (element) throw ambiguousBarcode(address, found.map(describePlace));
  const isKnown = (await catalog.cartridges.byBarcode(address)).length > 0;
  throw isKnown ? notInLibrary(name, address) : unknownCartridge(address);
}

/** Where something is to be moved to: a place, never a cartridge. */
export function findDestination(address: string, { name }: Pick<FindOptions, 'name'>): Place {
  const parsed = parseLibraryAddress(address);
  if (parsed.kind !== 'barcode') return ownPlace(parsed, address, name);
  throw new GrandsireError('command.usage', {
    message: `"${address}" is a cartridge, not a place to move to`,
    remedy: 'Write a place such as `slot:5`, `drive:1` or `mail:1`.',
  });
}

/** The catalog's record of the one cartridge that an address names; asks the catalog alone. */
export async function findRecord(address: string, { name, catalog }: FindOptions): Promise<CartridgeRecord> {
  const parsed = parseLibraryAddress(address);
  const records = await catalog.cartridges.list({ library: name });
  const found = records.filter(({ barcode, location }) =>
    parsed.kind === 'barcode'
      ? barcode === parsed.barcode
      : location.kind === parsed.kind && 'number' in location && location.number === parsed.number,
  );
  const [record] = found;
  if (record && found.length === 1) return record;
  if (record)
    throw ambiguousBarcode(
      address,
      found.map(({ location }) => ('number' in location ? describePlace(location) : location.kind)),
    );
  throw unknownCartridge(address);
}

function ownPlace(
  { kind, number, library }: Place & { readonly library?: string | undefined },
  address: string,
  own: string,
): Place {
  if (library === undefined || library === own) return { kind, number };
  throw new GrandsireError('command.usage', {
    message: `${address} is in another library than ${own}`,
    remedy: `Use \`--library ${library}\`; cartridges are carried between libraries by hand.`,
  });
}
