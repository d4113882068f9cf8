import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  fgetxattr,
  flistxattr,
  fsetxattr,
  getxattr,
  lgetxattr,
  llistxattr,
  removexattr,
  setxattr,
} from '#src/base/posix/extended-attributes';
import {
  linkat,
  mkdirat,
  mknodat,
  openat,
  openFlags,
  renameat,
  symlinkat,
  unlinkat,
  workingDirectory,
} from '#src/base/posix/names';
import { flock, seekData, seekHole } from '#src/base/posix/open-file';
import { fchown, futimens, type Timespec, utimens } from '#src/base/posix/owner-and-times';
import { decodeDevice } from '#test/support/device-numbers';

const asRoot = { skip: process.getuid?.() !== 0 && 'needs root' };

describe('posix', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const touch = (name: string, content = ''): string => {
    writeFileSync(at(name), content);
    return at(name);
  };
  const openFolder = (): number => openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'posix-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('loads koffi at the first call, not before', () => {
    const program = `import module from 'node:module';
      const loaded = () => Object.keys(module._cache).some((path) => path.includes('koffi'));
      const { flock } = await import(${JSON.stringify(new URL('../../src/base/posix/open-file.js', import.meta.url).href)});
      const before = loaded();
      flock(0, 'unlock');
      console.log(before, loaded());`;
    const shown = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    assert.equal(shown, 'false true\n');
  });

  it('reports errors as node:fs does', () => {
    assert.throws(() => utimens(at('missing'), epoch, epoch), {
      name: 'PosixError',
      code: 'ENOENT',
      errno: -2,
      syscall: 'utimensat',
    });
    assert.throws(() => mkdirat(99_999, 'x', 0o700), { code: 'EBADF' });
    assert.throws(() => mkdirat(workingDirectory, 'a\0b', 0o700), { code: 'EINVAL' });
    assert.throws(() => mkdirat(workingDirectory, 'a'.repeat(4096), 0o700), { code: 'ENAMETOOLONG' });
  });

  describe('flock', () => {
    it('excludes other openings and is freed by unlock', () => {
      const path = touch('lock');
      const [one, two] = [openSync(path, 'r'), openSync(path, 'r')];
      assert.equal(flock(one, 'exclusive', { nonblocking: true }), true);
      assert.equal(flock(two, 'shared', { nonblocking: true }), false);
      assert.equal(flock(one, 'unlock'), true);
      assert.equal(flock(two, 'shared', { nonblocking: true }), true);
      assert.equal(flock(one, 'shared', { nonblocking: true }), true);
      assert.equal(flock(one, 'exclusive', { nonblocking: true }), false);
      closeSync(two);
      assert.equal(flock(one, 'exclusive', { nonblocking: true }), true);
      closeSync(one);
    });

    it('is held against flock(1), and freed by the kernel when its holder is killed', async () => {
      const path = touch('lock-other');
      const holder = spawn('flock', ['-x', path, 'sh', '-c', 'echo held; exec cat'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(holder.stdout, 'data');
      const fd = openSync(path, 'r');
      assert.equal(flock(fd, 'exclusive', { nonblocking: true }), false);
      // flock(1) and its command share the open file: both must be gone.
      holder.stdin.end();
      await once(holder, 'exit');
      assert.equal(flock(fd, 'exclusive', { nonblocking: true }), true);
      assert.throws(() => execFileSync('flock', ['-n', path, 'true']), { status: 1 });
      closeSync(fd);
    });

    it('works in a worker thread, on its own errno', async () => {
      const path = touch('lock-worker');
      const fd = openSync(path, 'r');
      flock(fd, 'exclusive');
      const program = `import { openSync } from 'node:fs'; import { parentPort } from 'node:worker_threads';
        import { flock } from ${JSON.stringify(new URL('../../src/base/posix/open-file.js', import.meta.url).href)};
        parentPort.postMessage(flock(openSync(${JSON.stringify(path)}, 'r'), 'exclusive', { nonblocking: true }));`;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
      const [taken] = await once(worker, 'message');
      assert.equal(taken, false);
      await worker.terminate();
      closeSync(fd);
    });
  });

  describe('times', () => {
    for (const [seconds, nanoseconds] of [
      [0, 1],
      [1_700_000_000, 123_456_789],
      [-2, 999_999_999],
      [-1_000_000_000, 1],
      [2 ** 33, 0],
    ] as const) {
      it(`keeps ${seconds} s + ${nanoseconds} ns`, () => {
        const path = touch('times');
        const expected = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
        utimens(path, { seconds: 5, nanoseconds: 6 }, { seconds, nanoseconds });
        const stats = lstatSync(path, { bigint: true });
        assert.deepEqual([stats.atimeNs, stats.mtimeNs], [5_000_000_006n, expected]);
        utimens(path, epoch, epoch);
        const fd = openSync(path, 'r+');
        futimens(fd, epoch, { seconds, nanoseconds });
        closeSync(fd);
        assert.equal(lstatSync(path, { bigint: true }).mtimeNs, expected);
      });
    }

    it('distinguishes a symbolic link from its target', () => {
      const target = touch('times-target');
      symlinkSync('times-target', at('times-link'));
      const fd = openSync(at('times-link'), openFlags.path | constants.O_NOFOLLOW);
      utimens(`/proc/self/fd/${fd}`, epoch, { seconds: 7, nanoseconds: 7 });
      closeSync(fd);
      assert.equal(lstatSync(at('times-link'), { bigint: true }).mtimeNs, 7_000_000_007n);
      assert.notEqual(lstatSync(target, { bigint: true }).mtimeNs, 7_000_000_007n);
      utimens(at('times-link'), epoch, { seconds: 8, nanoseconds: 8 });
      assert.equal(lstatSync(target, { bigint: true }).mtimeNs, 8_000_000_008n);
    });
  });

  describe('extended attributes', () => {
    it('reads what setfattr wrote, and getfattr reads what was written', () => {
      const path = touch('attributes');
      execFileSync('setfattr', ['-n', 'user.one', '-v', '0x00ff0a', path]);
      setxattr(path, 'user.two', Buffer.from('zwei'));
      const fd = openSync(path, 'r');
      fsetxattr(fd, 'user.empty', Buffer.alloc(0));
      assert.deepEqual(flistxattr(fd).map(String).sort(), ['user.empty', 'user.one', 'user.two']);
      assert.deepEqual(llistxattr(path).map(String).sort(), ['user.empty', 'user.one', 'user.two']);
      assert.deepEqual(lgetxattr(path, 'user.one'), Buffer.from([0, 0xff, 0x0a]));
      assert.deepEqual(fgetxattr(fd, Buffer.from('user.two')), Buffer.from('zwei'));
      assert.deepEqual(lgetxattr(path, 'user.empty'), Buffer.alloc(0));
      assert.equal(lgetxattr(path, 'user.none'), undefined);
      assert.equal(fgetxattr(fd, 'user.none'), undefined);
      closeSync(fd);
      assert.match(
        execFileSync('getfattr', ['-d', '--absolute-names', path], { encoding: 'utf8' }),
        /user\.two="zwei"/,
      );
      removexattr(path, 'user.two');
      assert.throws(() => removexattr(path, 'user.two'), { code: 'ENODATA' });
      assert.equal(lgetxattr(path, 'user.two'), undefined);
    });

    it('returns values of the largest size, each in memory of its own', asRoot, () => {
      // On tmpfs, because ext4 has room for a block only.
      const path = join('/dev/shm', `posix-attribute-${process.pid}`);
      writeFileSync(path, '');
      try {
        setxattr(path, 'trusted.a', Buffer.alloc(65_536, 1));
        setxattr(path, 'trusted.b', Buffer.alloc(65_536, 2));
        const values = [lgetxattr(path, 'trusted.a'), lgetxattr(path, 'trusted.b')];
        assert.deepEqual(values, [Buffer.alloc(65_536, 1), Buffer.alloc(65_536, 2)]);
      } finally {
        rmSync(path);
      }
    });

    it('takes those of a symbolic link, and of its target through a descriptor', asRoot, () => {
      const target = touch('attribute-target');
      symlinkSync('attribute-target', at('attribute-link'));
      setxattr(at('attribute-link'), 'user.target', Buffer.from('t'));
      assert.deepEqual(llistxattr(target).map(String), ['user.target']);
      assert.equal(String(getxattr(at('attribute-link'), 'user.target')), 't');
      const fd = openSync(at('attribute-link'), openFlags.path | constants.O_NOFOLLOW);
      setxattr(`/proc/self/fd/${fd}`, 'trusted.link', Buffer.from('l'));
      closeSync(fd);
      assert.deepEqual(llistxattr(at('attribute-link')).map(String), ['trusted.link']);
      assert.equal(lgetxattr(at('attribute-link'), 'user.target'), undefined);
    });

    it('finds none where the file system has none', () => {
      assert.deepEqual(llistxattr('/proc/self/status'), []);
      assert.equal(lgetxattr('/proc/self/status', 'user.x'), undefined);
    });
  });

  it('makes fifos and devices with the numbers that stat(1) shows', asRoot, () => {
    const directory = openFolder();
    mknodat(directory, 'fifo', constants.S_IFIFO | 0o600);
    assert.ok(lstatSync(at('fifo')).isFIFO());
    for (const [kind, major, minor] of [
      ['c', 1, 3],
      ['b', 259, 1_048_575],
      ['c', 4095, 256],
    ] as const) {
      const name = `device-${major}`;
      mknodat(directory, name, (kind === 'c' ? constants.S_IFCHR : constants.S_IFBLK) | 0o600, { major, minor });
      assert.equal(
        execFileSync('stat', ['-c', '%t:%T', at(name)], { encoding: 'utf8' }).trim(),
        `${major.toString(16)}:${minor.toString(16)}`,
      );
      assert.deepEqual(decodeDevice(lstatSync(at(name), { bigint: true }).rdev), { major, minor });
    }
    closeSync(directory);
  });

  it('finds data and holes', () => {
    const fd = openSync(touch('holes'), 'r+');
    ftruncateSync(fd, 4 << 20);
    writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 1 << 20);
    assert.equal(seekData(fd, 0), 1 << 20);
    assert.equal(seekHole(fd, 0), 0);
    assert.equal(seekHole(fd, 1 << 20), (1 << 20) + 4096);
    assert.equal(seekData(fd, 2 << 20), undefined);
    assert.equal(seekHole(fd, 4 << 20), undefined);
    closeSync(fd);
    assert.throws(() => seekData(fd, 0), { code: 'EBADF' });
  });

  it('finds data beyond 4 GiB', () => {
    const fd = openSync(touch('large'), 'r+');
    const offset = 3 * 2 ** 40;
    writeSync(fd, Buffer.from('x'), 0, 1, offset);
    assert.equal(seekData(fd, 0), offset);
    closeSync(fd);
  });

  it('makes, links, renames and removes names below an open directory', () => {
    const directory = openFolder();
    const name = Buffer.from([0x64, 0xff, 0xfe]);
    mkdirat(directory, name, 0o700);
    assert.ok(lstatSync(Buffer.concat([Buffer.from(`${folder}/`), name])).isDirectory());
    const inner = openat(directory, name, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const file = openat(inner, 'file', constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    writeSync(file, 'text');
    closeSync(file);
    linkat({ directory: inner, name: 'file' }, { directory, name: 'linked' });
    assert.equal(lstatSync(at('linked')).nlink, 2);
    symlinkat('linked', directory, 'symbolic');
    assert.equal(fs.readlinkSync(at('symbolic')), 'linked');
    renameat({ directory: inner, name: 'file' }, { directory, name: 'renamed' }, { replace: false });
    assert.throws(() => renameat({ directory, name: 'symbolic' }, { directory, name: 'renamed' }, { replace: false }), {
      code: 'EEXIST',
    });
    renameat({ directory, name: 'symbolic' }, { directory, name: 'linked' }, { replace: true });
    assert.ok(lstatSync(at('linked')).isSymbolicLink());
    assert.equal(readFileSync(at('renamed'), 'utf8'), 'text');
    assert.throws(() => openat(directory, 'linked', constants.O_RDONLY | constants.O_NOFOLLOW), {
      code: 'ELOOP',
    });
    closeSync(inner);
    unlinkat(directory, name, 'directory');
    unlinkat(directory, 'linked');
    assert.throws(() => unlinkat(directory, 'linked'), { code: 'ENOENT' });
    closeSync(directory);
  });

  it('sets the owner of what a descriptor names, a symbolic link too', asRoot, () => {
    symlinkSync('nowhere', at('owned-link'));
    const fd = openSync(at('owned-link'), openFlags.path | constants.O_NOFOLLOW);
    fchown(fd, 4_000_000_000, 12);
    closeSync(fd);
    const stats = lstatSync(at('owned-link'));
    assert.deepEqual([stats.uid, stats.gid], [4_000_000_000, 12]);
  });
});

const epoch: Timespec = { seconds: 0, nanoseconds: 0 };
