import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

export interface RequestSenseCommand {
  readonly op: 'requestSense';
  /** DESC: descriptor format is wanted. */
  readonly descriptor: boolean;
  readonly allocationBytes: number;
}

/** The largest sense data there can be is 252 bytes (SPC-5, sense data). The answer is read with `parseSense`. */
export function encodeRequestSenseCdb({ descriptor = false, allocationBytes = 252 } = {}): Uint8Array {
  const cdb = newCdb('requestSense');
  cdb[1] = flagByte({ 0: descriptor });
  putField(cdb, 4, 1, allocationBytes);
  return cdb;
}

export const parseRequestSenseCdb = (cdb: Uint8Array): CdbResult<RequestSenseCommand> =>
  readCdb('requestSense', cdb, (fields) => ({
    op: 'requestSense',
    descriptor: fields.bit(1, 0),
    allocationBytes: fields.uint(4),
  }));
