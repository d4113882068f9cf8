import { flagByte } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

export interface RewindCommand {
  readonly op: 'rewind';
  /** IMMED: status comes before the medium has moved. */
  readonly immediate: boolean;
}

export function encodeRewindCdb({ immediate = false } = {}): Uint8Array {
  const cdb = newCdb('rewind');
  cdb[1] = flagByte({ 0: immediate });
  return cdb;
}

export const parseRewindCdb = (cdb: Uint8Array): CdbResult<RewindCommand> =>
  readCdb('rewind', cdb, (fields) => ({ op: 'rewind', immediate: fields.bit(1, 0) }));
