import {
  boundCall,
  firstPath,
  invoke,
  type PathBytes,
  secondPath,
  terminated,
  throwUnlessInterrupted,
} from '#src/base/posix/native-call';

/** In the place of a directory's descriptor: relative paths start at the working directory (`AT_FDCWD`). */
export const workingDirectory = -100;

/** `open` flags that `node:fs` lacks. O_PATH and O_CLOEXEC have these values on all architectures that Node.js runs on under Linux. */
export const openFlags = { path: 0o10000000, closeOnExec: 0o2000000 } as const;

const atRemoveDirectory = 0x200;
const renameNoReplace = 1;

/** `openFlags`, or `constants` of `node:fs`; O_CLOEXEC is always added. */
export function openat(directory: number, path: PathBytes, openFlag: number, mode = 0): number {
  const call = boundCall('openat');
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
  invoke('renameat2', from.directory, oldPath, to.directory, newPath, replace ? 0 : renameNoReplace);
}

/** `kind` says which of unlink and rmdir is meant. */
export function unlinkat(directory: number, path: PathBytes, kind: 'file' | 'directory' = 'file'): void {
  const flag = kind === 'directory' ? atRemoveDirectory : 0;
  invoke('unlinkat', directory, terminated(firstPath, path, 'unlinkat'), flag);
}
