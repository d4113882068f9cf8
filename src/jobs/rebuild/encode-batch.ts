import { isUtf8Text } from '#src/base/bytes';
import { type VersionBatch, versionFlags } from '#src/catalog/files';
import { byteNameJson, encodeVersionRow, type RowValues } from '#src/catalog/version-row';
import type { IndexLine } from '#src/volume/index-line';

export function splitPath(path: Buffer): { directory: Buffer; name: Buffer } {
  const slash = path.lastIndexOf(0x2f);
  return { directory: slash <= 0 ? Buffer.from('/') : path.subarray(0, slash), name: path.subarray(slash + 1) };
}

/** Lines of an index as the catalog takes versions of files. */
export function encodeBatch(lines: readonly IndexLine[]): VersionBatch {
  const directories: Buffer[] = [];
  const digests = new Uint8Array(32 * lines.length);
  let hasByteNames = false;
  const rows = lines.map((line, index) => {
    const { directory, name } = splitPath(line.path);
    if (!directories.at(-1)?.equals(directory)) directories.push(directory);
    if (line.sha256) digests.set(line.sha256, 32 * index);
    const isText = isUtf8Text(name);
    hasByteNames ||= !isText;
    const nameJson = isText ? JSON.stringify(name.toString('utf8')) : byteNameJson(name);
    return encodeVersionRow(directories.length - 1, nameJson, rowValues(line), line);
  });
  return { directories, rows: Buffer.from(`[${rows.join(',')}]`), hasByteNames, rowCount: rows.length, digests };
}

const rowValues = ({ type, sizeBytes, mtime, ctime, inode, ...line }: IndexLine): RowValues => ({
  type,
  flags:
    (line.fuzzy ? versionFlags.fuzzy : 0) |
    (line.hardLink ? versionFlags.hardLink : 0) |
    (line.young ? versionFlags.young : 0),
  sizeBytes,
  mtimeSeconds: mtime.seconds,
  mtimeNanoseconds: mtime.nanoseconds,
  ctimeSeconds: ctime.seconds,
  ctimeNanoseconds: ctime.nanoseconds,
  inode,
});
