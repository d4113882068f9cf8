import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';

/**
 * The one cartridge that an operator names: by barcode, or by place (`main/slot:5`) where two carry the same. Throws `cartridge.not-found` and
 * `cartridge.ambiguous`.
 */
export async function findCartridge(
  address: string,
  repositories: Repositories,
  library: string | undefined,
): Promise<CartridgeRecord> {
  const place = /^(?:([a-z][a-z0-9-]{0,31})\/)?(slot|drive|mail):(\d{1,5})$/.exec(address);
  const found = place
    ? (await repositories.cartridges.list()).filter(({ location }) => isAt(location, place, library))
    : await repositories.cartridges.byBarcode(address, library);
  const [record] = found;
  if (record && found.length === 1) return record;
  if (!record) {
    throw new GrandsireError('cartridge.not-found', {
      message: `no cartridge ${address} is known`,
      remedy: 'See which are: grandsire cartridge list. After adding one: grandsire library inventory.',
    });
  }
  const places = found.map(({ library: name, location }) =>
    'number' in location
      ? `${name}/${location.kind === 'mailSlot' ? 'mail' : location.kind}:${location.number}`
      : location.kind,
  );
  throw new GrandsireError('cartridge.ambiguous', {
    message: `${found.length} cartridges carry the barcode ${address}: ${places.join(' and ')}`,
    remedy: `Name the place instead: ${places[0]}. Then give one of them another barcode.${carriedOver(found)}`,
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

function isAt(location: CartridgeRecord['location'], place: RegExpExecArray, library: string | undefined): boolean {
  if (!('number' in location)) return false;
  const [, named, kind, number] = place;
  const wanted = named ?? library;
  return (
    (wanted === undefined || location.library === wanted) &&
    location.kind === (kind === 'mail' ? 'mailSlot' : kind) &&
    location.number === Number(number)
  );
}
