import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { GrandsireError } from '#src/base/errors';

/**
 * Makes a directory and those above it that are missing; `mode` is of all that are made. `mkdirSync` with `recursive` (Node 20) never comes back where a file system
 * says ENOENT below a directory that exists, as /proc does. Errors of the system are thrown as they are.
 */
export function makeDirectory(path: string, mode = 0o777): void {
  const directory = resolve(path);
  if (isDirectory(directory)) return;
  const above = dirname(directory);
  if (above !== directory) makeDirectory(above, mode);
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    // Another process may have been faster.
    if (!isDirectory(directory)) throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    // Of a path below a file some versions of Node.js throw and others say that there is none; making what lies above names the file.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** A folder below `state`, for the owner alone. Throws `state.not-writable`. */
export function makeStateFolder(path: string): void {
  try {
    makeDirectory(path, 0o700);
  } catch (cause) {
    throw stateNotWritable(`the folder ${path} cannot be made`, cause);
  }
}

/** Works on a file below `state`; what the system refuses is thrown as `state.not-writable`. */
export function onStateFile<T>(path: string, work: (path: string) => T): T {
  try {
    return work(path);
  } catch (cause) {
    throw stateNotWritable(`${path} cannot be written`, cause);
  }
}

/** As `onStateFile`, of work that goes on by itself. */
export async function onStateFileLater<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw stateNotWritable(`${path} cannot be written`, cause);
  }
}

const stateNotWritable = (what: string, cause: unknown): GrandsireError =>
  new GrandsireError('state.not-writable', {
    message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy:
      'See how it is mounted, whose it is, and whether there is room; or name another folder with `state:` in grandsire.yaml.',
    cause,
  });
