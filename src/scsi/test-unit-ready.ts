import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

export interface TestUnitReadyCommand {
  readonly op: 'testUnitReady';
}

export const encodeTestUnitReadyCdb = (): Uint8Array => newCdb('testUnitReady');

export const parseTestUnitReadyCdb = (cdb: Uint8Array): CdbResult<TestUnitReadyCommand> =>
  readCdb('testUnitReady', cdb, () => ({ op: 'testUnitReady' }));
