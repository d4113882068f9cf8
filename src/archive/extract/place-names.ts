import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import type { TargetName } from '#src/archive/extract/target-directories';
import { alreadyThere, onTarget, systemCode } from '#src/archive/extract/target-failure';
import { linkat, openat, openFlags, renameat, unlinkat } from '#src/base/posix/names';
import { seekData, seekHole } from '#src/base/posix/open-file';

/** What a restored entry is called until it is whole: the process's own, and one at a time. */
const temporaryPrefix = `.grandsire-${randomBytes(6).toString('hex')}-`;
let temporaryNumber = 0;

export function temporaryName(): Buffer {
  temporaryNumber += 1;
  return Buffer.from(`${temporaryPrefix}${temporaryNumber}`, 'latin1');
}

export interface PlaceOptions {
  readonly overwrite: boolean;
}

/** Gives a whole entry its name; what has the name is replaced with `overwrite`, and is `restore.exists` otherwise. */
export function placeEntry(temporary: TargetName, target: TargetName, options: PlaceOptions): void {
  const [from, to] = [entryOf(temporary), entryOf(target)];
  onTarget(target.shown, () => {
    try {
      renameat(from, to, { replace: options.overwrite });
    } catch (error) {
      // No file system promises more than to fail: NFS does not know RENAME_NOREPLACE, so there it is looked first.
      if (systemCode(error) !== 'EINVAL' || options.overwrite) throw existsOr(error, target.shown);
      if (isThere(target)) throw alreadyThere(target.shown);
      renameat(from, to, { replace: true });
    }
  });
}

/**
 * A further name for what `first` names; false where the file system cannot (another device, too many links), and a copy is needed. A name that is there is as with
 * `placeEntry`.
 */
export function placeLink(first: TargetName, target: TargetName, options: PlaceOptions): boolean {
  return onTarget(target.shown, () => {
    if (!options.overwrite) return tryLink(first, target);
    const temporary = { ...target, name: temporaryName() };
    if (!tryLink(first, temporary)) return false;
    try {
      placeEntry(temporary, target, options);
    } finally {
      // Renaming onto another name of the same inode does nothing (rename(2)), so that the name may still be there.
      removeIfThere(temporary);
    }
    return true;
  });
}

function tryLink(first: TargetName, target: TargetName): boolean {
  try {
    linkat(entryOf(first), entryOf(target));
    return true;
  } catch (error) {
    if (['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP'].includes(systemCode(error) ?? '')) return false;
    throw existsOr(error, target.shown);
  }
}

export function removeIfThere({ directory, name }: TargetName): void {
  try {
    unlinkat(directory.fd, name);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

export function isThere({ directory, name }: TargetName): boolean {
  try {
    closeSync(openat(directory.fd, name, openFlags.path | constants.O_NOFOLLOW));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

const copyBytes = 256 * 1024;

/** Content of one open file, region by region through the holes, into another that is empty. */
export function copyContent(from: number, into: number): void {
  const area = Buffer.alloc(copyBytes);
  const sizeBytes = fstatSync(from).size;
  ftruncateSync(into, sizeBytes);
  for (let at = seekData(from, 0); at !== undefined; at = seekData(from, at)) {
    for (const end = seekHole(from, at) ?? sizeBytes; at < end; ) {
      const length = readSync(from, area, 0, Math.min(copyBytes, end - at), at);
      if (length === 0) return;
      for (let done = 0; done < length; ) done += writeSync(into, area, done, length - done, at + done);
      at += length;
    }
  }
}

const entryOf = ({ directory, name }: TargetName): { readonly directory: number; readonly name: Buffer } => ({
  directory: directory.fd,
  name,
});

/** A directory in the way is EISDIR, ENOTEMPTY or EEXIST to rename(2), whatever is asked. */
function existsOr(error: unknown, shown: string): unknown {
  return ['EEXIST', 'EISDIR', 'ENOTEMPTY', 'ENOTDIR'].includes(systemCode(error) ?? '') ? alreadyThere(shown) : error;
}
