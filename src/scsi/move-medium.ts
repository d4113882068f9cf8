import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';

/** MOVE MEDIUM (SMC-3). */
export interface MoveMediumFields {
  /** Medium transport element; 0 lets the device choose. */
  readonly transport: ElementAddress;
  readonly source: ElementAddress;
  readonly destination: ElementAddress;
  /** Turn the medium over. */
  readonly invert?: boolean;
}

export interface MoveMediumCommand extends Required<MoveMediumFields> {
  readonly op: 'moveMedium';
}

export function encodeMoveMediumCdb({ transport, source, destination, invert }: MoveMediumFields): Uint8Array {
  const cdb = newCdb('moveMedium');
  putField(cdb, 2, 2, transport);
  putField(cdb, 4, 2, source);
  putField(cdb, 6, 2, destination);
  cdb[10] = flagByte({ 0: invert });
  return cdb;
}

export const parseMoveMediumCdb = (cdb: Uint8Array): CdbResult<MoveMediumCommand> =>
  readCdb('moveMedium', cdb, (fields) => ({
    op: 'moveMedium',
    transport: elementAddress(fields.uint(2, 2)),
    source: elementAddress(fields.uint(4, 2)),
    destination: elementAddress(fields.uint(6, 2)),
    invert: fields.bit(10, 0),
  }));
