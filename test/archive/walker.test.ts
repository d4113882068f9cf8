import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { splitPath } from '#src/archive/byte-string';
import { systemFileOperations } from '#src/archive/file-operations';
import { emptyFileStat } from '#src/archive/file-stat';
import type { KnownEntry, Reference } from '#src/archive/reference-reader';
import { Walker, type WalkerOptions } from '#src/archive/walker';
import { versionFlags } from '#src/catalog/files';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'walker-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function make(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), name);
  }
}

/** What a run would have recorded of these paths now. */
function remember(paths: readonly string[], changes: Partial<KnownEntry> = {}): Reference {
  const tables = new Map<string, KnownEntry[]>();
  const stat = emptyFileStat();
  for (const path of paths) {
    systemFileOperations.lstat(path, stat);
    const { directory, name } = splitPath(path);
    const table = tables.get(directory) ?? [];
    tables.set(directory, [...table, { ...stat, name, flags: 0, ...changes }]);
  }
  const inOrder = (a: KnownEntry, b: KnownEntry): number => (a.name < b.name ? -1 : 1);
  return { entries: (directory) => (tables.get(directory) ?? []).sort(inOrder) };
}

interface Walked {
  readonly added: readonly string[];
  readonly deleted: readonly string[];
  readonly warnings: readonly string[];
}

function walk(options: Partial<WalkerOptions> = {}): Walked & { readonly devices: readonly string[] } {
  const added: string[] = [];
  const deleted: string[] = [];
  const warnings: string[] = [];
  const below = (directory: string, name: string): string => `${directory}/${name}`.slice(root.length);
  const walker = new Walker({
    files: systemFileOperations,
    selection: { roots: [Buffer.from(root)], excludes: [], never: [], oneFileSystem: false },
    reference: undefined,
    ignoreInode: false,
    previousFileSystems: [],
    add: (directory, name) => added.push(below(directory, name)),
    warn: ({ code }) => warnings.push(code),
    deleted: ({ directory, name }) => deleted.push(below(directory.toString(), name.toString())),
    ...options,
  });
  const { fileSystems } = walker.walk();
  return { added, deleted, warnings, devices: fileSystems.map(({ device }) => device) };
}

describe('the order of the walk', () => {
  it('is a directory, its files, then its subdirectories, names in byte order', () => {
    make('b/x', 'b/y', 'a/z', 'c', 'B');
    assert.deepEqual(walk().added, ['', '/B', '/c', '/a', '/a/z', '/b', '/b/x', '/b/y']);
  });

  it('passes over a root below another, and walks it by itself', () => {
    make('a/x', 'y');
    const roots = [root, join(root, 'a')].map((path) => Buffer.from(path));
    const { added } = walk({ selection: { roots, excludes: [], never: [], oneFileSystem: false } });
    assert.deepEqual(added, ['', '/y', '/a', '/a/x']);
  });
});

describe('an incremental run', () => {
  const all = (...names: readonly string[]): readonly string[] => [root, ...names.map((name) => join(root, name))];

  it('adds nothing where nothing changed', () => {
    make('a/x', 'y');
    symlinkSync('y', join(root, 'link'));
    const reference = remember(all('a', 'a/x', 'y', 'link'));
    assert.deepEqual(walk({ reference }), { ...walk({ reference }), added: [], deleted: [], warnings: [] });
  });

  it('reads again what was fuzzy or young, and its directory with it', () => {
    make('a/x', 'y');
    for (const flags of [versionFlags.fuzzy, versionFlags.young]) {
      const whole = remember(all('a', 'y'));
      const part = remember(all('a/x'), { flags });
      const reference: Reference = {
        entries: (directory, upcoming) => (directory === join(root, 'a') ? part : whole).entries(directory, upcoming),
      };
      assert.deepEqual(walk({ reference }).added, ['/a', '/a/x']);
    }
  });

  for (const [what, changes] of [
    ['size', { sizeBytes: 99 }],
    ['mtime', { mtimeNanoseconds: 1 }],
    ['ctime', { ctimeNanoseconds: 1 }],
    ['inode', { inode: '1' }],
    ['type', { type: 'fifo' }],
  ] as const) {
    it(`reads again what has another ${what}`, () => {
      make('x');
      const reference = remember(all('x'), changes);
      assert.ok(walk({ reference }).added.includes('/x'));
    });
  }

  it('does not look at inodes where they do not last', () => {
    make('x');
    assert.deepEqual(walk({ reference: remember(all('x'), { inode: '1' }), ignoreInode: true }).added, []);
  });

  it('records names that are gone, one for a whole directory', () => {
    make('a/x', 'a/y', 'gone/p', 'gone/q');
    const reference = remember(all('a', 'a/x', 'a/y', 'gone', 'gone/p', 'gone/q'));
    rmSync(join(root, 'gone'), { recursive: true });
    rmSync(join(root, 'a/x'));
    assert.deepEqual(walk({ reference }).deleted, ['/gone', '/a/x']);
  });

  it('records a directory that gave way to a file as gone', () => {
    make('a/x');
    const reference = remember(all('a', 'a/x'));
    renameSync(join(root, 'a'), `${root}-moved`);
    writeFileSync(join(root, 'a'), 'now a file');
    const { deleted, added } = walk({ reference });
    rmSync(`${root}-moved`, { recursive: true });
    assert.deepEqual([deleted, added], [['/a'], ['', '/a']]);
  });

  it('does not take what is excluded for deleted', () => {
    make('a/x', 'b');
    const reference = remember(all('a', 'a/x', 'b'));
    const selection = { roots: [Buffer.from(root)], excludes: ['a', 'b'], never: [], oneFileSystem: false };
    assert.deepEqual(walk({ reference, selection }).deleted, []);
  });

  it('does not take names for deleted on another device than before', () => {
    make('x', 'y');
    const reference = remember(all('x', 'y'));
    rmSync(join(root, 'x'));
    const [device = ''] = walk().devices;
    const before = (at: string) => [{ path: Buffer.from(root), device: at }];
    const moved = walk({ reference, previousFileSystems: before('0:9999') });
    assert.deepEqual([moved.deleted, moved.warnings], [[], ['file.other-file-system']]);
    assert.deepEqual(walk({ reference, previousFileSystems: before(device) }).deleted, ['/x']);
  });

  it('does not take names for deleted in a directory that cannot be read', { skip: process.getuid?.() === 0 }, () => {
    make('a/x');
    const reference = remember(all('a', 'a/x'));
    chmodSync(join(root, 'a'), 0);
    const { deleted, warnings } = walk({ reference });
    chmodSync(join(root, 'a'), 0o700);
    assert.deepEqual([deleted, warnings], [[], ['file.unreadable']]);
  });

  it('comes to the same in a directory that is read in several runs', () => {
    const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
    make(...names);
    const reference = remember(all(...names));
    rmSync(join(root, 'n7'));
    utimesSync(join(root, 'n9'), 1, 1);
    const whole = walk({ reference });
    const split = walk({ reference, namesPerRun: 8 });
    assert.deepEqual(split.deleted, ['/n7']);
    assert.deepEqual(split, { ...whole, added: split.added });
    assert.deepEqual([...split.added].sort(), [...whole.added].sort());
  });
});
