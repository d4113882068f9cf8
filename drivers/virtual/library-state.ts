import { z } from 'zod';

/** Where a cartridge is: `outside` is any place that the robot cannot reach. */
export type CartridgePlace = `slot:${number}` | `mail:${number}` | `drive:${number}` | 'outside';

/** Threaded: ready for reading. Held: in the drive, not threaded. Ejected: in the drive's mouth, in reach of the robot. */
export type CartridgeSeat = 'threaded' | 'held' | 'ejected';

const placePattern = /^(?:outside|(?:slot|mail|drive):[1-9]\d{0,4})$/;
const count = z.number().int().min(0);
/** Texts that a barcode reader or a cartridge memory can return: printable ASCII. */
const printable = z.string().regex(/^[\x20-\x7e]{1,32}$/);

const cartridgeSchema = z.strictObject({
  place: z.string().regex(placePattern) as unknown as z.ZodType<CartridgePlace>,
  seat: z.enum(['threaded', 'held', 'ejected']).optional(),
  home: (z.string().regex(placePattern) as unknown as z.ZodType<CartridgePlace>).optional(),
  putOut: z.boolean().optional(),
  kind: z.enum(['data', 'worm', 'cleaning']),
  label: printable.nullable().optional(),
  serial: printable,
  capacityBytes: z.number().int().min(1),
  writeProtected: z.boolean(),
  loads: count,
  writtenBytes: count,
  readBytes: count,
  writeSessions: count,
  cleaningsLeft: count.optional(),
  cleaningFailed: z.boolean().optional(),
});

const driveSchema = z.strictObject({
  cleaningRequired: z.boolean(),
  loads: count,
});

export const libraryStateSchema = z.strictObject({
  format: z.literal(1),
  serial: z.string().regex(/^[\x21-\x7e]{1,16}$/),
  drives: z.record(z.string().regex(/^[1-9]\d{0,2}$/), driveSchema),
  cartridges: z.record(z.string().regex(/^[A-Z0-9][A-Z0-9_-]{0,31}$/), cartridgeSchema),
});

/** What `library.json` holds; `docs/drivers/virtual.md` describes each field to operators. */
export type LibraryState = z.infer<typeof libraryStateSchema>;
export type CartridgeRecord = LibraryState['cartridges'][string];
export type DriveRecord = LibraryState['drives'][string];

/** Name of a cartridge's image in `cartridges/`; other files there are not cartridges. */
export const imageNamePattern = /^([A-Z0-9][A-Z0-9_-]{0,31})\.tap$/;

export interface PlaceParts {
  readonly kind: 'slot' | 'mail' | 'drive';
  readonly number: number;
}

export function parsePlace(place: CartridgePlace): PlaceParts | undefined {
  const [kind, number] = place.split(':');
  if (kind !== 'slot' && kind !== 'mail' && kind !== 'drive') return undefined;
  return { kind, number: Number(number) };
}

export const formatPlace = ({ kind, number }: PlaceParts): CartridgePlace => `${kind}:${number}`;

/** What the barcode reader sees: undefined for a label that it cannot read. */
export const barcodeOf = (id: string, record: CartridgeRecord): string | undefined =>
  record.label === null ? undefined : (record.label ?? id);
