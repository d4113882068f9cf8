import { typeFlags } from '#src/archive/tar/layout';
import { parseMemberPath } from '#src/archive/tar/member-path';
import { parsePaxNumber, parsePaxRecords, parsePaxTime } from '#src/archive/tar/pax-records';
import type { UstarBlock } from '#src/archive/tar/ustar-block';
import type { EntryType, FileTime } from '#src/catalog/files';

export interface ExtendedAttribute {
  readonly name: Buffer;
  readonly value: Buffer;
}

/** All that a member's headers say. Nothing in it is a view into the stream. */
export interface MemberHeader {
  /** Relative, without `./` before and slashes after it; empty for the root of the tree. Never absolute, never with `.` or `..` or nothing between slashes. */
  readonly path: Buffer;
  /** `hard-link`: a further name of what stands earlier in the stream as `linkTarget`. */
  readonly type: Exclude<EntryType, 'socket'> | 'hard-link';
  /** Of a symbolic link any bytes; of a hard link a path as `path` is. */
  readonly linkTarget: Buffer | undefined;
  /** 0–07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: FileTime;
  readonly atime: FileTime | undefined;
  readonly device: { readonly major: number; readonly minor: number } | undefined;
  /** Size of the file, holes included. */
  readonly sizeBytes: number;
  /** Bytes of data that follow the header, a sparse map included, the padding not. */
  readonly dataBytes: number;
  /** The data begins with a map of the file's regions (GNU sparse format 1.0). */
  readonly sparse: boolean;
  readonly attributes: readonly ExtendedAttribute[];
  /** Text form of POSIX.1e draft 17, clause 23.3. */
  readonly accessAcl: Buffer | undefined;
  readonly defaultAcl: Buffer | undefined;
}

/** −1 would mean "leave it" to chown(2). */
const maximumId = 0xffff_fffe;

const types: Readonly<Record<string, MemberHeader['type']>> = {
  [typeFlags.file]: 'file',
  [typeFlags.hardLink]: 'hard-link',
  [typeFlags.symlink]: 'symlink',
  [typeFlags.characterDevice]: 'character-device',
  [typeFlags.blockDevice]: 'block-device',
  [typeFlags.directory]: 'directory',
  [typeFlags.fifo]: 'fifo',
};

/** What an extended header changes of the plain one. */
export interface Extension {
  path?: Buffer;
  linkTarget?: Buffer;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: FileTime;
  atime?: FileTime;
  sparseMajor?: number;
  sparseMinor?: number;
  sparseName?: Buffer;
  sparseSize?: number;
  attributes: ExtendedAttribute[];
  accessAcl?: Buffer;
  defaultAcl?: Buffer;
}

const noExtension: Extension = { attributes: [] };

/** Puts a plain header and the extended header before it, if there is one, together; a text instead says what is wrong. */
export function parseMemberHeader(block: UstarBlock, extension: Extension = noExtension): MemberHeader | string {
  const type = types[block.typeFlag];
  if (type === undefined) return `a member of unknown type ${JSON.stringify(block.typeFlag)}`;
  const sparse = extension.sparseMajor !== undefined;
  if (sparse && (type !== 'file' || !isWholeSparseExtension(extension)))
    return 'a sparse file of a form other than 1.0';
  const path = parseMemberPath(extension.sparseName ?? extension.path ?? block.path, type === 'directory');
  if (typeof path === 'string') return path;
  const dataBytes = extension.size ?? block.size;
  if (type !== 'file' && dataBytes !== 0) return `a ${type} with ${dataBytes} bytes of data`;
  const linkTarget = parseLinkTarget(type, extension.linkTarget ?? block.linkName);
  if (typeof linkTarget === 'string') return linkTarget;
  const device = type === 'character-device' || type === 'block-device';
  if (device && (block.deviceMajor > 0xfff || block.deviceMinor > 0xfffff))
    return 'a device number that Linux does not have';
  return {
    path,
    type,
    linkTarget,
    mode: block.mode & 0o7777,
    uid: extension.uid ?? block.uid,
    gid: extension.gid ?? block.gid,
    mtime: extension.mtime ?? { seconds: block.mtime, nanoseconds: 0 },
    atime: extension.atime,
    device: device ? { major: block.deviceMajor, minor: block.deviceMinor } : undefined,
    sizeBytes: sparse ? (extension.sparseSize ?? 0) : dataBytes,
    dataBytes,
    sparse,
    attributes: extension.attributes,
    accessAcl: extension.accessAcl,
    defaultAcl: extension.defaultAcl,
  };
}

const isWholeSparseExtension = (extension: Extension): boolean =>
  extension.sparseMajor === 1 &&
  extension.sparseMinor === 0 &&
  extension.sparseName !== undefined &&
  extension.sparseSize !== undefined;

function parseLinkTarget(type: MemberHeader['type'], bytes: Buffer): Buffer | string | undefined {
  if (type === 'hard-link') return parseMemberPath(bytes, false);
  if (type !== 'symlink') return undefined;
  if (bytes.length === 0 || bytes.includes(0)) return 'a symbolic link to nothing';
  return Buffer.from(bytes);
}

/** What the records of an extended header say, copied out of it; a text instead says what is wrong with them. */
export function parseExtension(bytes: Buffer): Extension | string {
  const extension: Extension = { attributes: [] };
  const records = parsePaxRecords(bytes);
  if (typeof records === 'string') return records;
  for (const { keyword, value } of records) {
    if (!apply(extension, keyword, value))
      return `the value of ${JSON.stringify(keyword)} in an extended header is wrong`;
  }
  return extension;
}

const attributePrefix = 'SCHILY.xattr.';

/** False where the value is not one of the keyword's. Unknown keywords say nothing (POSIX.1-2017, pax, "pax Header Block"). */
function apply(extension: Extension, keyword: string, value: Buffer): boolean {
  if (keyword.startsWith(attributePrefix)) {
    const name = decodeAttributeName(keyword.slice(attributePrefix.length));
    if (name.length === 0 || name.length > 255 || name.includes(0)) return false;
    extension.attributes.push({ name, value: Buffer.from(value) });
    return true;
  }
  // A record without a value takes back what was said before (same clause).
  const bytes = value.length === 0 ? undefined : value;
  const field = fields.get(keyword);
  return field === undefined || field(extension, bytes);
}

type Field = (extension: Extension, value: Buffer | undefined) => boolean;

function numberField(
  key: 'size' | 'uid' | 'gid' | 'sparseMajor' | 'sparseMinor' | 'sparseSize',
  maximum: number,
): Field {
  return (extension, value) => {
    const number = value === undefined ? undefined : parsePaxNumber(value, maximum);
    if (number === undefined) delete extension[key];
    else extension[key] = number;
    return value === undefined || number !== undefined;
  };
}

function timeField(key: 'mtime' | 'atime'): Field {
  return (extension, value) => {
    const time = value === undefined ? undefined : parsePaxTime(value);
    if (time === undefined) delete extension[key];
    else extension[key] = time;
    return value === undefined || time !== undefined;
  };
}

function bytesField(key: 'path' | 'linkTarget' | 'sparseName' | 'accessAcl' | 'defaultAcl'): Field {
  return (extension, value) => {
    if (value === undefined) delete extension[key];
    else extension[key] = Buffer.from(value);
    return true;
  };
}

const unsupported: Field = () => false;

const fields: ReadonlyMap<string, Field> = new Map([
  ['path', bytesField('path')],
  ['linkpath', bytesField('linkTarget')],
  ['size', numberField('size', Number.MAX_SAFE_INTEGER)],
  ['uid', numberField('uid', maximumId)],
  ['gid', numberField('gid', maximumId)],
  ['mtime', timeField('mtime')],
  ['atime', timeField('atime')],
  ['SCHILY.acl.access', bytesField('accessAcl')],
  ['SCHILY.acl.default', bytesField('defaultAcl')],
  ['GNU.sparse.major', numberField('sparseMajor', 99)],
  ['GNU.sparse.minor', numberField('sparseMinor', 99)],
  ['GNU.sparse.name', bytesField('sparseName')],
  ['GNU.sparse.realsize', numberField('sparseSize', Number.MAX_SAFE_INTEGER)],
  // The older sparse formats; read as a plain file, such a member would give wrong bytes.
  ['GNU.sparse.map', unsupported],
  ['GNU.sparse.numblocks', unsupported],
  ['GNU.sparse.size', unsupported],
]);

/** `=` ends a keyword, so that GNU tar writes `%3D` for it in the name of an attribute, and `%25` for `%`. */
function decodeAttributeName(keyword: string): Buffer {
  return Buffer.from(
    keyword.replace(/%(3D|25)/g, (_, code: string) => (code === '3D' ? '=' : '%')),
    'latin1',
  );
}
