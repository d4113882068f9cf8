import { type ByteString, bytesOf, isAscii, joinPath, utf8TextOf } from '#src/archive/byte-string';
import type { MemberPlace } from '#src/archive/segment-placer';
import { escapePath } from '#src/base/bytes';
import { type VersionBatch, versionFlags } from '#src/catalog/files';
import { byteNameJson, encodeVersionRow, type RowValues } from '#src/catalog/version-row';

/** What catalog and index say of one entry. */
export interface VersionInfo extends RowValues {
  readonly directory: ByteString;
  readonly name: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a symbolic link. */
  readonly linkTarget: ByteString;
  /** Of a regular file's content, 64 hexadecimal digits. */
  readonly sha256: string | undefined;
  /** Where the content is: of a hard link, under its first name. */
  readonly place: MemberPlace;
  /** Where its own member is. */
  readonly memberPlace: MemberPlace;
}

/** Versions as the catalog and the index part of a segment take them. */
export interface VersionReport extends VersionBatch {
  /** JSON lines, each ended, as UTF-8. */
  readonly indexLines: Uint8Array;
  /** Of regular files, further names of an inode not counted. */
  readonly contentBytes: number;
  /** The segment in which their members end, and whose index part lists them. */
  readonly partSegment: number;
  /** Their contents lie in several segments: they are whole only when this one, the last, is staged. 0 where none does. */
  readonly holdUntil: number;
}

const digestBytes = 32;
const utf8 = new TextEncoder();
/** Characters that stand for themselves in a JSON string and in an escaped path. */
const plain = /^[ !#-[\]-~]*$/;
const jsonText = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text));

const nameJson = (name: ByteString): string => {
  const text = utf8TextOf(name);
  return text === undefined ? byteNameJson(bytesOf(name)) : jsonText(text);
};

function pathJson(path: ByteString): string {
  if (plain.test(path)) return `"path":"${path}"`;
  const bytes = bytesOf(path);
  const shown = `"path":${JSON.stringify(escapePath(bytes))}`;
  return isAscii(path) || utf8TextOf(path) !== undefined ? shown : `${shown},"pathBytes":"${bytes.toString('base64')}"`;
}

/** Seconds and nine digits of nanoseconds after them; the seconds of a time before 1970 are negative, the nanoseconds never. */
const formatStamp = (seconds: number, nanoseconds: number): string =>
  `${seconds}.${String(nanoseconds).padStart(9, '0')}`;

function indexLine(version: VersionInfo): string {
  const { place, sha256, flags } = version;
  const mtime = formatStamp(version.mtimeSeconds, version.mtimeNanoseconds);
  const ctime = formatStamp(version.ctimeSeconds, version.ctimeNanoseconds);
  let line = `{${pathJson(joinPath(version.directory, version.name))},"type":"${version.type}","mode":${version.mode}`;
  line += `,"uid":${version.uid},"gid":${version.gid},"size":${version.sizeBytes},"mtime":"${mtime}","ctime":"${ctime}"`;
  line += `,"inode":"${version.inode}"`;
  if (version.linkTarget !== '') line += `,"linkTarget":${linkJson(version.linkTarget)}`;
  if (sha256 !== undefined) line += `,"sha256":"${sha256}"`;
  line += `,"segment":${place.segment},"offset":${place.offset}`;
  if (flags & versionFlags.fuzzy) line += ',"fuzzy":true';
  if (flags & versionFlags.hardLink) line += ',"hardLink":true';
  if (flags & versionFlags.young) line += ',"young":true';
  return `${line}}\n`;
}

const linkJson = (target: ByteString): string =>
  plain.test(target) ? `"${target}"` : JSON.stringify(escapePath(bytesOf(target)));

/** The segment that a version has to wait for, since its content begins in one and ends in another. */
export const holdUntil = ({ place }: VersionInfo): number =>
  place.segment === place.endSegment ? 0 : place.endSegment;

/** Rows and index lines of versions whose places are known, and for all of which the same segments matter. */
export function encodeVersions(versions: readonly VersionInfo[]): VersionReport {
  const directories: Uint8Array[] = [];
  const digests = Buffer.alloc(versions.length * digestBytes);
  let rows = '';
  let hasByteNames = false;
  let indexLines = '';
  let contentBytes = 0;
  let directory: ByteString | undefined;
  versions.forEach((version, index) => {
    if (version.directory !== directory) {
      directory = version.directory;
      directories.push(bytesOf(directory));
    }
    if (version.sha256) digests.write(version.sha256, index * digestBytes, 'hex');
    const { place } = version;
    if (version.type === 'file' && !(version.flags & versionFlags.hardLink)) contentBytes += version.sizeBytes;
    const name = nameJson(version.name);
    hasByteNames ||= name.startsWith('[');
    rows += (index === 0 ? '[' : ',') + encodeVersionRow(directories.length - 1, name, version, place);
    indexLines += indexLine(version);
  });
  const [first] = versions;
  // Encoded here, and handed on without a copy: the thread that all of it passes through makes no strings of it.
  const batch = { directories, rows: utf8.encode(`${rows}]`), hasByteNames, rowCount: versions.length, digests };
  const partSegment = first?.memberPlace.endSegment ?? 0;
  return {
    ...batch,
    indexLines: utf8.encode(indexLines),
    contentBytes,
    partSegment,
    holdUntil: first ? holdUntil(first) : 0,
  };
}
