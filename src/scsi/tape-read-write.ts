import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

/** The largest TRANSFER LENGTH of READ(6) and WRITE(6): 24 bits. */
export const maximumTransferLength = 0xff_ffff;

export interface TapeTransfer {
  /** FIXED: `transferLength` counts blocks of the block length of the mode parameters; else it is the bytes of one block. */
  readonly fixed: boolean;
  readonly transferLength: number;
}

export interface Read6Command extends TapeTransfer {
  readonly op: 'read6';
  /** SILI: a block of another length is no CHECK CONDITION. */
  readonly suppressIncorrectLength: boolean;
}

export interface Write6Command extends TapeTransfer {
  readonly op: 'write6';
}

export function encodeRead6Cdb({
  fixed,
  transferLength,
  suppressIncorrectLength,
}: TapeTransfer & { readonly suppressIncorrectLength?: boolean }): Uint8Array {
  const cdb = newCdb('read6');
  cdb[1] = flagByte({ 0: fixed, 1: suppressIncorrectLength });
  putField(cdb, 2, 3, transferLength);
  return cdb;
}

/** SILI together with FIXED is 5/24/00 (SSC-5, READ(6), unless the block length in the mode parameters is zero). */
export const parseRead6Cdb = (cdb: Uint8Array): CdbResult<Read6Command> =>
  readCdb('read6', cdb, (fields) => {
    const [fixed, suppressIncorrectLength] = [fields.bit(1, 0), fields.bit(1, 1)];
    if (fixed && suppressIncorrectLength) return invalidField(1, 1);
    return { op: 'read6', fixed, suppressIncorrectLength, transferLength: fields.uint(2, 3) };
  });

export function encodeWrite6Cdb({ fixed, transferLength }: TapeTransfer): Uint8Array {
  const cdb = newCdb('write6');
  cdb[1] = flagByte({ 0: fixed });
  putField(cdb, 2, 3, transferLength);
  return cdb;
}

export const parseWrite6Cdb = (cdb: Uint8Array): CdbResult<Write6Command> =>
  readCdb('write6', cdb, (fields) => ({ op: 'write6', fixed: fields.bit(1, 0), transferLength: fields.uint(2, 3) }));
