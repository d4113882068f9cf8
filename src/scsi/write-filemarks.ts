import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

/** WRITE FILEMARKS(6) (SSC-5). A count of 0 without `immediate` synchronises: the buffer is on the medium before GOOD. */
export interface WriteFilemarksFields {
  /** 0 to 16,777,215. */
  readonly count: number;
  /** IMMED: status comes once the command is checked; nothing is synchronised. */
  readonly immediate?: boolean;
}

export interface WriteFilemarksCommand extends Required<WriteFilemarksFields> {
  readonly op: 'writeFilemarks6';
}

export function encodeWriteFilemarksCdb({ count, immediate }: WriteFilemarksFields): Uint8Array {
  const cdb = newCdb('writeFilemarks6');
  cdb[1] = flagByte({ 0: immediate });
  putField(cdb, 2, 3, count);
  return cdb;
}

export const parseWriteFilemarksCdb = (cdb: Uint8Array): CdbResult<WriteFilemarksCommand> =>
  readCdb('writeFilemarks6', cdb, (fields) => ({
    op: 'writeFilemarks6',
    immediate: fields.bit(1, 0),
    count: fields.uint(2, 3),
  }));
