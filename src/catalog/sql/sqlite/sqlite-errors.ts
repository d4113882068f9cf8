import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ErrorCode } from '#src/base/error-codes';
import { bug, GrandsireError } from '#src/base/errors';

interface Translation {
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy: string;
}

const restore = (path: string): string =>
  `Put a backup of the catalog in its place, or move ${path} away and run 'grandsire catalog rebuild'.`;

/** By SQLite's primary result code. */
const translations: Readonly<Record<string, (path: string) => Translation>> = {
  SQLITE_BUSY: () => ({
    code: 'catalog.busy',
    what: 'is locked by another process for too long',
    remedy: 'Wait for it to end, then run the command again.',
  }),
  SQLITE_CANTOPEN: (path) => ({
    code: 'catalog.unreachable',
    what: 'cannot be opened',
    remedy: `Check that its folder exists and may be entered and written: 'ls -ld ${path} $(dirname ${path})'.`,
  }),
  SQLITE_CORRUPT: (path) => ({ code: 'catalog.damaged', what: 'is damaged', remedy: restore(path) }),
  SQLITE_NOTADB: (path) => ({ code: 'catalog.foreign', what: 'is not a catalog', remedy: restore(path) }),
  SQLITE_FULL: (path) => ({
    code: 'catalog.disk-full',
    what: 'has no room left on its disk; nothing of this step was kept',
    remedy: `Free space there, then run the command again: 'df -h ${path}'.`,
  }),
  SQLITE_IOERR: (path) => ({
    code: 'catalog.io-error',
    what: 'cannot be read or written',
    remedy: `Look at the kernel's log for its disk ('dmesg | tail'), then check the catalog: 'grandsire catalog check' (${path}).`,
  }),
  SQLITE_READONLY: (path) => ({
    code: 'catalog.read-only',
    what: 'cannot be written',
    remedy: `Check who owns it and how its file system is mounted: 'ls -l ${path}'.`,
  }),
  SQLITE_PERM: (path) => ({
    code: 'catalog.read-only',
    what: 'may not be accessed',
    remedy: `Check who owns it: 'ls -l ${path}'.`,
  }),
};

/** The least that SQLite adds to one of its files. */
const leastRoomBytes = 65_536;

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < leastRoomBytes;
  } catch {
    return false;
  }
}

/** What a failure of SQLite means to the operator; what no operator can cause is a bug. */
export function sqliteFailure(error: unknown, path: string): Error {
  if (error instanceof GrandsireError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // SQLite calls it an error of the disk where a file of its own, the shared memory of the log, finds no room.
  const translation = translations[code === 'SQLITE_IOERR' && isFull(path) ? 'SQLITE_FULL' : code]?.(path);
  const reason = error instanceof Error ? error.message : String(error);
  if (!translation) return bug(`the catalog ${path} refused a statement: ${reason}`, error);
  return new GrandsireError(translation.code, {
    message: `the catalog ${path} ${translation.what} (${reason})`,
    remedy: translation.remedy,
    cause: error,
    details: { path },
  });
}
