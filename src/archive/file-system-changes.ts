import { type ByteString, byteStringOf, bytesOf, joinPath } from '#src/archive/byte-string';
import type { ListDirectory } from '#src/archive/directory-listing';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import type { Exclusion } from '#src/archive/selection';
import type { Deletion } from '#src/archive/thread-messages';
import { isUnreadable } from '#src/archive/unreadable';
import { escapePath } from '#src/base/bytes';
import type { WalkedFileSystem } from '#src/catalog/data-sets';

export interface FileSystemChangesOptions {
  /** Roots and mount points of the earlier run, and the devices that count for them. */
  readonly previousFileSystems: readonly WalkedFileSystem[];
  /** Somebody said that the file systems that are there now are meant. */
  readonly acceptsFileSystems: boolean;
  /** Everything is archived, so that nothing can be missing. */
  readonly isFull: boolean;
  readonly oneFileSystem: boolean;
  readonly roots: readonly ByteString[];
  readonly isExcluded: Exclusion;
  readonly list: ListDirectory;
  readonly warn: (warning: ArchiveWarning) => void;
  readonly deleted: (deletion: Deletion) => void;
}

interface FileSystemAt {
  readonly path: ByteString;
  readonly device: string;
}

/**
 * What became of names that an earlier run knew and a directory lacks: deleted, unless another file system stands in that place now. Then the device
 * of before stays the one that counts, so that the next run does not take them for deleted either.
 */
export class FileSystemChanges {
  readonly #options: FileSystemChangesOptions;
  readonly #before: readonly FileSystemAt[];
  /** Those of before below which something was archived and would be now. */
  readonly #expected: readonly FileSystemAt[];
  readonly #now: FileSystemAt[] = [];
  /** Where the device of before goes on to count. */
  readonly #kept = new Map<ByteString, string>();
  readonly #replaced = new Set<FileSystemAt>();

  constructor(options: FileSystemChangesOptions) {
    this.#options = options;
    this.#before = options.previousFileSystems.map(({ path, device }) => ({ path: byteStringOf(path), device }));
    this.#expected = this.#before.filter(({ path }) => this.#isExpected(path));
  }

  /** The walk came to a root or a mount point. */
  meet(path: ByteString, device: string): void {
    this.#now.push({ path, device });
  }

  /** @param fileSystem on which the directory is now */
  missing({ path, fileSystem }: { readonly path: ByteString; readonly fileSystem: string }, name: ByteString): void {
    const gone = joinPath(path, name);
    const isElsewhere = (other: FileSystemAt): boolean => isAtOrBelow(other.path, gone) && other.device !== fileSystem;
    const before = this.#expected.find(isElsewhere) ?? nearestAbove(this.#before, path);
    if (before === undefined || before.device === fileSystem) {
      this.#options.deleted({ directory: bytesOf(path), name: bytesOf(name) });
      return;
    }
    // A disk may have gone from its mount point, or one may have come in the place of a folder.
    const now = nearestAbove(this.#now, path);
    const at = now && now.path.length > before.path.length ? now.path : before.path;
    if (this.#kept.has(at)) return;
    this.#kept.set(at, before.device);
    this.#warn(
      at,
      `was on device ${before.device} and is on ${fileSystem} now: names missing there are not taken for deleted; ${untilFull}`,
    );
  }

  /** A directory gave way to something else: that is seen, whatever it is on. */
  replaced(directory: ByteString, name: ByteString, fileSystem: string): void {
    this.#options.deleted({ directory: bytesOf(directory), name: bytesOf(name) });
    for (const before of this.#expected) {
      if (!isAtOrBelow(before.path, joinPath(directory, name))) continue;
      this.#replaced.add(before);
      if (before.device === fileSystem) continue;
      this.#warn(before.path, `was on device ${before.device} and is no directory any more: ${onlyOlder}`);
    }
  }

  /** What counts for the next run; called when everything has been walked. */
  settle(): readonly WalkedFileSystem[] {
    for (const before of this.#expected) if (!this.#replaced.has(before)) this.#settleOne(before);
    const all = new Map([...this.#now.map(({ path, device }) => [path, device] as const), ...this.#kept]);
    return [...all].map(([path, device]) => ({ path: bytesOf(path), device }));
  }

  #settleOne({ path, device }: FileSystemAt): void {
    const { isFull, acceptsFileSystems } = this.#options;
    const now = nearestAbove(this.#now, path);
    if (now === undefined || now.device === device || this.#kept.has(path)) return;
    // A disk that is not mounted leaves an empty directory, or none: that is no reason to forget that it is missed.
    const isKept = !acceptsFileSystems && this.#isEmpty(path);
    if (isKept) this.#kept.set(path, device);
    if (isKept || isFull) {
      const what = `was on device ${device} in the last complete run and is on ${now.device} now: ${onlyOlder}`;
      this.#warn(path, isKept ? `${what}; ${untilFull}` : what);
    }
  }

  #isExpected(path: ByteString): boolean {
    const { roots, oneFileSystem, isExcluded } = this.#options;
    if (roots.includes(path)) return true;
    const root = roots.find((candidate) => isAtOrBelow(path, candidate));
    if (root === undefined || oneFileSystem) return false;
    for (let end = path.length; end > root.length; end = path.lastIndexOf('/', end - 1)) {
      if (isExcluded(path.slice(0, end))) return false;
    }
    return true;
  }

  #isEmpty(path: ByteString): boolean {
    try {
      using names = this.#options.list(path);
      for (const _ of names) return false;
      return true;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return true;
    }
  }

  #warn(path: ByteString, what: string): void {
    const bytes = bytesOf(path);
    this.#options.warn({ path: bytes, code: 'file.other-file-system', message: `${escapePath(bytes)} ${what}` });
  }
}

const onlyOlder = 'what it held then is in older data sets only';
const untilFull = 'if that is meant, a full by hand says so';

const isAtOrBelow = (path: ByteString, above: ByteString): boolean =>
  path === above || above === '/' || path.startsWith(`${above}/`);

/** Of several the innermost. */
function nearestAbove(all: readonly FileSystemAt[], path: ByteString): FileSystemAt | undefined {
  let best: FileSystemAt | undefined;
  for (const candidate of all) {
    if (isAtOrBelow(path, candidate.path) && candidate.path.length >= (best?.path.length ?? 0)) best = candidate;
  }
  return best;
}
