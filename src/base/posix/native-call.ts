import { createRequire } from 'node:module';
import { constants } from 'node:os';

/**
 * Calling the C library, for what Node.js has no name for; the only file that knows `koffi`. Its neighbours name the calls, as POSIX.1-2017 and the Linux manual pages do.
 *
 * - All are synchronous (0.2–2 µs beside the kernel's own time). `koffi` is loaded by the first call (about 15 ms), not by the import.
 * - Paths are bytes without a terminating NUL, or text for its UTF-8 form. A path with a NUL in it is EINVAL, one longer than PATH_MAX ENAMETOOLONG.
 * - A call that fails throws `PosixError`, which carries `code`, `errno` and `syscall` just as errors of `node:fs` do, so that one handler serves both.
 */
export class PosixError extends Error {
  override readonly name = 'PosixError';
  /** `ENOENT`, `EEXIST`, …; `E` and the number where it has no name. */
  readonly code: string;
  /** Negative, as in errors of `node:fs`. */
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = errorNames.get(errno) ?? `E${errno}`;
    super(`${code}: ${syscall} failed`);
    this.code = code;
    this.errno = -errno;
    this.syscall = syscall;
  }
}

export type PathBytes = Uint8Array | string;

const errorNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
// These names share a number with another in the table; the usual ones win.
errorNames.set(constants.errno.EAGAIN, 'EAGAIN');
errorNames.set(constants.errno.EOPNOTSUPP, 'ENOTSUP');

const prototypes = {
  flock: 'int flock(int fd, int operation)',
  lseek: 'int64_t lseek(int fd, int64_t offset, int whence)',
  pread: 'int64_t pread(int fd, void *area, size_t length, int64_t position)',
  close: 'int close(int fd)',
  statx: 'int statx(int fd, const void *path, int flags, unsigned int mask, void *area)',
  openat: 'int openat(int fd, const void *path, int flags, unsigned int mode)',
  mkdirat: 'int mkdirat(int fd, const void *path, unsigned int mode)',
  mknodat: 'int mknodat(int fd, const void *path, unsigned int mode, uint64_t device)',
  symlinkat: 'int symlinkat(const void *target, int fd, const void *path)',
  linkat: 'int linkat(int oldFd, const void *oldPath, int newFd, const void *newPath, int flags)',
  renameat2: 'int renameat2(int oldFd, const void *oldPath, int newFd, const void *newPath, unsigned int flags)',
  unlinkat: 'int unlinkat(int fd, const void *path, int flags)',
  fchownat: 'int fchownat(int fd, const void *path, unsigned int uid, unsigned int gid, int flags)',
  utimensat: 'int utimensat(int fd, const void *path, const void *times, int flags)',
  futimens: 'int futimens(int fd, const void *times)',
  lgetxattr: 'int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)',
  llistxattr: 'int64_t llistxattr(const void *path, void *list, size_t size)',
  setxattr: 'int setxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  removexattr: 'int removexattr(const void *path, const void *name)',
  getxattr: 'int64_t getxattr(const void *path, const void *name, void *value, size_t size)',
  fgetxattr: 'int64_t fgetxattr(int fd, const void *name, void *value, size_t size)',
  flistxattr: 'int64_t flistxattr(int fd, void *list, size_t size)',
  fsetxattr: 'int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)',
} as const;

export type CallName = keyof typeof prototypes;

type NativeCall = (...args: readonly unknown[]) => number;

interface Library {
  readonly errno: () => number;
  readonly bind: (prototype: string) => NativeCall;
}

let library: Library | undefined;
const bound: Partial<Record<CallName, NativeCall>> = {};

function openLibrary(): Library {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  // Without a name: what the process has loaded already, whichever C library that is.
  const libc = koffi.load(null);
  return { errno: () => koffi.errno(), bind: (prototype) => libc.func(prototype) };
}

function bind(name: CallName): NativeCall {
  library ??= openLibrary();
  const call = library.bind(prototypes[name]);
  bound[name] = call;
  return call;
}

/** The call itself, for where gathering arguments as `invoke` does would double its time. −1 says that it failed. */
export function boundCall(name: CallName): NativeCall {
  return bound[name] ?? bind(name);
}

/** Of the call that failed last; means nothing after one that did not. */
export function lastErrno(): number {
  return (library as Library).errno();
}

/** Calls; −1 becomes the number of the error, negated. (errno means nothing after any other result.) */
export function attempt(name: CallName, ...args: readonly unknown[]): number {
  const result = boundCall(name)(...args);
  return result === -1 ? -lastErrno() : result;
}

export function invoke(name: CallName, ...args: readonly unknown[]): number {
  for (;;) {
    const result = attempt(name, ...args);
    if (result >= 0) return result;
    if (result !== -constants.errno.EINTR) throw new PosixError(name, -result);
  }
}

const pathMaximumBytes = 4096;

// Calls are synchronous and the kernel copies strings, so that three areas serve for all of them.
export const firstPath = Buffer.alloc(pathMaximumBytes);
export const secondPath = Buffer.alloc(pathMaximumBytes);
export const attributeName = Buffer.alloc(pathMaximumBytes);

export function terminated(area: Buffer, path: PathBytes, syscall: string): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path, 'utf8') : path;
  const { length } = bytes;
  if (length >= area.length) throw new PosixError(syscall, constants.errno.ENAMETOOLONG);
  // Most are short names, for which this is quicker than two calls into the engine.
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] as number;
    if (byte === 0) throw new PosixError(syscall, constants.errno.EINVAL);
    area[at] = byte;
  }
  area[length] = 0;
  return area;
}

/** Throws the failure of a `boundCall`, unless it is to be made again. */
export function throwUnlessInterrupted(name: CallName): void {
  const errno = lastErrno();
  if (errno !== constants.errno.EINTR) throw new PosixError(name, errno);
}
