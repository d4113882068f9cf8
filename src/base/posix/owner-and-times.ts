import { workingDirectory } from '#src/base/posix/names';
import { firstPath, invoke, type PathBytes, terminated } from '#src/base/posix/native-call';

/** Whole seconds since 1970, may be negative, and 0–999,999,999 nanoseconds after them. */
export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const atEmptyPath = 0x1000;

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

/** Owner of what `fd` is, which may have been opened with O_PATH (`node:fs` refuses those). */
export function fchown(fd: number, uid: number, gid: number): void {
  invoke('fchownat', fd, terminated(firstPath, '', 'fchownat'), uid, gid, atEmptyPath);
}

/** Times of a name to the nanosecond; a symbolic link at its end is followed: for `/proc/self/fd/N`. */
export function utimens(path: PathBytes, atime: Timespec, mtime: Timespec): void {
  invoke('utimensat', workingDirectory, terminated(firstPath, path, 'utimensat'), encodeTimes(atime, mtime), 0);
}

/** Times of an open file to the nanosecond. */
export function futimens(fd: number, atime: Timespec, mtime: Timespec): void {
  invoke('futimens', fd, encodeTimes(atime, mtime));
}
