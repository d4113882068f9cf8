import { flagByte } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

/** Fields of LOAD UNLOAD (SSC-5, LOAD UNLOAD command). */
export interface LoadUnloadFields {
  /** True: load and position at the beginning; false: unload (and eject where the device can). */
  readonly load: boolean;
  readonly immediate?: boolean;
  readonly retension?: boolean;
  /** With an unload: leave the medium at its end. Forbidden together with a load. */
  readonly endOfTape?: boolean;
  /** Load into, or unload to, the hold point (cartridge memory readable, medium not threaded). */
  readonly hold?: boolean;
}

export interface LoadUnloadCommand extends Required<LoadUnloadFields> {
  readonly op: 'loadUnload';
}

export function encodeLoadUnloadCdb({ load, immediate, retension, endOfTape, hold }: LoadUnloadFields): Uint8Array {
  const cdb = newCdb('loadUnload');
  cdb[1] = flagByte({ 0: immediate });
  cdb[4] = flagByte({ 0: load, 1: retension, 2: endOfTape, 3: hold });
  return cdb;
}

export const parseLoadUnloadCdb = (cdb: Uint8Array): CdbResult<LoadUnloadCommand> =>
  readCdb('loadUnload', cdb, (fields) => {
    const [load, endOfTape] = [fields.bit(4, 0), fields.bit(4, 2)];
    if (load && endOfTape) return invalidField(4, 2);
    const hold = fields.bit(4, 3);
    return { op: 'loadUnload', load, endOfTape, hold, immediate: fields.bit(1, 0), retension: fields.bit(4, 1) };
  });
