import { flagByte } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

/** ERASE(6) (SSC-5). `long` erases to the end of the partition, which takes hours; short makes end of data here. */
export interface EraseFields {
  readonly long: boolean;
  readonly immediate?: boolean;
}

export interface EraseCommand extends Required<EraseFields> {
  readonly op: 'erase6';
}

export function encodeErase6Cdb({ long, immediate }: EraseFields): Uint8Array {
  const cdb = newCdb('erase6');
  cdb[1] = flagByte({ 0: long, 1: immediate });
  return cdb;
}

export const parseErase6Cdb = (cdb: Uint8Array): CdbResult<EraseCommand> =>
  readCdb('erase6', cdb, (fields) => ({ op: 'erase6', long: fields.bit(1, 0), immediate: fields.bit(1, 1) }));
