import { type Generation, generations, isGeneration } from '#drivers/virtual/generation';
import { GrandsireError } from '#src/base/errors';
import { nearestName } from '#src/base/nearest-name';
import { parseSize } from '#src/base/size';
import type { SettingsPlace } from '#src/device/driver';

export interface VirtualLibrarySettings {
  /** Absolute path of the library's folder. */
  readonly path: string;
  readonly drives: number;
  readonly slots: number;
  readonly mailSlots: number;
  /** Of the drives, and of cartridges whose barcode does not say another. */
  readonly generation: Generation;
  /** Data bytes that a cartridge holds; early warning comes before. */
  readonly cartridgeCapacityBytes: number;
  /** INQUIRY texts of the changer and of the drives. */
  readonly vendor: string;
  readonly product: string;
  readonly driveProduct: string;
}

/** The numbers of elements keep the four ranges of element addresses apart. */
const limits = { drives: 127, slots: 32768, mailSlots: 127 } as const;

/** Room for early warning, two blocks of the largest length and 32 KiB: less cannot hold a label and an index. */
const minCapacityBytes = 2 ** 20;
/** MAM counts mebibytes in eight bytes and LOG SENSE in four; real cartridges are far below. */
const maxCapacityBytes = 2 ** 50;

const keys = [
  'path',
  'drives',
  'slots',
  'mailSlots',
  'generation',
  'cartridgeCapacity',
  'vendor',
  'product',
  'driveProduct',
];

/** Checks the settings below a library with `driver: virtual`; throws `config.invalid` naming the key. */
export function parseVirtualSettings(
  settings: Readonly<Record<string, unknown>>,
  place: SettingsPlace,
): VirtualLibrarySettings {
  const invalid = (key: string, problem: string, remedy: string): GrandsireError =>
    new GrandsireError('config.invalid', { message: `${place.describe([key])}: ${problem}.`, remedy });

  for (const key of Object.keys(settings)) {
    if (key === 'driver' || keys.includes(key)) continue;
    const near = nearestName(key, keys);
    throw invalid(
      key,
      `a virtual library has no setting "${key}"`,
      near ? `Did you mean "${near}"?` : `Use ${keys.join(', ')}.`,
    );
  }
  const count = (key: 'drives' | 'slots' | 'mailSlots', fallback: number, least: number): number => {
    const value = settings[key] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= limits[key]) return value;
    throw invalid(
      key,
      `${JSON.stringify(value)} is not a whole number`,
      `Write a number from ${least} to ${limits[key]}.`,
    );
  };
  const text = (key: 'vendor' | 'product' | 'driveProduct', fallback: string, most: number): string => {
    const value = settings[key] ?? fallback;
    if (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) && value.length <= most) return value;
    throw invalid(key, 'not a name that INQUIRY can carry', `Write 1 to ${most} printable ASCII characters.`);
  };

  const { path, generation = 'LTO-9', cartridgeCapacity = '2GiB' } = settings;
  if (typeof path !== 'string' || path === '') {
    throw invalid('path', 'the folder of the virtual library is missing', 'Write `path: ./virtual-library`.');
  }
  if (typeof generation !== 'string' || !isGeneration(generation) || generation === 'LTO-M8') {
    const known = generations.filter((name) => name !== 'LTO-M8');
    throw invalid('generation', `${JSON.stringify(generation)} is not a generation`, `Use one of ${known.join(', ')}.`);
  }
  const capacity =
    typeof cartridgeCapacity === 'number' || typeof cartridgeCapacity === 'string'
      ? parseSize(cartridgeCapacity)
      : undefined;
  if (capacity === undefined || capacity < minCapacityBytes || capacity > maxCapacityBytes) {
    throw invalid(
      'cartridgeCapacity',
      `${JSON.stringify(cartridgeCapacity)} is not a capacity`,
      'Write a size from 1MiB to 1024TiB, for example `cartridgeCapacity: 2GiB`.',
    );
  }
  return {
    path: place.resolve(path),
    drives: count('drives', 1, 1),
    slots: count('slots', 24, 1),
    mailSlots: count('mailSlots', 0, 0),
    generation,
    cartridgeCapacityBytes: capacity,
    vendor: text('vendor', 'GRNDSIRE', 8),
    product: text('product', 'VIRTUAL LIBRARY', 16),
    driveProduct: text('driveProduct', 'VIRTUAL LTO', 16),
  };
}
