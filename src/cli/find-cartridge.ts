import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { LibraryRecord } from '#src/catalog/libraries';
import { describePlace, type LibraryPlace, parseLibraryAddress } from '#src/library/library-address';
import { noSuchPlace, notInventoried, unknownCartridge } from '#src/library/library-errors';

/**
 * The one cartridge that an operator names: by barcode, or by place (`main/slot:5`) where two carry the same. Throws `cartridge.not-found` and
 * `cartridge.ambiguous`; for a place what is wrong with it.
 */
export async function findCartridge(
  address: string,
  repositories: Repositories,
  library: string | undefined,
): Promise<CartridgeRecord> {
  const parsed = parseLibraryAddress(address);
  const place = parsed.kind === 'barcode' ? undefined : { ...parsed, library: parsed.library ?? library };
  const found = place
    ? (await repositories.cartridges.list()).filter(({ location }) => isAt(location, place))
    : await repositories.cartridges.byBarcode(address, library);
  const [record] = found;
  if (record && found.length === 1) return record;
  if (!record) throw place ? await nothingThere(place, repositories) : unknownCartridge(address);
  const places = found.map(({ library: name, location }) =>
    'number' in location ? `${name}/${describePlace(location)}` : location.kind,
  );
  throw new GrandsireError('cartridge.ambiguous', {
    message: place
      ? `${address} is in ${found.length} libraries: ${places.join(' and ')}`
      : `${found.length} cartridges carry the barcode ${address}: ${places.join(' and ')}`,
    remedy: place
      ? `Name the library too: ${places[0]}.`
      : `Name the place instead: ${places[0]}. Then give one of them another barcode.${carriedOver(found)}`,
    details: { places },
  });
}

/** One cartridge that was carried from one library to another is two, until the first is looked into. */
const carriedOver = (found: readonly CartridgeRecord[]): string => {
  const libraries = [...new Set(found.map(({ library }) => library))];
  if (libraries.length < 2) return '';
  const looks = libraries.map((library) => `grandsire library inventory --library ${library}`);
  return ` If it is one that was carried over by hand, look into both: ${looks.join('; ')}.`;
};

const isAt = (location: CartridgeRecord['location'], { kind, number, library }: LibraryPlace): boolean =>
  'number' in location &&
  location.kind === kind &&
  location.number === number &&
  (library === undefined || location.library === library);

/** No cartridge is booked there: because the place is empty, or is none, or because nobody has looked. */
async function nothingThere(place: LibraryPlace, { cartridges, libraries }: Repositories): Promise<GrandsireError> {
  const { kind, number, library } = place;
  const names = library === undefined ? new Set((await cartridges.list()).map((record) => record.library)) : [library];
  const known: LibraryRecord[] = [];
  for (const name of names) {
    const record = await libraries.get(name);
    if (record) known.push(record);
  }
  if (known.length === 0) return notInventoried(library);
  const has = known.filter(({ slots, mailSlots, drives }) =>
    kind === 'drive'
      ? drives.some((drive) => drive.number === number)
      : number >= 1 && number <= (kind === 'slot' ? slots : mailSlots),
  );
  if (has.length === 0) return noSuchPlace(known.map(({ name }) => name).join(' and '), place);
  return new GrandsireError('library.place-empty', {
    message: `there is no cartridge in ${has.map(({ name }) => `${name}/${describePlace(place)}`).join(' nor in ')}`,
    remedy:
      'Name another place or a barcode: `grandsire library status` shows what lies where. After a change by hand: `grandsire library inventory`.',
  });
}
