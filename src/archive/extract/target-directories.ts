import { closeSync, constants, openSync } from 'node:fs';
import { alreadyThere, blocked, onTarget, systemCode } from '#src/archive/extract/target-failure';
import { aclAttributes } from '#src/archive/tar/posix-acl';
import { escapePath } from '#src/base/bytes';
import { makeDirectory } from '#src/base/make-directory';
import { getxattr } from '#src/base/posix/extended-attributes';
import { mkdirat, openat, openFlags, unlinkat } from '#src/base/posix/names';

/** A directory at or below the one that is restored to. */
export interface OpenDirectory {
  /** Opened with O_PATH: good for the calls that end in `at`. */
  readonly fd: number;
  /** What is made in it is given ACLs by its default ACL. */
  readonly givesAcls: boolean;
}

/** Where a name is: `shown` is for messages. */
export interface TargetName {
  readonly directory: OpenDirectory;
  readonly name: Buffer;
  readonly shown: string;
}

const directoryFlags = openFlags.path | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const slash = 0x2f;
const keptOpen = 64;

/**
 * The directories that are restored into. Each is reached from the one above by its name alone, opened with O_NOFOLLOW, so that no symbolic link, planted before or
 * restored meanwhile, leads anywhere; what is open stays what it is when names change. Keeps the 64 last used open.
 */
export class TargetDirectories implements Disposable {
  readonly #shown: string;
  readonly #root: OpenDirectory;
  /** By relative path, as latin1 to keep all bytes; the last used last. */
  readonly #open = new Map<string, OpenDirectory>();
  #lastKey = '';
  #last: OpenDirectory;

  /** Makes the directory if it is missing. It may be a symbolic link itself: the operator named it. */
  constructor(directory: string) {
    this.#shown = directory;
    this.#root = onTarget(directory, () => {
      makeDirectory(directory);
      return describe(openSync(directory, openFlags.path | constants.O_DIRECTORY));
    });
    this.#last = this.#root;
  }

  /** For messages: where a relative path is restored to. */
  shown(path: Buffer): string {
    return `${this.#shown}/${escapePath(path)}`;
  }

  /** The directory of a relative path, made with all above it where it is missing, and the name in it. */
  locate(path: Buffer): TargetName {
    const at = path.lastIndexOf(slash);
    const directory = this.open(at < 0 ? '' : path.toString('latin1', 0, at));
    return { directory, name: path.subarray(at + 1), shown: this.shown(path) };
  }

  /** A directory by relative path (latin1), made with all above it where it is missing. */
  open(key: string): OpenDirectory {
    if (key === this.#lastKey) return this.#last;
    const directory = key === '' ? this.#root : this.#descend(key);
    this.#lastKey = key;
    this.#last = directory;
    return directory;
  }

  /**
   * Makes a directory for the owner alone, to be given its metadata at the end; one that exists is taken as it is. With `overwrite` something else in its place is
   * removed first, a symbolic link itself.
   */
  make(path: Buffer, { overwrite }: { readonly overwrite: boolean }): void {
    if (path.length === 0) return;
    const { directory, name, shown } = this.locate(path);
    onTarget(shown, () => {
      if (tryMake(directory.fd, name) || isDirectory(directory.fd, name)) return;
      if (!overwrite) throw alreadyThere(shown);
      unlinkat(directory.fd, name);
      mkdirat(directory.fd, name, 0o700);
    });
  }

  /** The same name with a descriptor of its own, which the caller closes: for use after others were opened. */
  pin({ directory, name, shown }: TargetName): TargetName {
    const fd = onTarget(shown, () => openat(directory.fd, '.', directoryFlags));
    return { directory: { ...directory, fd }, name, shown };
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
    closeSync(this.#root.fd);
  }

  /** From the deepest one above that is open. */
  #descend(key: string): OpenDirectory {
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    let end = key.lastIndexOf('/');
    while (end > 0 && !this.#open.has(key.slice(0, end))) end = key.lastIndexOf('/', end - 1);
    let directory = end > 0 ? this.#descend(key.slice(0, end)) : this.#root;
    for (let from = Math.max(end, 0) + (end > 0 ? 1 : 0); from <= key.length; ) {
      const to = key.indexOf('/', from) < 0 ? key.length : key.indexOf('/', from);
      directory = this.#enter(directory, key.slice(from, to), key.slice(0, to));
      from = to + 1;
    }
    return directory;
  }

  #enter(above: OpenDirectory, name: string, key: string): OpenDirectory {
    const shown = this.shown(Buffer.from(key, 'latin1'));
    const bytes = Buffer.from(name, 'latin1');
    const directory = onTarget(shown, () => describe(openOrMake(above.fd, bytes, shown)));
    this.#open.set(key, directory);
    if (this.#open.size > keptOpen) this.#closeOldest();
    return directory;
  }

  #closeOldest(): void {
    for (const [key, { fd }] of this.#open) {
      this.#open.delete(key);
      closeSync(fd);
      return;
    }
  }
}

const describe = (fd: number): OpenDirectory => ({
  fd,
  givesAcls: getxattr(`/proc/self/fd/${fd}`, aclAttributes.default) !== undefined,
});

/** The descriptor of a directory; where there is none it is made as `mkdir` makes it, since nothing is known of it (yet). */
function openOrMake(above: number, name: Buffer, shown: string): number {
  for (;;) {
    try {
      return openat(above, name, directoryFlags);
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOTDIR' || code === 'ELOOP') throw blocked(shown);
      if (code !== 'ENOENT') throw error;
    }
    tryMake(above, name, 0o777);
  }
}

function tryMake(above: number, name: Buffer, mode = 0o700): boolean {
  try {
    mkdirat(above, name, mode);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isDirectory(above: number, name: Buffer): boolean {
  try {
    closeSync(openat(above, name, directoryFlags));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR' || systemCode(error) === 'ELOOP') return false;
    throw error;
  }
}
