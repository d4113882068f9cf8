import { type ByteString, isAscii, utf8TextOf } from '#src/archive/byte-string';
import { bug } from '#src/base/errors';

export const tarBlockBytes = 512;

/** Types of members (POSIX.1-2017, pax, "ustar Interchange Format", typeflag). */
export const typeFlags = {
  file: '0',
  hardLink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
} as const;

export type TypeFlag = (typeof typeFlags)[keyof typeof typeFlags];

/** One record of an extended header; the value may hold any bytes, the keyword none of `=`. */
export interface PaxRecord {
  readonly keyword: ByteString;
  readonly value: ByteString;
}

export interface TarMember {
  /** Without the first slash; directories end with one. */
  readonly path: ByteString;
  readonly type: TypeFlag;
  /** The twelve bits of permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow the header, without padding. */
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** Of symbolic and hard links, else empty. */
  readonly linkTarget: ByteString;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Further records: extended attributes, ACLs, the map of a sparse file's header. */
  readonly records: readonly PaxRecord[];
}

const nameBytes = 100;
const prefixBytes = 155;
/** Eleven octal digits: sizes below 8 GiB, times until 2242. */
const longestOctal = 0o77777777777;
/** Seven octal digits. */
const shortOctal = 0o7777777;

export const paddedBytes = (length: number): number => Math.ceil(length / tarBlockBytes) * tarBlockBytes;

/** `seconds` and `nanoseconds` after them as the decimal number of pax; −2 s + 0.5 s is −1.5. */
export function formatPaxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  const whole = -seconds - 1;
  return `-${whole}.${String(1_000_000_000 - nanoseconds).padStart(9, '0')}`;
}

/** `length keyword=value\n`, the length counting its own digits (POSIX.1-2017, pax Extended Header). */
export function encodePaxRecord({ keyword, value }: PaxRecord): ByteString {
  const rest = keyword.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${keyword}=${value}\n`;
}

/** Name and prefix field of a path, or undefined where it does not fit: the prefix ends before a slash, and neither part is empty. */
function splitName(path: ByteString): { readonly name: ByteString; readonly prefix: ByteString } | undefined {
  if (path.length <= nameBytes) return { name: path, prefix: '' };
  if (path.length > nameBytes + prefixBytes + 1) return undefined;
  const slash = path.indexOf('/', path.length - nameBytes - 1);
  if (slash <= 0 || slash > prefixBytes || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

function extendedRecords(member: TarMember, nameFits: boolean): ByteString {
  let records = '';
  const add = (keyword: ByteString, value: ByteString): void => {
    records += encodePaxRecord({ keyword, value });
  };
  if (member.mtimeNanoseconds !== 0 || member.mtimeSeconds < 0 || member.mtimeSeconds > longestOctal) {
    add('mtime', formatPaxTime(member.mtimeSeconds, member.mtimeNanoseconds));
  }
  if (member.sizeBytes > longestOctal) add('size', String(member.sizeBytes));
  if (member.uid > shortOctal) add('uid', String(member.uid));
  if (member.gid > shortOctal) add('gid', String(member.gid));
  const longTarget = member.linkTarget.length > nameBytes;
  const texts = [nameFits ? '' : member.path, longTarget ? member.linkTarget : ''];
  for (const { keyword, value } of member.records) if (keyword === 'GNU.sparse.name') texts.push(value);
  // Values are UTF-8 unless this record, standing before them, says otherwise; only then, since readers warn about it.
  if (texts.some((text) => !isAscii(text) && utf8TextOf(text) === undefined)) add('hdrcharset', 'BINARY');
  if (!nameFits) add('path', member.path);
  if (longTarget) add('linkpath', member.linkTarget);
  for (const record of member.records) records += encodePaxRecord(record);
  return records;
}

function putOctal(block: Buffer, offset: number, digits: number, value: number): void {
  let rest = value;
  for (let at = offset + digits - 1; at >= offset; at -= 1) {
    block[at] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
}

/** Writes the sum of the block's bytes, its own field counting as spaces: six octal digits, NUL, space. */
function putChecksum(block: Buffer, start: number): void {
  block.fill(0x20, start + 148, start + 156);
  let sum = 0;
  for (let at = start; at < start + tarBlockBytes; at += 1) sum += block[at] as number;
  putOctal(block, start + 148, 6, sum);
  block[start + 154] = 0;
}

const clamp = (value: number, largest: number): number => (value < 0 ? 0 : value > largest ? largest : value);

interface HeaderFields extends Omit<TarMember, 'path' | 'records' | 'mtimeNanoseconds' | 'type'> {
  readonly name: ByteString;
  readonly prefix: ByteString;
  readonly type: string;
}

const magicAndVersion = 'ustar\u000000';

function putHeader(into: Buffer, start: number, fields: HeaderFields): void {
  into.fill(0, start, start + tarBlockBytes);
  into.write(fields.name, start, 'latin1');
  putOctal(into, start + 100, 7, fields.mode);
  putOctal(into, start + 108, 7, clamp(fields.uid, shortOctal));
  putOctal(into, start + 116, 7, clamp(fields.gid, shortOctal));
  putOctal(into, start + 124, 11, clamp(fields.sizeBytes, longestOctal));
  putOctal(into, start + 136, 11, clamp(fields.mtimeSeconds, longestOctal));
  into.write(fields.type, start + 156, 'latin1');
  if (fields.linkTarget !== '') into.write(fields.linkTarget, start + 157, nameBytes, 'latin1');
  into.write(magicAndVersion, start + 257, 'latin1');
  putOctal(into, start + 329, 7, clamp(fields.deviceMajor, shortOctal));
  putOctal(into, start + 337, 7, clamp(fields.deviceMinor, shortOctal));
  if (fields.prefix !== '') into.write(fields.prefix, start + 345, 'latin1');
  putChecksum(into, start);
}

const extendedHeaders = new Map<number, Buffer>();

/** The header before extended records: only their length differs, so that most are copied from an earlier one. */
function extendedHeader(recordBytes: number): Buffer {
  const known = extendedHeaders.get(recordBytes);
  if (known) return known;
  const block = Buffer.alloc(tarBlockBytes);
  putHeader(block, 0, {
    name: '././@PaxHeader',
    prefix: '',
    type: 'x',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: recordBytes,
    mtimeSeconds: 0,
    linkTarget: '',
    deviceMajor: 0,
    deviceMinor: 0,
  });
  if (extendedHeaders.size < 1000) extendedHeaders.set(recordBytes, block);
  return block;
}

/** A member's headers, not yet placed: the extended records (empty where none are needed) and the whole length. */
export interface PreparedHeader {
  readonly member: TarMember;
  readonly records: ByteString;
  readonly lengthBytes: number;
}

export function prepareHeader(member: TarMember): PreparedHeader {
  const records = extendedRecords(member, splitName(member.path) !== undefined);
  const extended = records === '' ? 0 : tarBlockBytes + paddedBytes(records.length);
  return { member, records, lengthBytes: extended + tarBlockBytes };
}

/** Writes extended header, its records and the header at `start`; returns the offset behind them. */
export function putMemberHeader(into: Buffer, start: number, { member, records, lengthBytes }: PreparedHeader): number {
  const end = start + lengthBytes;
  if (end > into.length) throw bug('a header is longer than the place for it');
  let at = start;
  if (records !== '') {
    extendedHeader(records.length).copy(into, at);
    at += tarBlockBytes;
    into.write(records, at, 'latin1');
    into.fill(0, at + records.length, end - tarBlockBytes);
    at = end - tarBlockBytes;
  }
  const split = splitName(member.path) ?? { name: member.path.slice(0, nameBytes), prefix: '' };
  putHeader(into, at, { ...member, ...split, linkTarget: member.linkTarget.slice(0, nameBytes) });
  return end;
}

/** The headers of one member by themselves. */
export function encodeMemberHeader(member: TarMember): Buffer {
  const prepared = prepareHeader(member);
  const block = Buffer.alloc(prepared.lengthBytes);
  putMemberHeader(block, 0, prepared);
  return block;
}
