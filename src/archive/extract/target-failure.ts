import { hex } from '#src/base/bytes';
import type { ErrorCode } from '#src/base/error-codes';
import { GrandsireError } from '#src/base/errors';

/** What went wrong with one entry, the rest going on. */
export interface FailedEntry {
  /** Absolute path as it was backed up. */
  readonly path: Uint8Array;
  readonly code: ErrorCode;
  readonly message: string;
}

/** `code` of an error of `node:fs` or of a system call; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('errno' in error)) return undefined;
  return String(error.code);
}

/** Does something with what is restored at `shown`; failures of the system become ours. */
export function onTarget<T>(shown: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw targetFailure(shown, code, error);
  }
}

function targetFailure(shown: string, code: string, cause: unknown): GrandsireError {
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GrandsireError('restore.disk-full', {
      message: `${shown}: there is no room left to restore to (${code})`,
      remedy:
        'Make room, or restore to another directory with `--to DIR`; what is complete stays, and `--overwrite` replaces it.',
      cause,
    });
  }
  return new GrandsireError('restore.write-failed', {
    message: `${shown}: cannot be restored (${cause instanceof Error ? cause.message : code})`,
    remedy: 'Look at the permissions and the file system there, or restore to another directory with `--to DIR`.',
    cause,
  });
}

export function alreadyThere(shown: string): GrandsireError {
  return new GrandsireError('restore.exists', {
    message: `${shown}: exists already, and was left as it is`,
    remedy: 'Restore to an empty directory with `--to DIR`, or replace what is there with `--overwrite`.',
  });
}

export function blocked(shown: string): GrandsireError {
  return new GrandsireError('restore.blocked', {
    message: `${shown}: is not a directory (perhaps a symbolic link to one, which is never followed)`,
    remedy: 'Move it away, or restore to an empty directory with `--to DIR`.',
  });
}

export function metadataLost(shown: string, lost: readonly string[]): GrandsireError {
  return new GrandsireError('restore.metadata-lost', {
    message: `${shown}: was restored, but without its ${lost.join(', ')}`,
    remedy: 'Restore as root to a file system that has owners, attributes and ACLs, or set them by hand.',
  });
}

export function wrongDigest(shown: string, expected: Uint8Array, found: Buffer): GrandsireError {
  return new GrandsireError('restore.digest-differs', {
    message: `${shown}: what was read back has SHA-256 ${found.toString('hex')}, what was backed up ${hex(expected)}; it was not put in place`,
    remedy:
      'Restore from another copy or an earlier version (`grandsire find PATH`), and run `grandsire verify` on the data set.',
  });
}

export function replacedMeanwhile(shown: string): GrandsireError {
  return new GrandsireError('restore.write-failed', {
    message: `${shown}: somebody else put something in its place while it was made; that was left as it is`,
    remedy: 'Restore to a directory that nobody else may write to, with `--to DIR`.',
  });
}
