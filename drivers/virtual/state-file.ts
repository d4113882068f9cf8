import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LibraryState, libraryStateSchema } from '#drivers/virtual/library-state';
import { isDiskFull } from '#src/base/disk-full';
import { DeviceError } from '#src/base/errors';

/** `library.json` is small: a folder of 30,000 cartridges stays under 16 MB. */
const maxStateFileBytes = 64 * 2 ** 20;

export const stateName = 'library.json';

export const newState = (): LibraryState => ({
  format: 1,
  serial: `GV${randomBytes(4).toString('hex').toUpperCase()}`,
  drives: {},
  cartridges: {},
});

/** Returns when it is on disk under its name, whole: whoever reads meanwhile finds the old one. */
export function writeState(path: string, state: LibraryState): FileSignature {
  const file = join(path, stateName);
  const temporary = `${file}.new`;
  const fd = openSync(temporary, 'w', 0o644);
  try {
    writeFileSync(fd, `${JSON.stringify(state, undefined, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  syncFolder(path);
  return fileSignature(file);
}

export function readState(path: string): { readonly state: LibraryState; readonly signature: FileSignature } {
  const file = join(path, stateName);
  const damaged = (problem: string, cause?: unknown): DeviceError =>
    new DeviceError('library.damaged-state', {
      usable: false,
      message: `The state of the virtual library, ${file}, cannot be used: ${problem}.`,
      remedy: `Correct the file, or move it away (\`mv ${file} ${file}.bad\`): it is made anew, with every cartridge in a slot and none write-protected.`,
      cause,
    });
  // The signature is taken first: a change between the two is then seen at the next refresh, never missed.
  const signature = fileSignature(file);
  let value: unknown;
  try {
    if (statSync(file).size > maxStateFileBytes) throw damaged('it is too large');
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    throw damaged('it is not JSON that can be read', error);
  }
  const parsed = libraryStateSchema.safeParse(value);
  if (parsed.success) return { state: parsed.data, signature };
  const issue = parsed.error.issues[0];
  throw damaged(`${issue?.path.join('.') ?? 'the document'}: ${issue?.message ?? 'invalid'}`, parsed.error);
}

export function stateNotWritten(file: string, cause: unknown): DeviceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeviceError(isDiskFull(cause) ? 'device.storage-full' : 'device.unreachable', {
    usable: true,
    message: `The state of the virtual library, ${file}, cannot be written: ${reason}.`,
    remedy: `See whether its disk has room and how it is mounted (\`df -h ${file}; findmnt -T ${file}\`), then run the command again; what was committed before is safe.`,
    cause,
  });
}

/** Undefined: there is no such file. */
export type FileSignature = Pick<Stats, 'ino' | 'size' | 'mtimeMs'> | undefined;

/** Asked before every command, so in numbers, not in BigInts: `mtimeMs` still tells microseconds, and a replaced file is another inode. */
export const fileSignature = (file: string): FileSignature => statSync(file, { throwIfNoEntry: false });

export const isSameFile = (one: FileSignature, other: FileSignature): boolean =>
  one?.ino === other?.ino && one?.size === other?.size && one?.mtimeMs === other?.mtimeMs;

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
