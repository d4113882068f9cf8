import type { Sense } from '#src/scsi/sense';
import { senseKey } from '#src/scsi/sense-key';

/** INVALID COMMAND OPERATION CODE: the device has no such command. */
export const isRefusedOperation = ({ key, asc, ascq }: Sense): boolean =>
  key === senseKey.illegalRequest && asc === 0x20 && ascq === 0x00;

/** INVALID FIELD IN CDB: the device has the command, but not this form of it. */
export const isRefusedField = ({ key, asc, ascq }: Sense): boolean =>
  key === senseKey.illegalRequest && asc === 0x24 && ascq === 0x00;
