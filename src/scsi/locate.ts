import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

/** Where LOCATE goes (SSC-5, LOCATE(16), DEST_TYPE field). */
const destinationTypes = { object: 0b000, file: 0b001, endOfData: 0b011 } as const;

export type LocateDestination = keyof typeof destinationTypes;

export interface LocateFields {
  readonly destination: LocateDestination;
  /** Logical object identifier (filemarks count) or logical file identifier; 0 for end of data. */
  readonly identifier: bigint;
  /** CP: change to this partition first. */
  readonly partition?: number;
  readonly immediate?: boolean;
}

export interface LocateCommand {
  readonly op: 'locate10' | 'locate16';
  readonly destination: LocateDestination;
  readonly identifier: bigint;
  readonly partition?: number;
  readonly immediate: boolean;
}

/** To a logical object below 2³². BT (device-specific addresses) is never set. */
export function encodeLocate10Cdb({ identifier, partition, immediate }: Omit<LocateFields, 'destination'>): Uint8Array {
  const cdb = newCdb('locate10');
  cdb[1] = flagByte({ 0: immediate, 1: partition !== undefined });
  putField(cdb, 3, 4, identifier);
  putField(cdb, 8, 1, partition ?? 0);
  return cdb;
}

export function encodeLocate16Cdb({ destination, identifier, partition, immediate }: LocateFields): Uint8Array {
  const cdb = newCdb('locate16');
  cdb[1] = (destinationTypes[destination] << 3) | flagByte({ 0: immediate, 1: partition !== undefined });
  putField(cdb, 3, 1, partition ?? 0);
  putField(cdb, 4, 8, identifier);
  return cdb;
}

export const parseLocate10Cdb = (cdb: Uint8Array): CdbResult<LocateCommand> =>
  readCdb('locate10', cdb, (fields) => {
    if (fields.bit(1, 2)) return invalidField(1, 2);
    return {
      op: 'locate10',
      destination: 'object',
      identifier: fields.bigUint(3, 4),
      ...(fields.bit(1, 1) ? { partition: fields.uint(8) } : {}),
      immediate: fields.bit(1, 0),
    };
  });

/** BAM (explicit address mode) is refused: the virtual devices know implicit addresses only. */
export const parseLocate16Cdb = (cdb: Uint8Array): CdbResult<LocateCommand> =>
  readCdb('locate16', cdb, (fields) => {
    if (fields.bit(2, 0)) return invalidField(2, 0);
    const type = fields.bits(1, 5, 3);
    const destination = (Object.keys(destinationTypes) as LocateDestination[]).find(
      (key) => destinationTypes[key] === type,
    );
    if (destination === undefined) return invalidField(1, 5);
    return {
      op: 'locate16',
      destination,
      identifier: fields.bigUint(4),
      ...(fields.bit(1, 1) ? { partition: fields.uint(3) } : {}),
      immediate: fields.bit(1, 0),
    };
  });
