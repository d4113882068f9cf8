import { createRequire } from 'node:module';
import { constants } from 'node:os';

/**
 * The system calls that Node.js has no name for, by the names of POSIX.1-2017 and the Linux manual pages; the only file that knows `koffi`.
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

/** Whole seconds since 1970, may be negative, and 0–999,999,999 nanoseconds after them. */
export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** In the place of a directory's descriptor: relative paths start at the working directory (`AT_FDCWD`). */
export const workingDirectory = -100;

/** `open` flags that `node:fs` lacks. O_PATH and O_CLOEXEC have these values on all architectures that Node.js runs on under Linux. */
export const openFlags = { path: 0o10000000, closeOnExec: 0o2000000 } as const;

const errorNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
// These names share a number with another in the table; the usual ones win.
errorNames.set(constants.errno.EAGAIN, 'EAGAIN');
errorNames.set(constants.errno.EOPNOTSUPP, 'ENOTSUP');

const flags = {
  atSymlinkNoFollow: 0x100,
  atRemoveDirectory: 0x200,
  atNoAutomount: 0x800,
  atEmptyPath: 0x1000,
  renameNoReplace: 1,
  seekData: 3,
  seekHole: 4,
} as const;

const lockOperations = { shared: 1, exclusive: 2, unlock: 8 } as const;
const lockNonblocking = 4;

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
  lsetxattr: 'int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  setxattr: 'int setxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  removexattr: 'int removexattr(const void *path, const void *name)',
  getxattr: 'int64_t getxattr(const void *path, const void *name, void *value, size_t size)',
  lremovexattr: 'int lremovexattr(const void *path, const void *name)',
  fgetxattr: 'int64_t fgetxattr(int fd, const void *name, void *value, size_t size)',
  flistxattr: 'int64_t flistxattr(int fd, void *list, size_t size)',
  fsetxattr: 'int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)',
} as const;

type CallName = keyof typeof prototypes;

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

/** Calls; −1 becomes the number of the error, negated. (errno means nothing after any other result.) */
function attempt(name: CallName, ...args: readonly unknown[]): number {
  const result = (bound[name] ?? bind(name))(...args);
  return result === -1 ? -(library as Library).errno() : result;
}

function invoke(name: CallName, ...args: readonly unknown[]): number {
  for (;;) {
    const result = attempt(name, ...args);
    if (result >= 0) return result;
    if (result !== -constants.errno.EINTR) throw new PosixError(name, -result);
  }
}

const pathMaximumBytes = 4096;

// Calls are synchronous and the kernel copies strings, so that three areas serve for all of them.
const firstPath = Buffer.alloc(pathMaximumBytes);
const secondPath = Buffer.alloc(pathMaximumBytes);
const attributeName = Buffer.alloc(pathMaximumBytes);

function terminated(area: Buffer, path: PathBytes, syscall: string): Buffer {
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

const timesArea = new DataView(new ArrayBuffer(32));
const timesBytes = new Uint8Array(timesArea.buffer);

/** Two `struct timespec` of a 64-bit Linux, little-endian. */
function encodeTimes(atime: Timespec, mtime: Timespec): Uint8Array {
  putTime(0, atime);
  putTime(16, mtime);
  return timesBytes;
}

function putTime(offset: number, { seconds, nanoseconds }: Timespec): void {
  timesArea.setInt32(offset, seconds, true);
  timesArea.setInt32(offset + 4, Math.floor(seconds / 2 ** 32), true);
  timesArea.setInt32(offset + 8, nanoseconds, true);
}

/**
 * Takes or gives back the advisory lock of an open file description (flock(2)); the kernel frees it at the last close, so also at death. With `nonblocking`
 * false when somebody else holds it; without, the whole thread waits.
 */
export function flock(
  fd: number,
  operation: keyof typeof lockOperations,
  { nonblocking = false }: { readonly nonblocking?: boolean } = {},
): boolean {
  for (;;) {
    const result = attempt('flock', fd, lockOperations[operation] | (nonblocking ? lockNonblocking : 0));
    if (result >= 0) return true;
    if (nonblocking && result === -constants.errno.EAGAIN) return false;
    if (result !== -constants.errno.EINTR) throw new PosixError('flock', -result);
  }
}

/** The first byte at or after `offset` that is not in a hole; undefined where only a hole, or nothing, follows. Moves the file's position. */
export function seekData(fd: number, offset: number): number | undefined {
  return seek(fd, offset, flags.seekData);
}

/** The first byte at or after `offset` that is in a hole, the end of the file counting as one; undefined at or behind the end. Moves the file's position. */
export function seekHole(fd: number, offset: number): number | undefined {
  return seek(fd, offset, flags.seekHole);
}

function seek(fd: number, offset: number, whence: number): number | undefined {
  const result = attempt('lseek', fd, offset, whence);
  if (result >= 0) return result;
  if (result === -constants.errno.ENXIO) return undefined;
  throw new PosixError('lseek', -result);
}

/** `openFlags`, or `constants` of `node:fs`; O_CLOEXEC is always added. */
export function openat(directory: number, path: PathBytes, openFlag: number, mode = 0): number {
  const call = bound.openat ?? bind('openat');
  const bytes = terminated(firstPath, path, 'openat');
  for (;;) {
    const result = call(directory, bytes, openFlag | openFlags.closeOnExec, mode);
    if (result !== -1) return result;
    throwUnlessInterrupted('openat');
  }
}

export function mkdirat(directory: number, path: PathBytes, mode: number): void {
  invoke('mkdirat', directory, terminated(firstPath, path, 'mkdirat'), mode);
}

/** `mode` with the type in it: S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK, S_IFREG. The umask applies. */
export function mknodat(
  directory: number,
  path: PathBytes,
  mode: number,
  device: { readonly major: number; readonly minor: number } = { major: 0, minor: 0 },
): void {
  invoke('mknodat', directory, terminated(firstPath, path, 'mknodat'), mode, encodeDevice(device.major, device.minor));
}

/** `makedev` of the C library: 12 + 20 bits of major and 8 + 24 bits of minor, interleaved. */
function encodeDevice(major: number, minor: number): bigint {
  const wideMajor = BigInt(major);
  const wideMinor = BigInt(minor);
  return (
    ((wideMajor & 0xfffn) << 8n) | ((wideMajor & ~0xfffn) << 32n) | (wideMinor & 0xffn) | ((wideMinor & ~0xffn) << 12n)
  );
}

/** Major and minor number of `Stats.rdev`. */
export function decodeDevice(device: number | bigint): { readonly major: number; readonly minor: number } {
  const wide = BigInt(device);
  return {
    major: Number(((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn)),
    minor: Number((wide & 0xffn) | ((wide >> 12n) & ~0xffn & 0xffffffffn)),
  };
}

export function symlinkat(target: PathBytes, directory: number, path: PathBytes): void {
  invoke('symlinkat', terminated(firstPath, target, 'symlinkat'), directory, terminated(secondPath, path, 'symlinkat'));
}

/** A name in a directory that is open. */
export interface DirectoryEntry {
  readonly directory: number;
  readonly name: PathBytes;
}

/** A further name; a symbolic link at `from` is linked itself, not followed. */
export function linkat(from: DirectoryEntry, to: DirectoryEntry): void {
  const oldPath = terminated(firstPath, from.name, 'linkat');
  invoke('linkat', from.directory, oldPath, to.directory, terminated(secondPath, to.name, 'linkat'), 0);
}

/** With `replace: false` an existing `to` is EEXIST, and EINVAL where the file system cannot promise that. */
export function renameat(from: DirectoryEntry, to: DirectoryEntry, { replace }: { readonly replace: boolean }): void {
  const oldPath = terminated(firstPath, from.name, 'renameat2');
  const newPath = terminated(secondPath, to.name, 'renameat2');
  invoke('renameat2', from.directory, oldPath, to.directory, newPath, replace ? 0 : flags.renameNoReplace);
}

/** `kind` says which of unlink and rmdir is meant. */
export function unlinkat(directory: number, path: PathBytes, kind: 'file' | 'directory' = 'file'): void {
  const flag = kind === 'directory' ? flags.atRemoveDirectory : 0;
  invoke('unlinkat', directory, terminated(firstPath, path, 'unlinkat'), flag);
}

/** Owner of what `fd` is, which may have been opened with O_PATH (`node:fs` refuses those). */
export function fchown(fd: number, uid: number, gid: number): void {
  invoke('fchownat', fd, terminated(firstPath, '', 'fchownat'), uid, gid, flags.atEmptyPath);
}

/** Times of a name to the nanosecond; a symbolic link at its end is meant itself. */
export function lutimens(path: PathBytes, atime: Timespec, mtime: Timespec): void {
  const bytes = terminated(firstPath, path, 'utimensat');
  invoke('utimensat', workingDirectory, bytes, encodeTimes(atime, mtime), flags.atSymlinkNoFollow);
}

/** As `lutimens`, but a symbolic link at the end of the path is followed: for `/proc/self/fd/N`. */
export function utimens(path: PathBytes, atime: Timespec, mtime: Timespec): void {
  invoke('utimensat', workingDirectory, terminated(firstPath, path, 'utimensat'), encodeTimes(atime, mtime), 0);
}

/** Times of an open file to the nanosecond. */
export function futimens(fd: number, atime: Timespec, mtime: Timespec): void {
  invoke('futimens', fd, encodeTimes(atime, mtime));
}

// 64 KiB is the kernel's limit of a value and of a list of names (XATTR_SIZE_MAX, XATTR_LIST_MAX).
let attributeArea: Buffer | undefined;

function attributeResult(name: CallName, absent: number, call: (area: Buffer) => number): Buffer | undefined {
  attributeArea ??= Buffer.alloc(65_536);
  const length = call(attributeArea);
  if (length >= 0) return attributeArea.subarray(0, length);
  if (length === -absent || length === -constants.errno.EOPNOTSUPP) return undefined;
  throw new PosixError(name, -length);
}

function parseNames(list: Buffer | undefined): readonly Buffer[] {
  if (list === undefined || list.length === 0) return noNames;
  const names: Buffer[] = [];
  for (let start = 0; start < list.length; ) {
    const end = list.indexOf(0, start);
    if (end < 0) break;
    names.push(Buffer.from(list.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

const noNames: readonly Buffer[] = [];

/** Names of the extended attributes of a path, a symbolic link at its end not followed; none where the file system has no such thing. */
export function llistxattr(path: PathBytes): readonly Buffer[] {
  const bytes = terminated(firstPath, path, 'llistxattr');
  return parseNames(
    attributeResult('llistxattr', constants.errno.EOPNOTSUPP, (area) =>
      attempt('llistxattr', bytes, area, area.length),
    ),
  );
}

/** As `llistxattr`, of an open file. */
export function flistxattr(fd: number): readonly Buffer[] {
  return parseNames(
    attributeResult('flistxattr', constants.errno.EOPNOTSUPP, (area) => attempt('flistxattr', fd, area, area.length)),
  );
}

/** An attribute's value, a symbolic link at the path's end not followed; undefined where there is none. */
export function lgetxattr(path: PathBytes, name: PathBytes): Buffer | undefined {
  const bytes = terminated(firstPath, path, 'lgetxattr');
  const key = terminated(attributeName, name, 'lgetxattr');
  const value = attributeResult('lgetxattr', constants.errno.ENODATA, (area) =>
    attempt('lgetxattr', bytes, key, area, area.length),
  );
  return value === undefined ? undefined : Buffer.from(value);
}

/** As `lgetxattr`, but a symbolic link at the end of the path is followed: for `/proc/self/fd/N`. */
export function getxattr(path: PathBytes, name: PathBytes): Buffer | undefined {
  const bytes = terminated(firstPath, path, 'getxattr');
  const key = terminated(attributeName, name, 'getxattr');
  const value = attributeResult('getxattr', constants.errno.ENODATA, (area) =>
    attempt('getxattr', bytes, key, area, area.length),
  );
  return value === undefined ? undefined : Buffer.from(value);
}

/** As `lgetxattr`, of an open file. */
export function fgetxattr(fd: number, name: PathBytes): Buffer | undefined {
  const key = terminated(attributeName, name, 'fgetxattr');
  const value = attributeResult('fgetxattr', constants.errno.ENODATA, (area) =>
    attempt('fgetxattr', fd, key, area, area.length),
  );
  return value === undefined ? undefined : Buffer.from(value);
}

/** Sets an attribute of a path, a symbolic link at its end not followed; ENOTSUP where the file system has no such thing. */
export function lsetxattr(path: PathBytes, name: PathBytes, value: Uint8Array): void {
  const bytes = terminated(firstPath, path, 'lsetxattr');
  invoke('lsetxattr', bytes, terminated(attributeName, name, 'lsetxattr'), value, value.length, 0);
}

/** As `lsetxattr`, but a symbolic link at the end of the path is followed: for `/proc/self/fd/N`. */
export function setxattr(path: PathBytes, name: PathBytes, value: Uint8Array): void {
  const bytes = terminated(firstPath, path, 'setxattr');
  invoke('setxattr', bytes, terminated(attributeName, name, 'setxattr'), value, value.length, 0);
}

/** As `lsetxattr`, of an open file (not one opened with O_PATH). */
export function fsetxattr(fd: number, name: PathBytes, value: Uint8Array): void {
  invoke('fsetxattr', fd, terminated(attributeName, name, 'fsetxattr'), value, value.length, 0);
}

/** Removes an attribute; ENODATA where there is none. */
export function lremovexattr(path: PathBytes, name: PathBytes): void {
  const bytes = terminated(firstPath, path, 'lremovexattr');
  invoke('lremovexattr', bytes, terminated(attributeName, name, 'lremovexattr'));
}

/** As `lremovexattr`, but a symbolic link at the end of the path is followed: for `/proc/self/fd/N`. */
export function removexattr(path: PathBytes, name: PathBytes): void {
  const bytes = terminated(firstPath, path, 'removexattr');
  invoke('removexattr', bytes, terminated(attributeName, name, 'removexattr'));
}

/** `node:fs` needs twice as long for each of those that follow, which counts with small files; so would `invoke`, which gathers arguments. */
export function pread(fd: number, area: Uint8Array, position: number): number {
  const call = bound.pread ?? bind('pread');
  for (;;) {
    const result = call(fd, area, area.length, position);
    if (result !== -1) return result;
    throwUnlessInterrupted('pread');
  }
}

export function close(fd: number): void {
  const call = bound.close ?? bind('close');
  // After EINTR the descriptor is closed under Linux (close(2)), and somebody else's may have its number.
  if (call(fd) === -1 && (library as Library).errno() !== constants.errno.EINTR) throwUnlessInterrupted('close');
}

function throwUnlessInterrupted(name: CallName): void {
  const errno = (library as Library).errno();
  if (errno !== constants.errno.EINTR) throw new PosixError(name, errno);
}

/** Bytes of a `struct statx`, which has the same shape on every architecture (statx(2)). */
export const statxBytes = 256;
/** STATX_BASIC_STATS. */
const statxBasic = 0x7ff;
const noPath = Buffer.alloc(1);

/** statx(2) of an open file into `area` (at least `statxBytes`). */
export function fstatx(fd: number, area: Uint8Array): void {
  const call = bound.statx ?? bind('statx');
  while (call(fd, noPath, flags.atEmptyPath, statxBasic, area) === -1) throwUnlessInterrupted('statx');
}

/** True where an open file has extended attributes at all. */
export function hasAttributes(fd: number): boolean {
  const call = bound.flistxattr ?? bind('flistxattr');
  // Without room for an answer the length alone is told.
  const length = call(fd, noPath, 0);
  return length > 0 || (length === -1 && (library as Library).errno() !== constants.errno.EOPNOTSUPP);
}

/** statx(2) of a path into `area`; a symbolic link at its end is not followed, and nothing is mounted for it. */
export function lstatx(directory: number, path: PathBytes, area: Uint8Array): void {
  const bytes = terminated(firstPath, path, 'statx');
  const call = bound.statx ?? bind('statx');
  const flag = flags.atSymlinkNoFollow | flags.atNoAutomount;
  while (call(directory, bytes, flag, statxBasic, area) === -1) throwUnlessInterrupted('statx');
}
