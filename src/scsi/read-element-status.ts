import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';

/** Element type codes (SMC-3, element types). */
export const elementType = { transport: 1, storage: 2, importExport: 3, drive: 4 } as const;

export type ElementType = keyof typeof elementType;

export function elementTypeOf(code: number): ElementType | undefined {
  return (Object.keys(elementType) as ElementType[]).find((name) => elementType[name] === code);
}

/** READ ELEMENT STATUS (SMC-3). */
export interface ReadElementStatusFields {
  /** Absent: elements of all types. Some targets cannot take that; asking type by type always works. */
  readonly type?: ElementType;
  /** Elements with a lower address are left out. */
  readonly first: ElementAddress;
  /** At most so many descriptors. */
  readonly count: number;
  readonly volumeTags?: boolean;
  /** DVCID: identifiers of the drives. */
  readonly deviceIdentifiers?: boolean;
  /** CURDATA: answer from memory, without moving anything. */
  readonly currentData?: boolean;
  readonly allocationBytes: number;
}

export interface ReadElementStatusCommand extends ReadElementStatusFields {
  readonly op: 'readElementStatus';
  readonly volumeTags: boolean;
  readonly deviceIdentifiers: boolean;
  readonly currentData: boolean;
}

export function encodeReadElementStatusCdb(fields: ReadElementStatusFields): Uint8Array {
  const cdb = newCdb('readElementStatus');
  cdb[1] = (fields.type ? elementType[fields.type] : 0) | flagByte({ 4: fields.volumeTags });
  putField(cdb, 2, 2, fields.first);
  putField(cdb, 4, 2, fields.count);
  cdb[6] = flagByte({ 0: fields.deviceIdentifiers, 1: fields.currentData });
  putField(cdb, 7, 3, fields.allocationBytes);
  return cdb;
}

export const parseReadElementStatusCdb = (cdb: Uint8Array): CdbResult<ReadElementStatusCommand> =>
  readCdb('readElementStatus', cdb, (fields) => {
    const code = fields.bits(1, 3, 0);
    const type = elementTypeOf(code);
    if (code !== 0 && type === undefined) return invalidField(1, 3);
    return {
      op: 'readElementStatus',
      ...(type ? { type } : {}),
      first: elementAddress(fields.uint(2, 2)),
      count: fields.uint(4, 2),
      volumeTags: fields.bit(1, 4),
      deviceIdentifiers: fields.bit(6, 0),
      currentData: fields.bit(6, 1),
      allocationBytes: fields.uint(7, 3),
    };
  });
