import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

const serviceActions = { short: 0x00, long: 0x06 } as const;

export type ReadPositionForm = keyof typeof serviceActions;

export interface ReadPositionCommand {
  readonly op: 'readPosition';
  readonly form: ReadPositionForm;
}

/** Short form position data (SSC-5, READ POSITION data format, short form): 20 bytes. */
export interface ShortPosition {
  readonly beginningOfPartition: boolean;
  /** EOP: between early warning and the end of the partition. */
  readonly endOfPartition: boolean;
  readonly partition: number;
  /** LOLU (BPU in older standards): the device does not know where it is. The locations are then absent. */
  readonly locationUnknown: boolean;
  /** PERR: a location does not fit 32 bits; ask for the long form. The locations are then absent. */
  readonly overflow: boolean;
  /** BPEW: past programmable early warning. */
  readonly programmableEarlyWarning: boolean;
  /** Number of the next logical object (filemarks count). */
  readonly firstLogicalObject?: bigint;
  /** The next object to go from the buffer to the medium; equal to `firstLogicalObject` when all is on the medium. */
  readonly lastLogicalObject?: bigint;
  /** Absent where LOCU says that it is not known. */
  readonly bufferedObjects?: number;
  /** Absent where BYCU says that it is not known. */
  readonly bufferedBytes?: number;
}

/** Long form position data (SSC-5, READ POSITION data format, long form): 32 bytes. */
export interface LongPosition {
  readonly beginningOfPartition: boolean;
  readonly endOfPartition: boolean;
  readonly programmableEarlyWarning: boolean;
  /** Partition and logical object number; absent where LONU says that they are not known. */
  readonly partition?: number;
  readonly logicalObject?: bigint;
  /** Filemarks between the beginning of the partition and here; absent where MPU says that it is not known. */
  readonly logicalFile?: bigint;
}

export function encodeReadPositionCdb({ form }: { readonly form: ReadPositionForm }): Uint8Array {
  const cdb = newCdb('readPosition');
  cdb[1] = serviceActions[form];
  return cdb;
}

/** Service action 01h (device-specific addresses) and the extended form are refused; so is an allocation length here. */
export const parseReadPositionCdb = (cdb: Uint8Array): CdbResult<ReadPositionCommand> =>
  readCdb('readPosition', cdb, (fields) => {
    const action = fields.bits(1, 4, 0);
    if (action !== serviceActions.short && action !== serviceActions.long) return invalidField(1, 4);
    if (fields.uint(7, 2) !== 0) return invalidField(7);
    return { op: 'readPosition', form: action === serviceActions.long ? 'long' : 'short' };
  });

export function parseShortPosition(data: Uint8Array): ShortPosition & { readonly truncated: boolean } {
  const view = new FieldView(data);
  const [locationUnknown, overflow] = [view.bit(0, 2), view.bit(0, 1)];
  const hasLocation = !locationUnknown && !overflow && view.has(4, 8);
  return {
    beginningOfPartition: view.bit(0, 7),
    endOfPartition: view.bit(0, 6),
    partition: view.uint(1),
    locationUnknown,
    overflow,
    programmableEarlyWarning: view.bit(0, 0),
    ...(hasLocation ? { firstLogicalObject: view.bigUint(4, 4), lastLogicalObject: view.bigUint(8, 4) } : {}),
    ...(!view.bit(0, 5) && view.has(13, 3) ? { bufferedObjects: view.uint(13, 3) } : {}),
    ...(!view.bit(0, 4) && view.has(16, 4) ? { bufferedBytes: view.uint(16, 4) } : {}),
    truncated: data.length < 20,
  };
}

export function encodeShortPosition(position: ShortPosition): Uint8Array {
  const data = new Uint8Array(20);
  const { firstLogicalObject: first, lastLogicalObject: last, bufferedObjects, bufferedBytes } = position;
  const limit = 1n << 32n;
  const overflow = position.overflow || (first ?? 0n) >= limit || (last ?? 0n) >= limit;
  data[0] = flagByte({
    7: position.beginningOfPartition,
    6: position.endOfPartition,
    5: bufferedObjects === undefined,
    4: bufferedBytes === undefined,
    2: position.locationUnknown,
    1: overflow,
    0: position.programmableEarlyWarning,
  });
  putField(data, 1, 1, position.partition);
  if (!overflow && !position.locationUnknown) {
    putField(data, 4, 4, first ?? 0n);
    putField(data, 8, 4, last ?? first ?? 0n);
  }
  putField(data, 13, 3, bufferedObjects ?? 0);
  putField(data, 16, 4, bufferedBytes ?? 0);
  return data;
}

export function parseLongPosition(data: Uint8Array): LongPosition & { readonly truncated: boolean } {
  const view = new FieldView(data);
  return {
    beginningOfPartition: view.bit(0, 7),
    endOfPartition: view.bit(0, 6),
    programmableEarlyWarning: view.bit(0, 0),
    ...(!view.bit(0, 2) && view.has(4, 12) ? { partition: view.uint(4, 4), logicalObject: view.bigUint(8) } : {}),
    ...(!view.bit(0, 3) && view.has(16, 8) ? { logicalFile: view.bigUint(16) } : {}),
    truncated: data.length < 32,
  };
}

export function encodeLongPosition(position: LongPosition): Uint8Array {
  const data = new Uint8Array(32);
  const { partition, logicalObject, logicalFile } = position;
  data[0] = flagByte({
    7: position.beginningOfPartition,
    6: position.endOfPartition,
    3: logicalFile === undefined,
    2: logicalObject === undefined,
    0: position.programmableEarlyWarning,
  });
  if (logicalObject !== undefined) {
    putField(data, 4, 4, partition ?? 0);
    putField(data, 8, 8, logicalObject);
  }
  if (logicalFile !== undefined) putField(data, 16, 8, logicalFile);
  return data;
}
