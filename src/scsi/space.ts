import { bug } from '#src/base/errors';
import { putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

/** What SPACE counts (SSC-5, SPACE(6), CODE field). */
export const spaceCode = { blocks: 0x0, filemarks: 0x1, sequentialFilemarks: 0x2, endOfData: 0x3 } as const;

export type SpaceTarget = keyof typeof spaceCode;

export interface SpaceFields {
  readonly target: SpaceTarget;
  /** Negative goes back; ignored by the device for end of data. SPACE(6) carries 24 bits, SPACE(16) 64, both signed. */
  readonly count: bigint;
}

export interface SpaceCommand extends SpaceFields {
  readonly op: 'space6' | 'space16';
}

export const fitsSpace6 = (count: bigint): boolean => count >= -0x80_0000n && count <= 0x7f_ffffn;

export function encodeSpace6Cdb({ target, count }: SpaceFields): Uint8Array {
  const cdb = newCdb('space6');
  if (!fitsSpace6(count)) throw bug(`SPACE(6) cannot count ${count}`);
  cdb[1] = spaceCode[target];
  putField(cdb, 2, 3, count);
  return cdb;
}

export function encodeSpace16Cdb({ target, count }: SpaceFields): Uint8Array {
  const cdb = newCdb('space16');
  if (count >= 1n << 63n) throw bug(`SPACE(16) cannot count ${count}`);
  cdb[1] = spaceCode[target];
  putField(cdb, 4, 8, count);
  return cdb;
}

const targets: Readonly<Record<number, SpaceTarget>> = {
  0: 'blocks',
  1: 'filemarks',
  2: 'sequentialFilemarks',
  3: 'endOfData',
};

export const parseSpace6Cdb = (cdb: Uint8Array): CdbResult<SpaceCommand> =>
  readCdb('space6', cdb, (fields) => {
    const target = targets[fields.bits(1, 3, 0)];
    return target ? { op: 'space6', target, count: fields.bigInt(2, 3) } : invalidField(1, 3);
  });

/** A parameter list (explicit address) is not supported: PARAMETER LENGTH is reserved here. */
export const parseSpace16Cdb = (cdb: Uint8Array): CdbResult<SpaceCommand> =>
  readCdb('space16', cdb, (fields) => {
    const target = targets[fields.bits(1, 3, 0)];
    return target ? { op: 'space16', target, count: fields.bigInt(4) } : invalidField(1, 3);
  });
