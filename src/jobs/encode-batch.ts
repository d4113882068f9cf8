import { isUtf8Text } from '#src/base/bytes';
import { entryTypes, type VersionBatch, versionFlags } from '#src/catalog/files';
import type { IndexLine } from '#src/volume/index-line';

export function splitPath(path: Buffer): { directory: Buffer; name: Buffer } {
  const slash = path.lastIndexOf(0x2f);
  return { directory: slash <= 0 ? Buffer.from('/') : path.subarray(0, slash), name: path.subarray(slash + 1) };
}

/** Lines of an index as the catalog takes versions of files. */
export function encodeBatch(lines: readonly IndexLine[]): VersionBatch {
  const directories: Buffer[] = [];
  const digests = new Uint8Array(32 * lines.length);
  const rows = lines.map((line, index) => {
    const { directory, name } = splitPath(line.path);
    if (!directories.at(-1)?.equals(directory)) directories.push(directory);
    if (line.sha256) digests.set(line.sha256, 32 * index);
    const flags =
      (line.fuzzy ? versionFlags.fuzzy : 0) |
      (line.hardLink ? versionFlags.hardLink : 0) |
      (line.young ? versionFlags.young : 0);
    const { mtime, ctime } = line;
    return [
      directories.length - 1,
      isUtf8Text(name) ? name.toString('utf8') : [name.toString('hex')],
      entryTypes.indexOf(line.type),
      line.sizeBytes,
      mtime.seconds,
      mtime.nanoseconds,
      ctime.seconds,
      ctime.nanoseconds,
      line.inode,
      line.segment,
      line.offset,
      flags,
    ];
  });
  return { directories, rows: JSON.stringify(rows), rowCount: rows.length, digests };
}
