import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

export interface PreventAllowCommand {
  readonly op: 'preventAllow';
  readonly prevent: boolean;
}

export function encodePreventAllowCdb({ prevent }: { readonly prevent: boolean }): Uint8Array {
  const cdb = newCdb('preventAllow');
  cdb[4] = prevent ? 0x01 : 0x00;
  return cdb;
}

/** PREVENT 10b and 11b are obsolete (SPC-5) and refused. */
export const parsePreventAllowCdb = (cdb: Uint8Array): CdbResult<PreventAllowCommand> =>
  readCdb('preventAllow', cdb, (fields) =>
    fields.bit(4, 1) ? invalidField(4, 1) : { op: 'preventAllow', prevent: fields.bit(4, 0) },
  );
