import { type ByteString, byteStringOf, bytesOf, joinPath, splitPath } from '#src/archive/byte-string';
import { type ListDirectory, listedKinds } from '#src/archive/directory-listing';
import type { FileOperations } from '#src/archive/file-operations';
import { emptyFileStat, type FileStat } from '#src/archive/file-stat';
import { FileSystemChanges } from '#src/archive/file-system-changes';
import type { TaggedName } from '#src/archive/name-file';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import type { PendingDirectories, PendingLevel } from '#src/archive/pending-directories';
import type { KnownEntry, Reference } from '#src/archive/reference-reader';
import { createExclusion, type Exclusion, normaliseRoots, type Selection } from '#src/archive/selection';
import type { SortedNames } from '#src/archive/sorted-names';
import type { Deletion } from '#src/archive/thread-messages';
import { isUnchanged } from '#src/archive/unchanged';
import { isMissing, isUnreadable, unreadable } from '#src/archive/unreadable';
import { escapePath } from '#src/base/bytes';
import type { ErrorCode } from '#src/base/error-codes';
import type { WalkedFileSystem } from '#src/catalog/data-sets';

export interface WalkerOptions {
  readonly files: Pick<FileOperations, 'lstat'>;
  readonly list: ListDirectory;
  readonly pending: PendingDirectories;
  readonly selection: Selection;
  /** What an earlier run archived; without it everything is. */
  readonly reference: Reference | undefined;
  /** Inode numbers of this file system do not last. */
  readonly ignoreInode: boolean;
  /** File systems that the earlier run walked; for a full one those of the last complete run. */
  readonly previousFileSystems: readonly WalkedFileSystem[];
  /** Those that are there now are meant, whatever was there before. */
  readonly acceptsFileSystems: boolean;
  /** Takes entries to be archived, in their order. */
  readonly add: (directory: ByteString, name: ByteString, isFile: boolean) => void;
  readonly warn: (warning: ArchiveWarning) => void;
  readonly deleted: (deletion: Deletion) => void;
}

export interface WalkResult {
  /** Roots and mount points, and the devices that the next run is to find there. */
  readonly fileSystems: readonly WalkedFileSystem[];
  /** Roots that are missing or cannot be read. */
  readonly failedRoots: readonly Uint8Array[];
}

/** A directory; its subdirectories are added while its names are gone through, and then walked. */
interface Level {
  readonly path: ByteString;
  readonly fileSystem: string;
  readonly subdirectories: PendingLevel;
  /** The member of the directory itself has been added. */
  isAdded: boolean;
}

const directoriesAhead = 31;
/** Longer paths can be made, but neither a task nor the catalog has room for any length. */
const longestPathBytes = 32_768;

/**
 * Goes through the selected trees depth first: a directory, its files in byte order, then its subdirectories. What it holds is bounded, however long
 * directories are and however many.
 */
export class Walker {
  readonly #options: WalkerOptions;
  readonly #isExcluded: Exclusion;
  readonly #roots: readonly ByteString[];
  readonly #never: ReadonlySet<ByteString>;
  readonly #stat: FileStat = emptyFileStat();
  readonly #failedRoots: Uint8Array[] = [];
  readonly #fileSystems: FileSystemChanges;

  constructor(options: WalkerOptions) {
    this.#options = options;
    this.#isExcluded = createExclusion(options.selection);
    this.#roots = normaliseRoots(options.selection.roots.map(byteStringOf));
    this.#never = new Set(options.selection.never.map(byteStringOf));
    this.#fileSystems = new FileSystemChanges({
      ...options,
      isFull: options.reference === undefined,
      oneFileSystem: options.selection.oneFileSystem,
      roots: this.#roots,
      isExcluded: this.#isExcluded,
    });
  }

  walk(): WalkResult {
    for (const root of this.#roots) this.#walkRoot(root);
    return { fileSystems: this.#fileSystems.settle(), failedRoots: this.#failedRoots };
  }

  #walkRoot(root: ByteString): void {
    const stat = this.#stat;
    try {
      this.#options.files.lstat(root, stat);
    } catch (error) {
      const message = isMissing(error) ? `${shown(root)} does not exist` : unreadable(root, error).message;
      this.#failRoot(root, `${message}; what earlier data sets hold of it is not taken for deleted`);
      return;
    }
    const { directory, name } = splitPath(root);
    const known = findName(this.#options.reference?.entries(directory, () => []) ?? [], name);
    const isChanged = known === undefined || !isUnchanged(stat, known, this.#options);
    if (stat.type !== 'directory') {
      if (known?.type === 'directory') this.#fileSystems.replaced(directory, name, stat.fileSystem);
      if (isChanged) this.#options.add(directory, name, stat.type === 'file');
      return;
    }
    const { fileSystem } = stat;
    this.#fileSystems.meet(root, fileSystem);
    const levels: Level[] = [];
    this.#enter(levels, { path: root, fileSystem, isChanged });
    while (levels.length > 0) this.#step(levels);
  }

  #failRoot(root: ByteString, message: string): void {
    this.#failedRoots.push(bytesOf(root));
    this.#warn(root, 'file.root-missing', message);
  }

  /** Goes on with the next subdirectory of the innermost level. */
  #step(levels: Level[]): void {
    const level = levels.at(-1);
    const subdirectory = level?.subdirectories.take();
    if (!level || !subdirectory) {
      levels.pop()?.subdirectories[Symbol.dispose]();
      return;
    }
    const path = joinPath(level.path, subdirectory.name);
    if (this.#roots.includes(path)) return;
    const stat = this.#stat;
    try {
      this.#options.files.lstat(path, stat);
    } catch (error) {
      this.#warnUnreadable(path, error);
      return;
    }
    const { fileSystem } = stat;
    if (fileSystem !== level.fileSystem) {
      this.#fileSystems.meet(path, fileSystem);
      if (this.#options.selection.oneFileSystem) {
        if (subdirectory.isChanged) this.#options.add(level.path, subdirectory.name, false);
        return;
      }
    }
    this.#enter(levels, { path, fileSystem, isChanged: subdirectory.isChanged });
  }

  #enter(
    levels: Level[],
    { path, fileSystem, isChanged }: Pick<Level, 'path' | 'fileSystem'> & { readonly isChanged: boolean },
  ): void {
    const level: Level = { path, fileSystem, subdirectories: this.#options.pending.open(), isAdded: false };
    if (isChanged) this.#addDirectory(level);
    using listing = this.#list(level, levels.length === 0);
    if (listing) {
      if (this.#options.reference) this.#compare(level, listing, this.#known(level, levels.at(-1)));
      else for (const listed of listing) this.#addListed(level, listed);
    }
    levels.push(level);
  }

  /** The names of a directory; undefined where it cannot be read to its end. */
  #list(level: Level, isRoot: boolean): SortedNames | undefined {
    const { path } = level;
    try {
      return this.#options.list(path);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#addDirectory(level);
      if (isRoot) this.#failRoot(path, error.message);
      else this.#warnUnreadable(path, error);
      return undefined;
    }
  }

  #known({ path }: Level, above: Level | undefined): Iterable<KnownEntry> {
    const upcoming = (): readonly ByteString[] =>
      above?.subdirectories.upcoming(directoriesAhead).map((name) => joinPath(above.path, name)) ?? [];
    return this.#options.reference?.entries(path, upcoming) ?? [];
  }

  /** Names and the reference, both in byte order, side by side. */
  #compare(level: Level, listing: Iterable<TaggedName>, reference: Iterable<KnownEntry>): void {
    const known = reference[Symbol.iterator]();
    let next = known.next();
    const passOver = (until: ByteString | undefined): void => {
      for (; !next.done && (until === undefined || next.value.name < until); next = known.next()) {
        // The root directory stands in its own table under the empty name.
        if (next.value.name !== '') this.#fileSystems.missing(level, next.value.name);
      }
    };
    for (const listed of listing) {
      passOver(listed.name);
      const match = !next.done && next.value.name === listed.name ? next.value : undefined;
      this.#compareListed(level, listed, match);
      if (match) next = known.next();
    }
    passOver(undefined);
  }

  #addListed(level: Level, { name, tag }: TaggedName): void {
    const path = joinPath(level.path, name);
    if (!this.#isSelected(path)) return;
    if (tag === listedKinds.directory || (tag === listedKinds.unknown && this.#isDirectory(path))) {
      level.subdirectories.add({ name, isChanged: true });
    } else {
      this.#options.add(level.path, name, tag === listedKinds.file);
    }
  }

  #compareListed(level: Level, { name, tag }: TaggedName, known: KnownEntry | undefined): void {
    const path = joinPath(level.path, name);
    if (!this.#isSelected(path)) return;
    const stat = this.#stat;
    try {
      this.#options.files.lstat(path, stat);
    } catch (error) {
      this.#warnUnreadable(path, error);
      return;
    }
    if (stat.type !== 'directory' && known?.type === 'directory') {
      this.#fileSystems.replaced(level.path, name, stat.fileSystem);
    }
    const isChanged = known === undefined || !isUnchanged(stat, known, this.#options);
    if (stat.type === 'directory') {
      level.subdirectories.add({ name, isChanged });
    } else if (isChanged) {
      // A directory without a member of its own would get the time of extraction from its content.
      this.#addDirectory(level);
      this.#options.add(level.path, name, tag === listedKinds.file);
    }
  }

  #isDirectory(path: ByteString): boolean {
    try {
      this.#options.files.lstat(path, this.#stat);
      return this.#stat.type === 'directory';
    } catch {
      // Whoever archives it will meet the failure again and report it.
      return false;
    }
  }

  #isSelected(path: ByteString): boolean {
    if (this.#isExcluded(path)) return false;
    if (path.length > longestPathBytes) {
      this.#warn(
        path,
        'file.path-too-long',
        `${shown(path.slice(0, 200))}… has ${path.length} bytes, too many to be archived`,
      );
      return false;
    }
    if (!this.#never.has(path)) return true;
    this.#warn(path, 'file.skipped', `${shown(path)} belongs to this program and is not archived into itself`);
    return false;
  }

  #addDirectory(level: Level): void {
    if (level.isAdded) return;
    level.isAdded = true;
    const { directory, name } = splitPath(level.path);
    this.#options.add(directory, name, false);
  }

  #warnUnreadable(path: ByteString, error: unknown): void {
    const { code, message } = isUnreadable(error) ? error : unreadable(path, error);
    this.#warn(path, code, message);
  }

  #warn(path: ByteString, code: ErrorCode, message: string): void {
    this.#options.warn({ path: bytesOf(path), code, message });
  }
}

const shown = (path: ByteString): string => escapePath(bytesOf(path));

function findName(entries: Iterable<KnownEntry>, name: ByteString): KnownEntry | undefined {
  for (const entry of entries) if (entry.name >= name) return entry.name === name ? entry : undefined;
  return undefined;
}
