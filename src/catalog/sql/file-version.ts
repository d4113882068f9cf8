import type { DataSetKey } from '#src/catalog/data-sets';
import { entryTypes, type FileVersion } from '#src/catalog/files';
import { joinPath, parseDirectoryKey } from '#src/catalog/sql/directory-key';

/** The columns that every query for versions selects. */
export interface VersionRow {
  readonly directoryKey: Uint8Array;
  readonly name: Uint8Array;
  readonly dataSet: number;
  readonly segment: number;
  readonly offset: number;
  readonly kind: number;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNs: number;
  readonly digest: Uint8Array | null;
}

export const toFileVersion = (row: VersionRow): FileVersion => ({
  path: joinPath(parseDirectoryKey(row.directoryKey), row.name),
  dataSet: row.dataSet as DataSetKey,
  type: entryTypes[row.kind & 7] ?? 'file',
  sizeBytes: row.size,
  mtime: { seconds: row.mtime, nanoseconds: row.mtimeNs },
  sha256: row.digest ?? undefined,
  flags: row.kind >> 3,
  segment: row.segment,
  offset: row.offset,
});
