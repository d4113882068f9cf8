import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { MediumState } from '#src/device/tape-drive';
import type { FirstBlock } from '#src/session/first-block';

/** Where a cartridge is, as operators address it. */
export const nameCartridge = (cartridge: Pick<CartridgeRecord, 'barcode' | 'library' | 'location'>): string =>
  cartridge.location.kind === 'slot'
    ? `cartridge ${cartridge.barcode} (${cartridge.library}/slot:${cartridge.location.number})`
    : `cartridge ${cartridge.barcode}`;

/**
 * Why what lies at the beginning of a cartridge keeps it from being used as the volume that the catalog expects, or undefined where it is that
 * volume. Each is named for what it is (invariant 5); nothing on it was changed.
 */
export function unfitForVolume(
  cartridge: CartridgeRecord,
  expected: { readonly id: string } | undefined,
  found: FirstBlock,
): GrandsireError | undefined {
  const name = nameCartridge(cartridge);
  const look = `Look at it with "grandsire cartridge identify ${cartridge.barcode}".`;
  switch (found.kind) {
    case 'ours':
      if (found.label.volume === expected?.id) {
        if (found.label.barcode === cartridge.barcode) return undefined;
        return new GrandsireError('cartridge.wrong-barcode', {
          message: `${name} carries volume ${found.label.volume}, which was labelled for barcode ${found.label.barcode}`,
          remedy: `Put the right barcode on it, or take it out of the library. ${look}`,
        });
      }
      return new GrandsireError('cartridge.wrong-volume', {
        message: expected
          ? `${name} should carry volume ${expected.id} and carries ${found.label.volume} (labelled for ${found.label.barcode})`
          : `${name} carries volume ${found.label.volume} (labelled for ${found.label.barcode}), which this catalog does not know`,
        remedy: expected
          ? `It is another cartridge under this barcode: take it out and put the right one in. ${look}`
          : `Its content is protected until "grandsire catalog rebuild ${cartridge.barcode}" has read it.`,
        details: { expected: expected?.id ?? null, found: found.label.volume },
      });
    case 'newer-format':
      return new GrandsireError('cartridge.newer-format', {
        message: `${name} is written in version ${found.version} of the format, which this program does not know`,
        remedy: 'Use the version of Grandsire that wrote it, or a later one.',
      });
    case 'blank':
      if (!expected) {
        return new GrandsireError('cartridge.unlabelled', {
          message: `${name} is blank, as the catalog has it`,
          remedy: `Label it first: grandsire cartridge label ${cartridge.barcode}.`,
        });
      }
      return new GrandsireError('cartridge.unexpectedly-blank', {
        message: `${name} is blank, and the catalog says that volume ${expected.id} is on it`,
        remedy: `Another cartridge may carry this barcode, or it was erased. ${look}`,
      });
    case 'foreign':
      return new GrandsireError('cartridge.foreign', {
        message: `${name} holds something that Grandsire did not write (first block: ${found.firstBlockBytes ?? 'more than 4 MiB of'} bytes)`,
        remedy: `It is left as it is. ${look} To use it all the same, erase it on the machine that wrote it.`,
      });
    case 'damaged-label':
      return new GrandsireError('cartridge.damaged-label', {
        message: `${name} has a label that cannot be understood: ${found.reason}`,
        remedy: `It is not written to. Its tape files can still be read: grandsire cartridge read ${cartridge.barcode} --file 1.`,
      });
    case 'unreadable':
      return new GrandsireError('cartridge.unreadable', {
        message: `${name} cannot be read at its beginning: ${found.reason}`,
        remedy: 'Clean the drive and try another drive; if that does not help, retire the cartridge.',
      });
  }
}

/**
 * Another cartridge than the one that was labelled, though what lies on it fits: a copy, or a blank one in its place. Undefined where they agree, or one of the two
 * serial numbers is not known.
 */
export function unfitForSerial(
  cartridge: CartridgeRecord,
  { mediumSerial }: Pick<MediumState, 'mediumSerial'>,
): GrandsireError | undefined {
  const { barcode, serial } = cartridge;
  if (serial === undefined || mediumSerial === undefined || mediumSerial === serial) return undefined;
  return new GrandsireError('cartridge.wrong-serial', {
    message: `${nameCartridge(cartridge)} has the serial number ${mediumSerial}, and the one that was labelled under this barcode has ${serial}`,
    remedy:
      'It is another cartridge under this barcode: take it out and put the right one in, and have it looked at: ' +
      `grandsire cartridge identify ${barcode}. If this one is to stand in its place for good: grandsire catalog rebuild ${barcode}.`,
    details: { expected: serial, found: mediumSerial },
  });
}

/** Cartridges that no data is ever written to, by what they are. */
export function unfitByKind(cartridge: CartridgeRecord): GrandsireError | undefined {
  const name = nameCartridge(cartridge);
  if (cartridge.kind === 'cleaning') return cleaningError(cartridge);
  if (cartridge.condition === 'retired' || cartridge.condition === 'damaged') {
    return new GrandsireError('cartridge.retired', {
      message: `${name} is ${cartridge.condition}${cartridge.conditionReason ? `: ${cartridge.conditionReason}` : ''}`,
      remedy: 'It can still be read. Use another cartridge for writing.',
    });
  }
  return undefined;
}

/** `said`: by the drive, when it refused to write. */
export const writeProtectedError = (cartridge: CartridgeRecord, said?: string): GrandsireError =>
  new GrandsireError('cartridge.write-protected', {
    message: `${nameCartridge(cartridge)} is write-protected${said === undefined ? '' : `: ${said}`}`,
    remedy: `If it may be written to, move its write-protect switch, then have it looked at: grandsire cartridge identify ${cartridge.barcode}.`,
  });

export const cleaningError = (cartridge: CartridgeRecord): GrandsireError =>
  new GrandsireError('cartridge.cleaning', {
    message: `${nameCartridge(cartridge)} is a cleaning cartridge`,
    remedy: 'Name a data cartridge: "grandsire cartridge list" shows them.',
  });
