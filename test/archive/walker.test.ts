import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { splitPath } from '#src/archive/byte-string';
import { createDirectoryListing, type ListDirectory } from '#src/archive/directory-listing';
import { systemFileOperations } from '#src/archive/file-operations';
import { emptyFileStat } from '#src/archive/file-stat';
import { PendingDirectories } from '#src/archive/pending-directories';
import type { KnownEntry, Reference } from '#src/archive/reference-reader';
import { unreadable } from '#src/archive/unreadable';
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
  using pending = new PendingDirectories(tmpdir());
  const walker = new Walker({
    files: systemFileOperations,
    list: createDirectoryListing(tmpdir()),
    pending,
    selection: { roots: [Buffer.from(root)], excludes: [], never: [], oneFileSystem: false },
    reference: undefined,
    ignoreInode: false,
    previousFileSystems: [],
    acceptsFileSystems: false,
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

  it('records a root that gave way to a file as gone', () => {
    make('a/x', 'b/y');
    const reference = remember(all('a', 'a/x', 'b', 'b/y'));
    const roots = ['a', 'b'].map((name) => Buffer.from(join(root, name)));
    const selection = { roots, excludes: [], never: [], oneFileSystem: false };
    rmSync(join(root, 'a'), { recursive: true });
    writeFileSync(join(root, 'a'), 'now a file');
    const { deleted, added, warnings } = walk({ reference, selection });
    assert.deepEqual([deleted, added, warnings], [['/a'], ['/a'], []]);
    const previousFileSystems = [{ path: Buffer.from(join(root, 'a')), device: '0:9999' }];
    const moved = walk({ reference, selection, previousFileSystems });
    assert.deepEqual([moved.deleted, moved.warnings], [['/a'], ['file.other-file-system']]);
  });

  it('keeps the device of before on record where names are missing, until it is accepted or nothing is missing', () => {
    make('x', 'y');
    const reference = remember(all('x', 'y'));
    const previousFileSystems = [{ path: Buffer.from(root), device: '0:9999' }];
    const [device = ''] = walk().devices;
    assert.deepEqual(walk({ reference, previousFileSystems }).devices, [device]);
    rmSync(join(root, 'x'));
    assert.deepEqual(walk({ reference, previousFileSystems }).devices, ['0:9999']);
    const full = walk({ previousFileSystems });
    assert.deepEqual([full.devices, full.warnings], [[device], ['file.other-file-system']]);
    rmSync(join(root, 'y'));
    assert.deepEqual(walk({ previousFileSystems }).devices, ['0:9999']);
    const accepted = walk({ previousFileSystems, acceptsFileSystems: true });
    assert.deepEqual([accepted.devices, accepted.warnings], [[device], ['file.other-file-system']]);
  });

  it('does not miss a mount point that is excluded now, or lies below no root', () => {
    make('a/x');
    const previousFileSystems = ['/a/away/disk', '/../elsewhere'].map((path) => ({
      path: Buffer.from(join(root, path)),
      device: '0:9999',
    }));
    const selection = { roots: [Buffer.from(root)], excludes: ['away'], never: [], oneFileSystem: false };
    assert.deepEqual(walk({ selection, previousFileSystems }).warnings, []);
    const all = { ...selection, excludes: [] };
    assert.deepEqual(walk({ selection: all, previousFileSystems }).warnings, ['file.other-file-system']);
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

  it('comes to the same with hardly any room', () => {
    const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
    const below = Array.from({ length: 40 }, (_, index) => `d${index}/x`);
    const directories = below.map((name) => dirname(name));
    make(...names, ...below);
    const reference = remember(all(...names, ...below, ...directories));
    for (const name of ['n7', 'n8', 'n49', 'd3', 'd11/x', 'd39']) rmSync(join(root, name), { recursive: true });
    make('d11/y', 'new', 'n70/z');
    utimesSync(join(root, 'n9'), 1, 1);
    const whole = walk({ reference });
    assert.deepEqual(whole.deleted, ['/d3', '/d39', '/n49', '/n7', '/n8', '/d11/x']);
    assert.deepEqual(whole.added, ['', '/n9', '/new', '/d11', '/d11/y', '/n70', '/n70/z']);
    using pending = new PendingDirectories(tmpdir(), 2);
    const list = createDirectoryListing(tmpdir(), 8);
    assert.deepEqual(walk({ reference, list, pending }), whole);
    assert.deepEqual(walk({ list, pending }), walk());
  });

  it('takes nothing for deleted in a directory whose listing breaks off, and goes on with the others', () => {
    make('a/x', 'b/x', 'c');
    const reference = remember(all('a', 'a/x', 'b', 'b/x', 'c'));
    for (const name of ['a/x', 'b/x']) rmSync(join(root, name));
    const list: ListDirectory = (path) => {
      if (path === join(root, 'a')) throw unreadable(path, Object.assign(new Error('EIO'), { code: 'EIO', errno: -5 }));
      return createDirectoryListing(tmpdir())(path);
    };
    const { deleted, added, warnings } = walk({ reference, list });
    assert.deepEqual([deleted, warnings], [['/b/x'], ['file.unreadable']]);
    assert.deepEqual(added, ['/a', '/b']);
  });

  it('ends where there is no room for what it cannot hold: that says nothing of the directory', () => {
    make('x', 'y', 'z');
    const list = createDirectoryListing(join(root, 'nowhere'), 1);
    assert.throws(() => walk({ list }), { code: 'ENOENT' });
  });
});
