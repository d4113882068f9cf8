import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a test's own, taken away when first disposed: a test may do so before its end. */
export interface TestMount extends Disposable {
  readonly path: string;
  /** Changes what it holds; less than it has is refused. */
  resize(bytes: number): void;
  makeReadOnly(): void;
  makeWritable(): void;
}

/** Mounts an empty file system in memory, of this size (a page is the least), at a folder that is made where it is missing. */
export function mountSmallDisk(path: string, bytes: number): TestMount {
  mkdirSync(path, { recursive: true });
  mount('-t', 'tmpfs', '-o', `size=${bytes},mode=755`, 'tmpfs', path);
  let isMounted = true;
  return {
    path,
    resize: (size) => mount('-o', `remount,size=${size}`, path),
    makeReadOnly: () => mount('-o', 'remount,ro', path),
    makeWritable: () => mount('-o', 'remount,rw', path),
    [Symbol.dispose]: () => {
      if (isMounted) unmount(path);
      isMounted = false;
    },
  };
}

/** Shows one folder in the place of another. */
export function mountFolder(folder: string, at: string): Disposable {
  mount('--bind', folder, at);
  return { [Symbol.dispose]: () => unmount(at) };
}

/** Why nothing can be mounted here, for `skip` of a test; false where it can. */
export function missingForMounts(): string | false {
  if (process.getuid?.() !== 0) return 'needs root (mount)';
  const path = mkdtempSync(join(tmpdir(), 'grandsire-mount-'));
  try {
    mountSmallDisk(path, 65_536)[Symbol.dispose]();
    return false;
  } catch {
    return 'needs permission to mount';
  } finally {
    rmdirSync(path);
  }
}

const mount = (...words: readonly string[]): void => {
  execFileSync('mount', words, { stdio: ['ignore', 'ignore', 'pipe'] });
};

// Lazily: whatever a failed test still holds open must not keep it there.
const unmount = (path: string): void => void execFileSync('umount', ['--lazy', path]);
