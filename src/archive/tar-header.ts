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
function formatPaxTime(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  const whole = -seconds - 1;
  return `-${whole}.${String(1_000_000_000 - nanoseconds).padStart(9, '0')}`;
}

/** `length keyword=value\n`, the length counting its own digits (POSIX.1-2017, pax Extended Header). */
function encodePaxRecord({ keyword, value }: PaxRecord): ByteString {
  const rest = keyword.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${keyword}=${value}\n`;
}

/** Name and prefix field of a path, or undefined where it does not fit: the prefix ends before a slash, and neither part is empty. */
function splitName(path: ByteString): SplitName | undefined {
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

const clamp = (value: number, largest: number): number => (value < 0 ? 0 : Math.min(value, largest));

interface HeaderFields extends Omit<TarMember, 'path' | 'records' | 'mtimeNanoseconds' | 'type'> {
  readonly type: string;
}

interface SplitName {
  readonly name: ByteString;
  readonly prefix: ByteString;
}

const magicAndVersion = 'ustar\u000000';
const checksumOffset = 148;
/** Eight spaces: what the field counts as in its own sum. */
const checksumAsSpaces = 8 * 0x20;

/**
 * Headers are put together here and copied at one go: a call into the runtime for each field, or each byte of a shared memory, would cost more than
 * the rest of a small file's member. Extended header, one block of records, header.
 */
const scratch = new Uint8Array(3 * tarBlockBytes);

function putText(at: number, text: ByteString, most = text.length): void {
  const length = Math.min(most, text.length);
  for (let index = 0; index < length; index += 1) scratch[at + index] = text.charCodeAt(index);
}

function putOctal(at: number, digits: number, value: number): void {
  let rest = value;
  let index = at + digits - 1;
  // Shifts work on 32 bits only.
  for (; rest > 0x3fff_ffff; index -= 1) {
    scratch[index] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
  for (; index >= at; index -= 1) {
    scratch[index] = 0x30 + (rest & 7);
    rest >>>= 3;
  }
}

/** One header block at `start` of the scratch area. User and group names are left out: numbers are what is restored. */
function putHeader(start: number, fields: HeaderFields, { name, prefix }: SplitName): void {
  scratch.fill(0, start, start + tarBlockBytes);
  putText(start, name, nameBytes);
  putOctal(start + 100, 7, fields.mode);
  putOctal(start + 108, 7, clamp(fields.uid, shortOctal));
  putOctal(start + 116, 7, clamp(fields.gid, shortOctal));
  putOctal(start + 124, 11, clamp(fields.sizeBytes, longestOctal));
  putOctal(start + 136, 11, clamp(fields.mtimeSeconds, longestOctal));
  putText(start + 156, fields.type);
  putText(start + 157, fields.linkTarget, nameBytes);
  putText(start + 257, magicAndVersion);
  putOctal(start + 329, 7, clamp(fields.deviceMajor, shortOctal));
  putOctal(start + 337, 7, clamp(fields.deviceMinor, shortOctal));
  putText(start + 345, prefix);
  let sum = checksumAsSpaces;
  for (let at = start; at < start + tarBlockBytes; at += 1) sum += scratch[at] as number;
  // Six octal digits, NUL, space.
  putOctal(start + checksumOffset, 6, sum);
  scratch[start + checksumOffset + 7] = 0x20;
}

function putExtendedHeader(recordBytes: number): void {
  const fields = {
    type: 'x',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: recordBytes,
    mtimeSeconds: 0,
    linkTarget: '',
    deviceMajor: 0,
    deviceMinor: 0,
  };
  putHeader(0, fields, { name: '././@PaxHeader', prefix: '' });
}

/** Length of the records that the extended header in the scratch area is for: most members have records of the same length. */
let extendedHeaderFor = -1;

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
  const split = splitName(member.path) ?? { name: member.path, prefix: '' };
  putHeader(2 * tarBlockBytes, member, split);
  if (records !== '' && records.length !== extendedHeaderFor) {
    putExtendedHeader(records.length);
    extendedHeaderFor = records.length;
  }
  if (records === '') {
    into.set(scratch.subarray(2 * tarBlockBytes), start);
  } else if (records.length <= tarBlockBytes) {
    scratch.fill(0, tarBlockBytes + records.length, 2 * tarBlockBytes);
    putText(tarBlockBytes, records);
    into.set(scratch, start);
  } else {
    into.set(scratch.subarray(0, tarBlockBytes), start);
    into.write(records, start + tarBlockBytes, 'latin1');
    into.fill(0, start + tarBlockBytes + records.length, end - tarBlockBytes);
    into.set(scratch.subarray(2 * tarBlockBytes), end - tarBlockBytes);
  }
  return end;
}
