import { type ByteString, byteStringOf, bytesOf, joinPath, splitPath } from '#src/archive/byte-string';
import { type ListedName, listDirectory, namesPerRun } from '#src/archive/directory-listing';
import type { FileOperations } from '#src/archive/file-operations';
import { emptyFileStat, type FileStat } from '#src/archive/file-stat';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import type { KnownEntry, Reference } from '#src/archive/reference-reader';
import { createExclusion, type Exclusion, normaliseRoots, type Selection } from '#src/archive/selection';
import type { Deletion } from '#src/archive/thread-messages';
import { isUnchanged } from '#src/archive/unchanged';
import { escapePath } from '#src/base/bytes';
import type { ErrorCode } from '#src/base/error-codes';
import type { WalkedFileSystem } from '#src/catalog/data-sets';

export interface WalkerOptions {
  readonly files: Pick<FileOperations, 'lstat'>;
  readonly selection: Selection;
  /** What an earlier run archived; without it everything is. */
  readonly reference: Reference | undefined;
  /** Inode numbers of this file system do not last. */
  readonly ignoreInode: boolean;
  /** File systems that the earlier run walked. */
  readonly previousFileSystems: readonly WalkedFileSystem[];
  /** Takes entries to be archived, in their order. */
  readonly add: (directory: ByteString, name: ByteString, isFile: boolean) => void;
  readonly warn: (warning: ArchiveWarning) => void;
  readonly deleted: (deletion: Deletion) => void;
  readonly namesPerRun?: number;
}

export interface WalkResult {
  readonly fileSystems: readonly WalkedFileSystem[];
  /** Roots that are missing or cannot be read. */
  readonly failedRoots: readonly Uint8Array[];
}

/** A directory whose subdirectories are being walked. */
interface Level {
  readonly path: ByteString;
  readonly fileSystem: string;
  readonly subdirectories: readonly Subdirectory[];
  next: number;
}

interface Subdirectory {
  readonly name: ByteString;
  /** Its own stamps, or what archives need of it, differ from the reference. */
  readonly isChanged: boolean;
}

/** One directory while its names are gone through. */
interface Visit {
  readonly path: ByteString;
  readonly fileSystem: string;
  readonly subdirectories: Subdirectory[];
  /** The member of the directory itself has been added. */
  isAdded: boolean;
}

/** Longer paths can be made, but neither a task nor the catalog has room for any length. */
const longestPathBytes = 32_768;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

/**
 * Goes through the selected trees depth first: a directory, its files in byte order, then its subdirectories. Only the listings of the directories on
 * the current path are held, and of those only the subdirectories.
 */
export class Walker {
  readonly #options: WalkerOptions;
  readonly #isExcluded: Exclusion;
  readonly #roots: readonly ByteString[];
  readonly #never: ReadonlySet<ByteString>;
  readonly #stat: FileStat = emptyFileStat();
  readonly #fileSystems: WalkedFileSystem[] = [];
  readonly #failedRoots: Uint8Array[] = [];
  readonly #reportedFileSystems = new Set<string>();

  constructor(options: WalkerOptions) {
    this.#options = options;
    this.#isExcluded = createExclusion(options.selection);
    this.#roots = normaliseRoots(options.selection.roots.map(byteStringOf));
    this.#never = new Set(options.selection.never.map(byteStringOf));
  }

  walk(): WalkResult {
    for (const root of this.#roots) this.#walkRoot(root);
    return { fileSystems: this.#fileSystems, failedRoots: this.#failedRoots };
  }

  #walkRoot(root: ByteString): void {
    const stat = this.#stat;
    try {
      this.#options.files.lstat(root, stat);
    } catch (error) {
      const why = isMissing(error) ? 'does not exist' : `cannot be read (${codeOf(error)})`;
      this.#failRoot(root, `${shown(root)} ${why}; what earlier data sets hold of it is not taken for deleted`);
      return;
    }
    const { directory, name } = splitPath(root);
    const known = this.#options.reference && findName(this.#options.reference.entries(directory, []), name);
    const isChanged = known === undefined || !isUnchanged(stat, known, this.#options);
    if (stat.type !== 'directory') {
      if (isChanged) this.#options.add(directory, name, stat.type === 'file');
      return;
    }
    const { fileSystem } = stat;
    this.#fileSystems.push({ path: bytesOf(root), device: fileSystem });
    const levels: Level[] = [];
    this.#enter(levels, { path: root, fileSystem, isChanged, upcoming: [] });
    while (levels.length > 0) this.#step(levels);
  }

  #failRoot(root: ByteString, message: string): void {
    this.#failedRoots.push(bytesOf(root));
    this.#warn(root, 'file.root-missing', message);
  }

  /** Goes on with the next subdirectory of the innermost level. */
  #step(levels: Level[]): void {
    const level = levels.at(-1);
    const subdirectory = level?.subdirectories[level.next];
    if (!level || !subdirectory) {
      levels.pop();
      return;
    }
    level.next += 1;
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
      this.#fileSystems.push({ path: bytesOf(path), device: fileSystem });
      if (this.#options.selection.oneFileSystem) {
        if (subdirectory.isChanged) this.#options.add(level.path, subdirectory.name, false);
        return;
      }
    }
    const upcoming = level.subdirectories
      .slice(level.next, level.next + 31)
      .map(({ name }) => joinPath(level.path, name));
    this.#enter(levels, { path, fileSystem, isChanged: subdirectory.isChanged, upcoming });
  }

  #enter(
    levels: Level[],
    {
      path,
      fileSystem,
      isChanged,
      upcoming,
    }: {
      readonly path: ByteString;
      readonly fileSystem: string;
      readonly isChanged: boolean;
      readonly upcoming: readonly ByteString[];
    },
  ): void {
    const visit: Visit = { path, fileSystem, subdirectories: [], isAdded: false };
    if (isChanged) this.#addDirectory(visit);
    try {
      this.#readNames(visit, upcoming);
    } catch (error) {
      this.#addDirectory(visit);
      if (levels.length === 0) this.#failRoot(path, `${shown(path)} cannot be read (${codeOf(error)})`);
      else this.#warnUnreadable(path, error);
    }
    const { subdirectories } = visit;
    if (subdirectories.length > 0) levels.push({ path, fileSystem, subdirectories, next: 0 });
  }

  #readNames(visit: Visit, upcoming: readonly ByteString[]): void {
    const { reference, namesPerRun: runLength = namesPerRun } = this.#options;
    let runs = 0;
    for (const run of listDirectory(visit.path, runLength)) {
      const isWhole = runs === 0 && run.length < runLength;
      runs += 1;
      if (reference) this.#compareRun(visit, run, { entries: reference.entries(visit.path, upcoming), isWhole });
      else for (const listed of run) this.#addListed(visit, listed);
    }
    const isSplit = runs > 1;
    if (isSplit && reference) this.#findDeletedByName(visit, reference);
  }

  /** Names and the reference, both in byte order, side by side. */
  #compareRun(
    visit: Visit,
    run: readonly ListedName[],
    { entries, isWhole }: { readonly entries: Iterable<KnownEntry>; readonly isWhole: boolean },
  ): void {
    const known = entries[Symbol.iterator]();
    let next = known.next();
    const passOver = (until: ByteString | undefined): void => {
      for (; !next.done && (until === undefined || next.value.name < until); next = known.next()) {
        // The root directory stands in its own table under the empty name.
        if (isWhole && next.value.name !== '') this.#reportDeleted(visit, next.value.name);
      }
    };
    for (const listed of run) {
      passOver(listed.name);
      const match = !next.done && next.value.name === listed.name ? next.value : undefined;
      this.#compareListed(visit, listed, match);
      if (match) next = known.next();
    }
    if (isWhole) passOver(undefined);
  }

  /** For a directory too long to be held: each known name is looked for by itself. */
  #findDeletedByName(visit: Visit, reference: Reference): void {
    for (const { name } of reference.entries(visit.path, [])) {
      try {
        this.#options.files.lstat(joinPath(visit.path, name), this.#stat);
      } catch (error) {
        if (name !== '' && codeOf(error) === 'ENOENT') this.#reportDeleted(visit, name);
      }
    }
  }

  #addListed(visit: Visit, { name, kind }: ListedName): void {
    const path = joinPath(visit.path, name);
    if (!this.#isSelected(path)) return;
    if (kind === 'directory' || (kind === 'unknown' && this.#isDirectory(path))) {
      visit.subdirectories.push({ name, isChanged: true });
    } else {
      this.#options.add(visit.path, name, kind === 'file');
    }
  }

  #compareListed(visit: Visit, { name, kind }: ListedName, known: KnownEntry | undefined): void {
    const path = joinPath(visit.path, name);
    if (!this.#isSelected(path)) return;
    const stat = this.#stat;
    try {
      this.#options.files.lstat(path, stat);
    } catch (error) {
      this.#warnUnreadable(path, error);
      return;
    }
    if (stat.type !== 'directory' && known?.type === 'directory') this.#reportDeleted(visit, name);
    const isChanged = known === undefined || !isUnchanged(stat, known, this.#options);
    if (stat.type === 'directory') {
      visit.subdirectories.push({ name, isChanged });
    } else if (isChanged) {
      // A directory without a member of its own would get the time of extraction from its content.
      this.#addDirectory(visit);
      this.#options.add(visit.path, name, kind === 'file');
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

  #addDirectory(visit: Visit): void {
    if (visit.isAdded) return;
    visit.isAdded = true;
    const { directory, name } = splitPath(visit.path);
    this.#options.add(directory, name, false);
  }

  #reportDeleted(visit: Visit, name: ByteString): void {
    const before = this.#fileSystemBefore(visit.path);
    if (before === undefined || before.device === visit.fileSystem) {
      this.#options.deleted({ directory: bytesOf(visit.path), name: bytesOf(name) });
      return;
    }
    const root = byteStringOf(before.path);
    if (this.#reportedFileSystems.has(root)) return;
    this.#reportedFileSystems.add(root);
    const message = `${shown(root)} was on device ${before.device} and is on ${visit.fileSystem} now: names missing there are not taken for deleted`;
    this.#warn(visit.path, 'file.other-file-system', message);
  }

  /** The file system that the path was on in the earlier run: that of the longest root or mount point above it. */
  #fileSystemBefore(path: ByteString): WalkedFileSystem | undefined {
    let best: WalkedFileSystem | undefined;
    for (const candidate of this.#options.previousFileSystems) {
      const at = byteStringOf(candidate.path);
      const isAbove = path === at || at === '/' || path.startsWith(`${at}/`);
      if (isAbove && at.length >= (best?.path.length ?? 0)) best = candidate;
    }
    return best;
  }

  #warnUnreadable(path: ByteString, error: unknown): void {
    if (codeOf(error) === 'unknown') throw error;
    if (isMissing(error)) this.#warn(path, 'file.vanished', `${shown(path)} vanished before it could be read`);
    else this.#warn(path, 'file.unreadable', `${shown(path)} cannot be read (${codeOf(error)})`);
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
