import { blockBytes, ustarFields } from '#src/archive/tar/layout';

/** The plain fields of one header block; texts are views into it. */
export interface UstarBlock {
  readonly typeFlag: string;
  /** `prefix/name`. */
  readonly path: Buffer;
  readonly linkName: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const zeroBlock = Buffer.alloc(blockBytes);

export const isZeroBlock = (block: Buffer): boolean => block[0] === 0 && block.equals(zeroBlock);

/** What a header block says (POSIX.1-2017, pax, "ustar Interchange Format"); a text instead says what is wrong with it. */
export function parseUstarBlock(block: Buffer): UstarBlock | string {
  if (block.toString('latin1', 257, 265) !== 'ustar\0' + '00') return 'there is no POSIX tar header';
  if (octal(block, ustarFields.checksum) !== checksum(block)) return 'the checksum of a tar header is wrong';
  const numbers = {
    mode: octal(block, ustarFields.mode),
    uid: octal(block, ustarFields.uid),
    gid: octal(block, ustarFields.gid),
    size: octal(block, ustarFields.size),
    mtime: octal(block, ustarFields.mtime),
    deviceMajor: octal(block, ustarFields.deviceMajor),
    deviceMinor: octal(block, ustarFields.deviceMinor),
  };
  if (Object.values(numbers).includes(-1)) return 'a number in a tar header is not octal';
  const name = text(block, ustarFields.name);
  const prefix = text(block, ustarFields.prefix);
  return {
    ...numbers,
    typeFlag: String.fromCharCode(block[ustarFields.typeFlag[0]] as number),
    path: prefix.length === 0 ? name : Buffer.concat([prefix, slash, name]),
    linkName: text(block, ustarFields.linkName),
  };
}

const slash = Buffer.from('/');

function text(block: Buffer, [offset, length]: readonly [number, number]): Buffer {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end += 1;
  return block.subarray(offset, end);
}

/** Leading spaces, octal digits, then NUL or space to the end of the field, which may be full of digits; nothing at all is 0. −1: something else. */
function octal(block: Buffer, [offset, length]: readonly [number, number]): number {
  const end = offset + length;
  let at = offset;
  while (at < end && block[at] === 0x20) at += 1;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] as number) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) if (block[at] !== 0 && block[at] !== 0x20) return -1;
  return value;
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function checksum(block: Buffer): number {
  const [start, length] = ustarFields.checksum;
  let sum = 0x20 * length;
  for (let at = 0; at < start; at++) sum += block[at] as number;
  for (let at = start + length; at < blockBytes; at++) sum += block[at] as number;
  return sum;
}
