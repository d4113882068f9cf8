import type { Barcode, CartridgeKind } from '#src/media/facets';
import type { LtoGeneration } from '#src/media/generation';

/** What a barcode tells by itself. What it does not tell, the drive is asked. */
export interface BarcodeFacts {
  /** The six characters before an LTO media id; undefined for another shape. */
  readonly volumeSerial: string | undefined;
  /** Undefined where the shape does not say: most likely data. */
  readonly kind: CartridgeKind | undefined;
  readonly generation: LtoGeneration | undefined;
}

/** The last two of eight characters (LTO bar code label specification). WORM begins with LTO-3. */
const mediaIds: Readonly<Record<string, { readonly generation: LtoGeneration; readonly kind: 'data' | 'worm' }>> = {
  L1: { generation: 'LTO-1', kind: 'data' },
  L2: { generation: 'LTO-2', kind: 'data' },
  L3: { generation: 'LTO-3', kind: 'data' },
  L4: { generation: 'LTO-4', kind: 'data' },
  L5: { generation: 'LTO-5', kind: 'data' },
  L6: { generation: 'LTO-6', kind: 'data' },
  L7: { generation: 'LTO-7', kind: 'data' },
  M8: { generation: 'LTO-M8', kind: 'data' },
  L8: { generation: 'LTO-8', kind: 'data' },
  L9: { generation: 'LTO-9', kind: 'data' },
  LA: { generation: 'LTO-10', kind: 'data' },
  LT: { generation: 'LTO-3', kind: 'worm' },
  LU: { generation: 'LTO-4', kind: 'worm' },
  LV: { generation: 'LTO-5', kind: 'worm' },
  LW: { generation: 'LTO-6', kind: 'worm' },
  LX: { generation: 'LTO-7', kind: 'worm' },
  LY: { generation: 'LTO-8', kind: 'worm' },
  LZ: { generation: 'LTO-9', kind: 'worm' },
  LH: { generation: 'LTO-10', kind: 'worm' },
};

/** Whether a library's reader can have returned this: 1–32 printable ASCII characters, no blank at either end. */
export const isBarcode = (text: string): text is Barcode => /^[\x21-\x7e]([\x20-\x7e]{0,30}[\x21-\x7e])?$/.test(text);

/**
 * What a barcode says of its cartridge. A cleaning cartridge has the media id `CU`, or begins with `CLN` or `CLR` whatever
 * its shape: to take data for a cleaning cartridge costs a cartridge, the other way round costs a drive.
 */
export function parseBarcode(barcode: string): BarcodeFacts {
  const match = /^([A-Z0-9]{6})([A-Z0-9]{2})$/.exec(barcode);
  const [, serial, mediaId = ''] = match ?? [];
  const medium = Object.hasOwn(mediaIds, mediaId) ? mediaIds[mediaId] : undefined;
  const isCleaning = mediaId === 'CU' || /^CL[NR]/.test(barcode);
  const isLtoShape = medium !== undefined || mediaId === 'CU';
  return {
    volumeSerial: isLtoShape ? serial : undefined,
    kind: isCleaning ? 'cleaning' : medium?.kind,
    generation: isCleaning ? undefined : medium?.generation,
  };
}
