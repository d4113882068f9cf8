import { chmodSync, fchmodSync, fchownSync } from 'node:fs';
import { systemCode } from '#src/archive/extract/target-failure';
import type { MemberHeader } from '#src/archive/tar/member-header';
import { aclAttributes, encodeAcl } from '#src/archive/tar/posix-acl';
import { escapePath } from '#src/base/bytes';
import { fsetxattr, removexattr, setxattr } from '#src/base/posix/extended-attributes';
import { fchown, futimens, type Timespec, utimens } from '#src/base/posix/owner-and-times';

export type EntryMetadata = Pick<
  MemberHeader,
  'mode' | 'uid' | 'gid' | 'mtime' | 'atime' | 'attributes' | 'accessAcl' | 'defaultAcl'
>;

/** An entry that was just made, by what is open: nobody can put another in its place. */
export interface MetadataTarget {
  chown(uid: number, gid: number): void;
  chmod(mode: number): void;
  setAttribute(name: Buffer | string, value: Buffer): void;
  removeAttribute(name: string): void;
  setTimes(atime: Timespec, mtime: Timespec): void;
}

/** A regular file that is open for writing. */
export class FileTarget implements MetadataTarget {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  chown(uid: number, gid: number): void {
    fchownSync(this.#fd, uid, gid);
  }

  chmod(mode: number): void {
    fchmodSync(this.#fd, mode);
  }

  setAttribute(name: Buffer | string, value: Buffer): void {
    fsetxattr(this.#fd, name, value);
  }

  removeAttribute(name: string): void {
    removexattr(`/proc/self/fd/${this.#fd}`, name);
  }

  setTimes(atime: Timespec, mtime: Timespec): void {
    futimens(this.#fd, atime, mtime);
  }
}

/**
 * Anything, opened with O_PATH; a symbolic link itself where it was opened with O_NOFOLLOW (the last step through `/proc/self/fd` goes to what is open).
 */
export class PathTarget implements MetadataTarget {
  readonly #fd: number;
  readonly #path: string;

  constructor(fd: number) {
    this.#fd = fd;
    this.#path = `/proc/self/fd/${fd}`;
  }

  chown(uid: number, gid: number): void {
    fchown(this.#fd, uid, gid);
  }

  chmod(mode: number): void {
    chmodSync(this.#path, mode);
  }

  setAttribute(name: Buffer | string, value: Buffer): void {
    setxattr(this.#path, name, value);
  }

  removeAttribute(name: string): void {
    removexattr(this.#path, name);
  }

  setTimes(atime: Timespec, mtime: Timespec): void {
    utimens(this.#path, atime, mtime);
  }
}

export interface ApplyOptions {
  /** Give it its owner; otherwise it stays that of the process. */
  readonly ownership: boolean;
  /** It may have been given ACLs that are not its own. */
  readonly hasForeignAcls: boolean;
  readonly isSymlink?: boolean;
}

const [setIds, ownAcls] = [0o6000, Object.values(aclAttributes) as readonly string[]];

/**
 * Gives an entry its owner, attributes, ACLs, mode and times, in the order in which none undoes another: changing the owner takes away set-id bits and
 * capabilities, changing anything but the time of access changes no time. Returns what could not be given, in words.
 */
export function applyMetadata(
  target: MetadataTarget,
  metadata: EntryMetadata,
  options: ApplyOptions,
): readonly string[] {
  const { uid, gid, mtime, attributes } = metadata;
  const lost: string[] = [];
  const owned = options.ownership && attempt(lost, `owner`, () => target.chown(uid, gid));
  if (options.isSymlink !== true) {
    if (attributes.length > 0) applyAttributes(target, attributes, lost);
    applyAcls(target, metadata, options, lost);
    // Set-id bits are for the owner whom they were given by.
    const stays = owned || (process.getuid?.() === uid && process.getgid?.() === gid);
    attempt(lost, 'mode', () => target.chmod(stays ? metadata.mode : metadata.mode & ~setIds));
  } else if (attributes.length > 0) {
    applyAttributes(target, attributes, lost);
  }
  attempt(lost, 'times', () => target.setTimes(metadata.atime ?? mtime, mtime));
  return lost;
}

function attempt(lost: string[], what: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    lost.push(`${what} (${code})`);
    return false;
  }
}

function applyAttributes(target: MetadataTarget, attributes: EntryMetadata['attributes'], lost: string[]): void {
  for (const { name, value } of attributes) {
    if (ownAcls.includes(name.toString('latin1'))) continue;
    attempt(lost, `attribute ${escapePath(name)}`, () => target.setAttribute(name, value));
  }
}

const aclKinds = ['access', 'default'] as const;

function applyAcls(target: MetadataTarget, metadata: EntryMetadata, options: ApplyOptions, lost: string[]): void {
  for (const kind of aclKinds) {
    const text = kind === 'access' ? metadata.accessAcl : metadata.defaultAcl;
    const name = aclAttributes[kind];
    // GNU tar names users in the text where it can, and keeps the attribute itself beside it.
    const raw = metadata.attributes.find((attribute) => attribute.name.toString('latin1') === name)?.value;
    const value = (text === undefined ? undefined : encodeAcl(text)) ?? raw;
    if (value !== undefined) attempt(lost, `${kind} ACL`, () => target.setAttribute(name, value));
    else if (text !== undefined) lost.push(`${kind} ACL (not in a form that is known)`);
    else if (options.hasForeignAcls) removeAcl(target, name);
  }
}

function removeAcl(target: MetadataTarget, name: string): void {
  try {
    target.removeAttribute(name);
  } catch (error) {
    // None there, or no such thing in this file system: what is wanted.
    if (!['ENODATA', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  }
}
