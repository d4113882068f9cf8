import { GrandsireError } from '#src/base/errors';

export const ambiguousBarcode = (barcode: string, places: readonly string[]): GrandsireError =>
  new GrandsireError('cartridge.ambiguous', {
    message: `${barcode} is on ${places.length} cartridges: ${places.join(', ')}`,
    remedy: `Name the place, for example \`${places[0]}\`, and put another label on one of them.`,
    details: { places },
  });

export const mailSlotsFull = (library: string, barcode: string): GrandsireError =>
  new GrandsireError('library.mail-slots-full', {
    message: `library ${library} has no free mail slot for ${barcode}`,
    remedy: 'Take out what lies in the mail slots, then run the command again.',
  });

export const notInLibrary = (library: string, barcode: string): GrandsireError =>
  new GrandsireError('cartridge.not-in-library', {
    message: `${barcode} is not in library ${library}`,
    remedy: `Put ${barcode} into a mail slot and run \`grandsire library import\`, then the command again.`,
  });
