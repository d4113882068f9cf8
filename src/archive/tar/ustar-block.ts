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
  if (!isPosix(block)) return 'there is no POSIX tar header';
  if (octal(block, ustarFields.checksum) !== checksum(block)) return 'the checksum of a tar header is wrong';
  const parsed: UstarBlock = {
    typeFlag: String.fromCharCode(block[ustarFields.typeFlag[0]] as number),
    path: path(block),
    linkName: text(block, ustarFields.linkName),
    mode: octal(block, ustarFields.mode),
    uid: octal(block, ustarFields.uid),
    gid: octal(block, ustarFields.gid),
    size: octal(block, ustarFields.size),
    mtime: octal(block, ustarFields.mtime),
    deviceMajor: octal(block, ustarFields.deviceMajor),
    deviceMinor: octal(block, ustarFields.deviceMinor),
  };
  const { mode, uid, gid, size, mtime, deviceMajor, deviceMinor } = parsed;
  const smallest = Math.min(mode, uid, gid, size, mtime, deviceMajor, deviceMinor);
  return smallest < 0 ? 'a number in a tar header is not octal' : parsed;
}

/** `ustar`, NUL, and version `00`. */
function isPosix(block: Buffer): boolean {
  for (let index = 0; index < magicAndVersion.length; index++) {
    if (block[ustarFields.magic[0] + index] !== magicAndVersion[index]) return false;
  }
  return true;
}

const magicAndVersion = Buffer.from('ustar\u000000', 'latin1');

function path(block: Buffer): Buffer {
  const name = text(block, ustarFields.name);
  if (block[ustarFields.prefix[0]] === 0) return name;
  return Buffer.concat([text(block, ustarFields.prefix), slash, name]);
}

const slash = Buffer.from('/');

const nothing = Buffer.alloc(0);

type Field = readonly [offset: number, length: number];

function text(block: Buffer, field: Field): Buffer {
  const offset = field[0];
  let end = offset;
  while (end < offset + field[1] && block[end] !== 0) end += 1;
  return end === offset ? nothing : block.subarray(offset, end);
}

/** Leading spaces, octal digits, then NUL or space to the end of the field, which may be full of digits; nothing at all is 0. −1: something else. */
function octal(block: Buffer, field: Field): number {
  const end = field[0] + field[1];
  let at = field[0];
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
  const start = ustarFields.checksum[0];
  const length = ustarFields.checksum[1];
  let sum = 0x20 * length;
  for (let at = 0; at < start; at++) sum += block[at] as number;
  for (let at = start + length; at < blockBytes; at++) sum += block[at] as number;
  return sum;
}
