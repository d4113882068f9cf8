import type { Instant } from '#src/base/clock';
import type { DataSetKey } from '#src/catalog/data-sets';

/** A moment of a file system: whole seconds since 1970 (may be negative) and 0–999,999,999 nanoseconds. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device' | 'socket';

/** Bits of a version's flags. */
export const versionFlags = {
  /** Changed, shrank or grew while it was read. */
  fuzzy: 1,
  /** A further name of an inode: `segment`, `offset`, digest are those of the content under its first name. */
  hardLink: 2,
  /** Its mtime or ctime was less than 2 s old when it was read: a later change may have left the same stamps, so it is read again. */
  young: 4,
} as const;

/**
 * Versions of files on their way into the catalog, in the order of the walk: built by the archiver's workers, handed to SQLite without
 * another look. A transaction takes at most 100 ms: about 10,000 rows.
 */
export interface VersionBatch {
  /** Absolute paths (bytes, `/` first, no trailing slash except the root) of the directories that rows refer to by index. */
  readonly directories: readonly Uint8Array[];
  /** JSON array of rows, each from `encodeVersionRow`, as UTF-8. The root directory itself is directory `/`, name ``. */
  readonly rows: Uint8Array;
  /** Some names in it are `byteNameJson`. */
  readonly hasByteNames: boolean;
  readonly rowCount: number;
  /** SHA-256 of the content, 32 bytes a row in the order of rows; 32 zero bytes where there is none (not a regular file). */
  readonly digests: Uint8Array;
}

export const entryTypes = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'character-device',
  'block-device',
  'socket',
] as const satisfies readonly EntryType[];

export interface VersionWriter {
  /**
   * Resolves when the batches are committed, in their order, several in one transaction; a call after another is taken after it. The caller keeps at
   * most a few calls in flight. Replaces versions of the same name in the same data set. More than 10,000 rows are committed in parts.
   */
  add(...batches: readonly VersionBatch[]): Promise<void>;
  /**
   * Names that are gone, recorded by a run that completed: one for each name missing from its directory. A deletion hides every version of that
   * path *and of everything below it* that an earlier data set holds; versions of the same data set stay visible (a directory that gave way to a file
   * of the same name has a deletion and a version in one data set). `reference` and `selection` apply this rule.
   */
  addDeletions(deletions: readonly { readonly directory: Uint8Array; readonly name: Uint8Array }[]): Promise<void>;
}

/** What the previous run knew of a name: to tell whether it is unchanged. */
export interface ReferenceEntry {
  readonly directory: Uint8Array;
  readonly name: Uint8Array;
  readonly dataSet: DataSetKey;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly mtime: FileTime;
  readonly ctime: FileTime;
  readonly inode: string;
  readonly flags: number;
}

/** A directory, and the name in it to begin with: the empty name is the first. */
export interface ReferencePlace {
  readonly directory: Uint8Array;
  readonly from: Uint8Array;
}

/** Names of one directory in byte order, from a place on. */
export interface ReferencePage {
  readonly entries: readonly ReferenceEntry[];
  /** The name to go on with; undefined where nothing follows. A page may be empty and yet have one. */
  readonly next: Uint8Array | undefined;
}

/** One version, as `find` and `restore` see it. */
export interface FileVersion {
  /** Absolute path, bytes. */
  readonly path: Uint8Array;
  readonly dataSet: DataSetKey;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly mtime: FileTime;
  readonly sha256: Uint8Array | undefined;
  readonly flags: number;
  /** Segment in which its member (the pax header where it has one) begins, and the offset in that segment's payload. */
  readonly segment: number;
  readonly offset: number;
}

export interface FindQuery {
  /** An exact absolute path, a glob over whole paths, or a part of a name; the caller says which. */
  readonly match:
    | { readonly kind: 'path'; readonly path: Uint8Array }
    | { readonly kind: 'glob'; readonly pattern: string }
    | { readonly kind: 'part'; readonly text: Uint8Array };
  readonly backupSet?: string;
  readonly before?: Instant;
  readonly after?: Instant;
  /** Only the newest version of each path. */
  readonly latest?: boolean;
  /** Also versions without a live copy. */
  readonly all?: boolean;
  readonly limit: number;
}

export interface FileRepository {
  openWriter(dataSet: DataSetKey): VersionWriter;
  /**
   * For each of the places, what the chain (as from `DataSetRepository.chain`) holds in that directory from that name on: the newest version of each
   * name, without deleted ones. One call for many directories (a few hundred); in the order asked, names in byte order.
   * A page ends where `limit` rows (versions and deletions of the chain) have been read, but never between the rows of one name; the next begins at its
   * `next`. Pages are read by themselves: they agree as long as the data sets of the chain stay as they are, which complete ones do.
   * Whether a live copy exists is not asked: take the chain of `latestUsable`.
   */
  reference(
    chain: readonly DataSetKey[],
    places: readonly ReferencePlace[],
    limit: number,
  ): Promise<readonly ReferencePage[]>;
  /**
   * Directories at or below a path in which the chain holds anything, page by page, to find those that a walk did not visit. In the order in which a
   * walk meets them that takes names in byte order at every level (a directory before what is below it, `/a/b` before `/a-b`), so that two such
   * sequences can be merged. Directories from which all was deleted are among them. Not inside a transaction.
   */
  directoriesOf(chain: readonly DataSetKey[], below: Uint8Array): AsyncIterable<readonly Uint8Array[]>;
  /** Newest first (by `startedAt` of the data set; `before` and `after` speak of it too, both included), then by path. */
  find(query: FindQuery): Promise<{ readonly versions: readonly FileVersion[]; readonly truncated: boolean }>;
  /**
   * The tree as the chain shows it: for each name at or below the paths the newest version in the chain, deletions left out, ordered by (data set,
   * segment, offset), page by page (bounded memory: sorted on disk). Not inside a transaction.
   */
  selection(chain: readonly DataSetKey[], paths: readonly Uint8Array[]): AsyncIterable<readonly FileVersion[]>;
  /** All versions of one data set whose segments are staged, in order of (segment, offset), page by page. Not inside a transaction. */
  ofDataSet(dataSet: DataSetKey): AsyncIterable<readonly FileVersion[]>;
}
