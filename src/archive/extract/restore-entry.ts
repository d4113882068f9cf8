import { closeSync, constants, fstatSync } from 'node:fs';
import { applyMetadata, FileTarget, type MetadataTarget, PathTarget } from '#src/archive/extract/entry-metadata';
import {
  copyContent,
  isThere,
  placeEntry,
  placeLink,
  removeIfThere,
  temporaryName,
} from '#src/archive/extract/place-names';
import type { TargetDirectories, TargetName } from '#src/archive/extract/target-directories';
import {
  alreadyThere,
  metadataLost,
  onTarget,
  replacedMeanwhile,
  wrongDigest,
} from '#src/archive/extract/target-failure';
import { writeContent } from '#src/archive/extract/write-content';
import type { MemberHeader } from '#src/archive/tar/member-header';
import type { Pace } from '#src/archive/tar/pace';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { mknodat, openat, openFlags, symlinkat } from '#src/base/posix/names';

export interface WantedName {
  readonly path: Uint8Array;
  /** Without the first slash, and clean. */
  readonly relative: Buffer;
}

export interface RestoreContext {
  readonly directories: TargetDirectories;
  readonly overwrite: boolean;
  readonly ownership: boolean;
  readonly pace: Pace;
  /** Reports what concerns one name; throws what ends the restore. */
  readonly fail: (path: Uint8Array, error: unknown) => void;
}

export interface RestoredMember {
  readonly header: MemberHeader;
  /** At the member's data. */
  readonly stream: PayloadStream;
  /** Of the content, as the catalog says. */
  readonly sha256: Uint8Array | undefined;
}

/** Below this it costs more to look for the name first than to write in vain. */
const lookFirstBytes = 256 * 1024;

/**
 * Makes an entry that is not a directory under a temporary name beside the first of its names, complete with content and metadata, then gives it all of them. A name
 * that it cannot have is reported, and the others are given all the same.
 */
export async function restoreEntry(
  context: RestoreContext,
  member: RestoredMember,
  names: readonly WantedName[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const { header } = member;
  const lookFirst = names.length === 1 && !context.overwrite && header.dataBytes > lookFirstBytes;
  const first = locateFirst(context, names, lookFirst);
  if (first === undefined) return { files: 0, bytes: 0 };
  const temporary = { ...first.target, name: temporaryName() };
  try {
    const files = await restoreNames(context, member, { temporary, names: first.rest });
    return { files, bytes: files > 0 && header.type === 'file' ? header.sizeBytes : 0 };
  } finally {
    if (first.pinned) closeSync(first.target.directory.fd);
  }
}

/** The first name whose directory is there or can be made; those before it are reported. `rest` begins with it. */
function locateFirst(context: RestoreContext, names: readonly WantedName[], lookFirst: boolean) {
  for (const [index, { path, relative }] of names.entries()) {
    try {
      const target = context.directories.locate(relative);
      if (lookFirst && isThere(target)) throw alreadyThere(target.shown);
      const rest = names.slice(index);
      // Directories of the other names are opened while this one is in use.
      const pinned = rest.length > 1;
      return { target: pinned ? context.directories.pin(target) : target, rest, pinned };
    } catch (error) {
      context.fail(path, error);
    }
  }
  return undefined;
}

interface Placing {
  readonly temporary: TargetName;
  readonly names: readonly WantedName[];
}

async function restoreNames(context: RestoreContext, member: RestoredMember, placing: Placing): Promise<number> {
  const { temporary, names } = placing;
  const { header } = member;
  const made = onTarget(temporary.shown, () => makeEntry(header, temporary));
  let placed = 0;
  try {
    if (header.type === 'file') await fill(context, member, { fd: made.fd, shown: temporary.shown });
    const lost = describeEntry(context, header, { made, at: temporary });
    placed = placeNames(context, { header, made, temporary, names });
    if (placed > 0 && lost.length > 0) {
      context.fail((names[0] as WantedName).path, metadataLost(temporary.shown, lost));
    }
    return placed;
  } finally {
    closeSync(made.fd);
    if (placed === 0) removeIfThere(temporary);
  }
}

interface MadeEntry {
  readonly fd: number;
  readonly target: MetadataTarget;
}

const pathFlags = openFlags.path | constants.O_NOFOLLOW;
const newFileFlags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** A new entry for the owner alone, and what is open of it. */
function makeEntry(header: MemberHeader, { directory, name, shown }: TargetName): MadeEntry {
  if (header.type === 'file') {
    const fd = openat(directory.fd, name, newFileFlags, 0o600);
    return { fd, target: new FileTarget(fd) };
  }
  if (header.type === 'symlink') symlinkat(header.linkTarget ?? '', directory.fd, name);
  else mknodat(directory.fd, name, nodeType(header) | 0o600, header.device);
  const fd = openat(directory.fd, name, pathFlags);
  const { mode, nlink } = fstatSync(fd);
  // Whoever may write to the directory could have put something else in its place, a link to a file of somebody else.
  if ((mode & constants.S_IFMT) !== nodeType(header) || nlink !== 1) {
    closeSync(fd);
    throw replacedMeanwhile(shown);
  }
  return { fd, target: new PathTarget(fd) };
}

function nodeType({ type }: MemberHeader): number {
  if (type === 'symlink') return constants.S_IFLNK;
  if (type === 'fifo') return constants.S_IFIFO;
  return type === 'block-device' ? constants.S_IFBLK : constants.S_IFCHR;
}

async function fill(
  { pace }: RestoreContext,
  { header, stream, sha256 }: RestoredMember,
  target: { readonly fd: number; readonly shown: string },
): Promise<void> {
  const digest = await writeContent(stream, header, target, pace);
  if (sha256 !== undefined && !digest.equals(sha256)) throw wrongDigest(target.shown, sha256, digest);
}

function describeEntry(
  { ownership }: RestoreContext,
  header: MemberHeader,
  { made, at }: { readonly made: MadeEntry; readonly at: TargetName },
): readonly string[] {
  const isSymlink = header.type === 'symlink';
  return applyMetadata(made.target, header, { ownership, hasForeignAcls: at.directory.givesAcls, isSymlink });
}

interface MadePlacing extends Placing {
  readonly header: MemberHeader;
  readonly made: MadeEntry;
}

/** Returns how many names were given. */
function placeNames(context: RestoreContext, placing: MadePlacing): number {
  let first: TargetName | undefined;
  let placed = 0;
  try {
    for (const { path, relative } of placing.names) {
      try {
        const target = context.directories.locate(relative);
        if (first === undefined) {
          placeEntry(placing.temporary, target, context);
          first = placing.names.length > 1 ? context.directories.pin(target) : target;
        } else if (!placeLink(first, target, context)) {
          placeCopy(context, placing, target);
        }
        placed += 1;
      } catch (error) {
        context.fail(path, error);
      }
    }
  } finally {
    if (first !== undefined && placing.names.length > 1) closeSync(first.directory.fd);
  }
  return placed;
}

/** Where a link cannot be: the same again. */
function placeCopy(context: RestoreContext, { header, made }: MadePlacing, target: TargetName): void {
  const temporary = { ...target, name: temporaryName() };
  onTarget(target.shown, () => {
    const copy = makeEntry(header, temporary);
    try {
      if (header.type === 'file') copyContent(made.fd, copy.fd);
      describeEntry(context, header, { made: copy, at: temporary });
      placeEntry(temporary, target, context);
    } catch (error) {
      removeIfThere(temporary);
      throw error;
    } finally {
      closeSync(copy.fd);
    }
  });
}
