import { GrandsireError } from '#src/base/errors';
import { describePlace } from '#src/library/library-address';

export const ambiguousBarcode = (barcode: string, places: readonly string[]): GrandsireError =>
  new GrandsireError('cartridge.ambiguous', {
    message: `${barcode} is on ${places.length} cartridges: ${places.join(', ')}`,
    remedy: `Name the place, for example \`${places[0]}\`, and put another label on one of them.`,
    details: { places },
  });

/** `out`: what is in mail slots by now; `left`: what is not, the first of which found no room. */
export const mailSlotsFull = (
  library: string,
  { out, left }: { readonly out: readonly string[]; readonly left: readonly string[] },
): GrandsireError =>
  new GrandsireError('library.mail-slots-full', {
    message: `library ${library} has no free mail slot for ${left[0]}${out.length > 0 ? `; put out so far: ${out.join(', ')}` : ''}`,
    remedy: `Take out what lies in the mail slots, then run \`grandsire library export ${left.join(' ')}\`.`,
    details: { out, left },
  });

export const notInLibrary = (library: string, barcode: string): GrandsireError =>
  new GrandsireError('cartridge.not-in-library', {
    message: `${barcode} is not in library ${library}`,
    remedy: `Put ${barcode} into a mail slot and run \`grandsire library import\`, then the command again.`,
  });

/** `library`: undefined where none was named. */
export const notInventoried = (library: string | undefined): GrandsireError =>
  new GrandsireError('library.not-inventoried', {
    message: `nobody has looked yet what is in ${library === undefined ? 'any library' : `library ${library}`}`,
    remedy: `Run \`grandsire library inventory${library === undefined ? '' : ` --library ${library}`}\`.`,
  });

export const noSuchPlace = (
  library: string,
  place: { readonly kind: string; readonly number: number },
): GrandsireError =>
  new GrandsireError('library.no-such-place', {
    message: `library ${library} has no ${describePlace(place)}`,
    remedy: 'Run `grandsire library status` to see what it has.',
  });

/** A barcode that the catalog has never met. */
export const unknownCartridge = (barcode: string): GrandsireError =>
  new GrandsireError('cartridge.not-found', {
    message: `no cartridge ${barcode} is known`,
    remedy: 'See which are: `grandsire cartridge list`. After adding one: `grandsire library inventory`.',
  });
