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
  // Most members end here.
  if (nameFits && !longTarget && member.records.length === 0) return records;
  return records + textRecords(member, { nameFits, longTarget });
}

function textRecords(
  member: TarMember,
  { nameFits, longTarget }: { readonly nameFits: boolean; readonly longTarget: boolean },
): ByteString {
  const texts = [nameFits ? '' : member.path, longTarget ? member.linkTarget : ''];
  for (const { keyword, value } of member.records) if (keyword === 'GNU.sparse.name') texts.push(value);
  // Values are UTF-8 unless this record, standing before them, says otherwise; only then, since readers warn about it.
  const isBinary = texts.some((text) => !isAscii(text) && utf8TextOf(text) === undefined);
  const all = isBinary ? [{ keyword: 'hdrcharset', value: 'BINARY' }] : [];
  if (!nameFits) all.push({ keyword: 'path', value: member.path });
  if (longTarget) all.push({ keyword: 'linkpath', value: member.linkTarget });
  return [...all, ...member.records].map(encodePaxRecord).join('');
}

const clamp = (value: number, largest: number): number => (value < 0 ? 0 : Math.min(value, largest));

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

/** Fields of octal digits (POSIX.1-2017, pax, "ustar Header Block"): mode, uid, gid, size, mtime, devmajor, devminor. */
const octalOffsets = Uint16Array.of(100, 108, 116, 124, 136, 329, 337);
const octalDigits = Uint8Array.of(7, 7, 7, 11, 11, 7, 7);
/** Their values in the header that is being put together. */
const octalValues = new Float64Array(octalOffsets.length);

interface HeaderTexts extends SplitName {
  readonly type: string;
  readonly linkTarget: ByteString;
}

/** One header block of `octalValues` and the texts at `start` of the scratch area. User and group names are left out: numbers are what is restored. */
function putHeader(start: number, { name, prefix, type, linkTarget }: HeaderTexts): void {
  scratch.fill(0, start, start + tarBlockBytes);
  putText(start, name, nameBytes);
  for (let field = 0; field < octalValues.length; field += 1) {
    putOctal(start + (octalOffsets[field] as number), octalDigits[field] as number, octalValues[field] as number);
  }
  putText(start + 156, type);
  putText(start + 157, linkTarget, nameBytes);
  putText(start + 257, magicAndVersion);
  putText(start + 345, prefix);
  let sum = checksumAsSpaces;
  for (let at = start; at < start + tarBlockBytes; at += 1) sum += scratch[at] as number;
  // Six octal digits, NUL, space.
  putOctal(start + checksumOffset, 6, sum);
  scratch[start + checksumOffset + 7] = 0x20;
}

function putExtendedHeader(recordBytes: number): void {
  octalValues.fill(0);
  octalValues[0] = 0o644;
  octalValues[3] = recordBytes;
  putHeader(0, { name: '././@PaxHeader', prefix: '', type: 'x', linkTarget: '' });
}

function putOwnHeader(member: TarMember, { name, prefix }: SplitName): void {
  octalValues[0] = member.mode;
  octalValues[1] = clamp(member.uid, shortOctal);
  octalValues[2] = clamp(member.gid, shortOctal);
  octalValues[3] = clamp(member.sizeBytes, longestOctal);
  octalValues[4] = clamp(member.mtimeSeconds, longestOctal);
  octalValues[5] = clamp(member.deviceMajor, shortOctal);
  octalValues[6] = clamp(member.deviceMinor, shortOctal);
  putHeader(2 * tarBlockBytes, { name, prefix, type: member.type, linkTarget: member.linkTarget });
}

/** Length of the records that the extended header in the scratch area is for: most members have records of the same length. */
let extendedHeaderFor = -1;

/** A member's headers, not yet placed: the extended records (empty where none are needed) and the whole length. */
export interface PreparedHeader {
  readonly member: TarMember;
  /** How the path stands in the header itself. */
  readonly split: SplitName;
  readonly records: ByteString;
  readonly lengthBytes: number;
}

export function prepareHeader(member: TarMember): PreparedHeader {
  const split = splitName(member.path);
  const records = extendedRecords(member, split !== undefined);
  const extended = records === '' ? 0 : tarBlockBytes + paddedBytes(records.length);
  return { member, split: split ?? { name: member.path, prefix: '' }, records, lengthBytes: extended + tarBlockBytes };
}

/** Writes extended header, its records and the header at `start`; returns the offset behind them. */
export function putMemberHeader(
  into: Buffer,
  start: number,
  { member, split, records, lengthBytes }: PreparedHeader,
): number {
  const end = start + lengthBytes;
  if (end > into.length) throw bug('a header is longer than the place for it');
  if (records !== '' && records.length !== extendedHeaderFor) {
    putExtendedHeader(records.length);
    extendedHeaderFor = records.length;
  }
  putOwnHeader(member, split);
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
