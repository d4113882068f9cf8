import { constants, readlinkSync } from 'node:fs';
import { type ByteString, byteStringOf, bytesOf } from '#src/archive/byte-string';
import { decodeStat, type FileStat, statArea } from '#src/archive/file-stat';
import { fgetxattr, flistxattr, hasAttributes, lgetxattr, llistxattr } from '#src/base/posix/extended-attributes';
import { openat, openFlags, workingDirectory } from '#src/base/posix/names';
import { close, pread, seekData, seekHole } from '#src/base/posix/open-file';
import { fstatx, lstatx } from '#src/base/posix/stat';

/**
 * What the archiver asks of the system, all of it synchronous. A seam: tests put files behind it that change at an exact moment of being read.
 * Failures carry `code` (`ENOENT`, …).
 */
export interface FileOperations {
  /** For reading; a symbolic link at the end is ELOOP, a fifo does not wait. */
  open(path: ByteString): number;
  close(fd: number): void;
  fstat(fd: number, into: FileStat): void;
  lstat(path: ByteString, into: FileStat): void;
  /** Bytes read into `area` from `position` on, 0 at the end of the file. */
  read(fd: number, area: Uint8Array, position: number): number;
  /** The first byte of data at or after `offset`; undefined where only a hole follows. */
  seekData(fd: number, offset: number): number | undefined;
  /** The first byte of a hole at or after `offset`, the end of the file counting as one. */
  seekHole(fd: number, offset: number): number | undefined;
  readLink(path: ByteString): ByteString;
  /** Names of extended attributes of the open file, or of the path itself. */
  attributeNames(of: number | ByteString): readonly Uint8Array[];
  attribute(of: number | ByteString, name: Uint8Array): Uint8Array | undefined;
}

const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const asDirectory = openFlags.path | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Less than PATH_MAX, and names are at most 255 bytes. */
const stepBytes = 3000;

/**
 * Calls with a directory's descriptor and a path from there. Paths of more than PATH_MAX bytes exist (made with relative names), and no call takes
 * them whole: their directory is reached in steps.
 */
function atPath<T>(path: ByteString, call: (directory: number, path: Buffer) => T): T {
  if (path.length <= stepBytes) return call(workingDirectory, bytesOf(path));
  let directory: number | undefined;
  let rest = path;
  try {
    while (rest.length > stepBytes) {
      const slash = rest.lastIndexOf('/', stepBytes);
      if (slash <= 0) break;
      const next = openat(directory ?? workingDirectory, bytesOf(rest.slice(0, slash)), asDirectory);
      if (directory !== undefined) close(directory);
      directory = next;
      rest = rest.slice(slash + 1);
    }
    return call(directory ?? workingDirectory, bytesOf(rest));
  } finally {
    if (directory !== undefined) close(directory);
  }
}

/** A path that is short enough for calls that take no directory. */
export const atShortPath = <T>(path: ByteString, call: (path: Buffer) => T): T =>
  atPath(path, (directory, rest) =>
    call(directory === workingDirectory ? rest : Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), rest])),
  );

const noNames: readonly Uint8Array[] = [];

export const systemFileOperations: FileOperations = {
  open: (path) => atPath(path, (directory, rest) => openat(directory, rest, readOnly)),
  close,
  fstat(fd, into) {
    fstatx(fd, statArea);
    decodeStat(into);
  },
  lstat(path, into) {
    atPath(path, (directory, rest) => lstatx(directory, rest, statArea));
    decodeStat(into);
  },
  read: pread,
  seekData,
  seekHole,
  readLink: (path) => atShortPath(path, (short) => byteStringOf(readlinkSync(short, { encoding: 'buffer' }))),
  attributeNames: (of) => {
    if (typeof of !== 'number') return atShortPath(of, llistxattr);
    return hasAttributes(of) ? flistxattr(of) : noNames;
  },
  attribute: (of, name) =>
    typeof of === 'number' ? fgetxattr(of, name) : atShortPath(of, (short) => lgetxattr(short, name)),
};
