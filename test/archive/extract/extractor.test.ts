import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { WantedVersion } from '#src/archive/extract/extractor';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { GrandsireError } from '#src/base/errors';
import {
  asRoot,
  directory,
  file,
  folder,
  outside,
  restore,
  root,
  sha256,
  symlink,
  to,
  version,
} from '#test/archive/extract/extract-bench';
import { endOfArchive, extendedHeader, fileMember, headerBlock, paxRecord } from '#test/support/tar-bytes';
import { furtherName, streamOf } from '#test/support/tar-streams';

describe('what exists', () => {
  it('is refused by name and left, and the rest goes on', async () => {
    mkdirSync(join(to, 'a'));
    writeFileSync(join(to, 'a/b'), 'mine');
    const result = await restore([file('/a/b'), file('/a/c')]);
    assert.deepEqual(result.codes, ['restore.exists']);
    assert.equal(String(result.failed[0]?.path), '/a/b');
    assert.match(result.failed[0]?.message ?? '', /\/to\/a\/b: exists already/);
    assert.equal(readFileSync(join(to, 'a/b'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(to, 'a/c'), 'utf8'), 'content');
    assert.deepEqual([result.files, result.bytes], [1, 7]);
  });

  it('is refused before a large file is written', async () => {
    writeFileSync(join(to, 'a'), 'mine');
    let read = 0;
    const content = 'x'.repeat(1 << 20);
    const [stream, wanted] = file('/a', content);
    const readSome = stream.readSome.bind(stream);
    stream.readSome = (maximum) => {
      read += 1;
      return readSome(maximum);
    };
    assert.deepEqual((await restore([[stream, wanted]])).codes, ['restore.exists']);
    assert.equal(read, 0);
  });

  it('is replaced with overwrite: a file, a symbolic link itself, something for a directory', async () => {
    writeFileSync(join(to, 'a'), 'mine');
    symlinkSync(join(outside, 'precious'), join(to, 'b'));
    symlinkSync(outside, join(to, 'c'));
    const result = await restore([file('/a'), file('/b'), directory('/c'), file('/c/d')], { overwrite: true });
    assert.deepEqual(result.failed, []);
    assert.equal(readFileSync(join(to, 'b'), 'utf8'), 'content');
    assert.ok(lstatSync(join(to, 'b')).isFile());
    assert.ok(lstatSync(join(to, 'c')).isDirectory());
    assert.equal(readFileSync(join(to, 'c/d'), 'utf8'), 'content');
  });

  it('is kept where it is a directory and something else is wanted, whatever is asked', async () => {
    mkdirSync(join(to, 'a'));
    writeFileSync(join(to, 'a/b'), '');
    mkdirSync(join(to, 'empty'));
    const result = await restore([file('/a'), file('/empty'), symlink('/empty', 'x')], { overwrite: true });
    assert.deepEqual(result.codes, ['restore.exists', 'restore.exists', 'restore.exists']);
    assert.ok(existsSync(join(to, 'a/b')));
  });

  it('is merged where both are directories, and given the metadata', async () => {
    mkdirSync(join(to, 'a'), { mode: 0o700 });
    writeFileSync(join(to, 'a/mine'), 'mine');
    assert.deepEqual((await restore([directory('/a'), file('/a/b')])).failed, []);
    assert.deepEqual(readdirSync(join(to, 'a')).sort(), ['b', 'mine']);
    assert.equal(lstatSync(join(to, 'a')).mode & 0o777, 0o755);
    assert.equal(lstatSync(join(to, 'a')).mtimeMs, 7000);
  });

  it('is a directory that becomes one: refused without overwrite', async () => {
    writeFileSync(join(to, 'a'), 'mine');
    assert.deepEqual((await restore([directory('/a')])).codes, ['restore.exists']);
  });
});

describe('directories', () => {
  it('that may not be written or searched are filled first', async () => {
    const order = [directory('/a', '0000000\0'), directory('/a/b', '0000555\0'), file('/a/b/c'), file('/a/d')];
    assert.deepEqual((await restore(order)).failed, []);
    assert.equal(lstatSync(join(to, 'a')).mode & 0o777, 0);
    execFileSync('chmod', ['700', join(to, 'a')]);
    assert.equal(lstatSync(join(to, 'a/b')).mode & 0o777, 0o555);
    assert.equal(lstatSync(join(to, 'a/b')).mtimeMs, 7000);
    assert.equal(readFileSync(join(to, 'a/b/c'), 'utf8'), 'content');
  });

  it('that nobody described are made for what is in them', async () => {
    assert.deepEqual((await restore([file('/a/b/c')])).failed, []);
    assert.equal(lstatSync(join(to, 'a')).mode & 0o777, 0o777 & ~process.umask());
  });

  it('far more than are kept open, deeper than that too, and described after their content', async () => {
    const deep = `/${Array.from({ length: 200 }, (_, index) => `d${index}`).join('/')}`;
    const pairs = Array.from({ length: 300 }, (_, index) => file(`/w${index % 150}/f${index}`));
    const deepFile: [PayloadStream, WantedVersion] = [
      streamOf(Buffer.concat([extendedHeader(paxRecord('path', `${deep.slice(1)}/f`)), fileMember('f', 'deep')])),
      version(`${deep}/f`, 'file', 'deep'),
    ];
    const result = await restore([...pairs, deepFile, ...pairs.slice(0, 1).map(() => directory('/d0'))]);
    assert.deepEqual(result.failed, []);
    assert.equal(readFileSync(join(to, deep, 'f'), 'utf8'), 'deep');
    assert.equal(readdirSync(to).length, 151);
    assert.equal(lstatSync(join(to, 'd0')).mtimeMs, 7000);
  });

  it('beyond what is remembered in memory get their metadata all the same', async () => {
    const records = paxRecord('SCHILY.acl.default', `${'user::rwx,group::r-x,other::r-x'}#${'x'.repeat(40_000)}`);
    const pairs = Array.from({ length: 200 }, (_, index): [PayloadStream, WantedVersion] => [
      streamOf(
        Buffer.concat([extendedHeader(records), headerBlock({ name: `d${index}`, typeFlag: '5', mode: '0000711\0' })]),
      ),
      version(`/d${index}`, 'directory'),
    ]);
    assert.deepEqual((await restore(pairs)).failed, []);
    for (const name of readdirSync(to)) assert.equal(lstatSync(join(to, name)).mode & 0o777, 0o711, name);
    assert.equal(readdirSync(to).length, 200);
  });

  it('the root of all is the directory itself', async () => {
    const stream = streamOf(headerBlock({ name: './', typeFlag: '5', mode: '0000751\0', mtime: '00000000007\0' }));
    assert.deepEqual((await restore([[stream, version('/', 'directory')]])).failed, []);
    assert.equal(lstatSync(to).mode & 0o777, 0o751);
  });

  it('with a default ACL give none of it to what had none', {
    skip: spawnSync('setfacl', ['--version']).error !== undefined,
  }, async () => {
    execFileSync('setfacl', ['-d', '-m', 'u:12345:rwx', to]);
    assert.deepEqual((await restore([directory('/a'), file('/a/b'), file('/c')])).failed, []);
    const shown = execFileSync('getfacl', ['-ns', '-R', '--absolute-names', join(to, 'a'), join(to, 'c')], {
      encoding: 'utf8',
    });
    assert.equal(shown.trim(), '');
  });
});

describe('further names', () => {
  const names = (...paths: readonly string[]): Buffer[] => paths.map((path) => Buffer.from(path));
  const inodes = (...paths: readonly string[]): number =>
    new Set(paths.map((path) => lstatSync(join(to, path)).ino)).size;

  it('are one inode', async () => {
    const [stream, wanted] = file('/a/1');
    const result = await restore([[stream, { ...wanted, names: names('/a/2', '/b/c/3') }]]);
    assert.deepEqual([result.failed, result.files, result.bytes], [[], 3, 7]);
    assert.equal(inodes('a/1', 'a/2', 'b/c/3'), 1);
  });

  it('are restored where the first cannot be', async () => {
    mkdirSync(join(to, 'a'));
    writeFileSync(join(to, 'a/1'), 'mine');
    writeFileSync(join(to, 'b'), 'not a directory');
    const [stream, wanted] = file('/b/0');
    const result = await restore([[stream, { ...wanted, names: names('/a/1', '/c/2', '/d/3') }]]);
    assert.deepEqual([result.codes, result.files], [['restore.blocked', 'restore.exists'], 2]);
    assert.equal(inodes('c/2', 'd/3'), 1);
  });

  it('replace what exists with overwrite, also themselves', async () => {
    const pair = (): [PayloadStream, WantedVersion] => {
      const [stream, wanted] = file('/a');
      return [stream, { ...wanted, names: names('/b', '/b') }];
    };
    writeFileSync(join(to, 'b'), 'mine');
    assert.deepEqual((await restore([pair()], { overwrite: true })).failed, []);
    assert.deepEqual((await restore([pair()], { overwrite: true })).failed, []);
    assert.equal(inodes('a', 'b'), 1);
    assert.equal(lstatSync(join(to, 'a')).nlink, 2);
  });

  it('can be asked for without the first', async () => {
    const [stream, wanted] = file('/first');
    const result = await restore([[stream, furtherName(wanted, Buffer.from('/second'))]]);
    assert.deepEqual([result.failed, readdirSync(to)], [[], ['second']]);
  });

  it('in more directories than are kept open', async () => {
    const [stream, wanted] = file('/a');
    const many = Array.from({ length: 200 }, (_, index) => `/d${index}/x/y`);
    const result = await restore([[stream, { ...wanted, names: names(...many) }]]);
    assert.deepEqual([result.failed, result.files], [[], 201]);
    assert.equal(lstatSync(join(to, 'a')).nlink, 201);
  });

  it('are copies on another device', asRoot, async () => {
    mkdirSync(join(to, 'other'));
    if (spawnSync('mount', ['-t', 'tmpfs', 'none', join(to, 'other')]).status !== 0) return;
    try {
      const content = 'x'.repeat(300_000);
      const [stream, wanted] = file('/a', content);
      const result = await restore([[stream, { ...wanted, names: names('/other/b', '/other/c') }]]);
      assert.deepEqual([result.failed, result.files], [[], 3]);
      assert.equal(readFileSync(join(to, 'other/b'), 'utf8'), content);
      assert.equal(lstatSync(join(to, 'other/b')).mtimeMs, 0);
      assert.deepEqual(readdirSync(join(to, 'other')).sort(), ['b', 'c']);
    } finally {
      execFileSync('umount', [join(to, 'other')]);
    }
  });
});

describe('what is not what was backed up', () => {
  for (const size of [7, 300_000]) {
    it(`is not put in place: a digest that differs, of ${size} bytes`, async () => {
      const [stream, wanted] = file('/a/b', 'x'.repeat(size));
      const result = await restore([[stream, { ...wanted, sha256: sha256('other') }], file('/a/c')]);
      assert.deepEqual(result.codes, ['restore.digest-differs']);
      assert.deepEqual(readdirSync(join(to, 'a')), ['c']);
    });

    it(`is not put in place: a stream that ends early, of ${size} bytes`, async () => {
      const whole = fileMember('a', 'x'.repeat(size));
      for (const length of [0, 100, 512, 513, whole.length - 513, 512 + size - 1]) {
        const stream = streamOf(whole.subarray(0, length));
        const result = await restore([[stream, version('/a', 'file', 'x'.repeat(size))]]);
        assert.deepEqual(result.codes, ['archive.truncated'], String(length));
      }
      assert.deepEqual(readdirSync(to), []);
    });
  }

  it('is another type, another size, or the end', async () => {
    const wanted = version('/a', 'file', 'content');
    const streams = [
      streamOf(headerBlock({ name: 'a', typeFlag: '2', linkName: 'x' })),
      streamOf(headerBlock({ name: 'a', typeFlag: '1', linkName: 'x' })),
      streamOf(fileMember('a', 'contents')),
      streamOf(endOfArchive),
    ];
    for (const stream of streams) assert.deepEqual((await restore([[stream, wanted]])).codes, ['archive.wrong-member']);
    assert.deepEqual(readdirSync(to), []);
  });
});

describe('the end of a restore', () => {
  it('is a full disk, which is said', asRoot, async () => {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', to]).status !== 0) return;
    try {
      await assert.rejects(restore([file('/a', 'x'.repeat(1 << 20))]), (error) => {
        assert.ok(error instanceof GrandsireError);
        assert.equal(error.code, 'restore.disk-full');
        assert.match(error.message, /to\/a: there is no room left/);
        return true;
      });
      assert.deepEqual(readdirSync(to), []);
    } finally {
      execFileSync('umount', [to]);
    }
  });

  it('is an interruption, in the middle of a large file too', async () => {
    const controller = new AbortController();
    const [stream, wanted] = file('/b', 'x'.repeat(1 << 20));
    const readSome = stream.readSome.bind(stream);
    stream.readSome = (maximum) => {
      controller.abort();
      return readSome(maximum);
    };
    await assert.rejects(restore([file('/a'), [stream, wanted]], { signal: controller.signal }), {
      code: 'command.interrupted',
    });
    assert.deepEqual(readdirSync(to), ['a']);
  });

  it('is a failure of the source, which is passed on as it is', async () => {
    const [stream, wanted] = file('/a', 'x'.repeat(1 << 20));
    const failure = Object.assign(new Error('read error'), { code: 'EIO', errno: -5 });
    stream.readSome = () => Promise.reject(failure);
    await assert.rejects(restore([[stream, wanted]]), failure);
    assert.deepEqual(readdirSync(to), []);
  });
});

describe('without root', { skip: !root && 'needs root to become somebody else' }, () => {
  it('everything is restored but owners, and set-id bits of others are not', () => {
    const program = `
      import { createExtractor } from ${JSON.stringify(new URL('../../../src/archive/extract/extractor.js', import.meta.url).href)};
      import { streamOf } from ${JSON.stringify(new URL('../../support/tar-streams.js', import.meta.url).href)};
      import { fileMember, headerBlock } from ${JSON.stringify(new URL('../../support/tar-bytes.js', import.meta.url).href)};
      const failed = [];
      const extractor = createExtractor({ directory: process.argv[1], overwrite: false, onFailed: ({ code, path }) => failed.push([code, String(path)]) });
      const version = (path, type) => ({ path: Buffer.from(path), type, sizeBytes: type === 'file' ? 1 : 0, flags: 0, segment: 1, offset: 0 });
      process.setgid(65534); process.setuid(65534);
      await extractor.extract(streamOf(headerBlock({ name: 'a/', typeFlag: '5', mode: '0000000\\0', uid: '0000005\\0' })), version('/a', 'directory'));
      await extractor.extract(streamOf(headerBlock({ name: 'a/b/', typeFlag: '5', mode: '0000500\\0' })), version('/a/b', 'directory'));
      await extractor.extract(streamOf(fileMember('a/b/c', 'x', { mode: '0006755\\0' })), version('/a/b/c', 'file'));
      await extractor.extract(streamOf(headerBlock({ name: 'n', typeFlag: '3', deviceMajor: '0000001\\0' })), version('/n', 'character-device'));
      await extractor.finish();
      console.log(JSON.stringify(failed));`;
    execFileSync('chmod', ['755', folder]);
    execFileSync('chown', ['65534:65534', to]);
    const options = { encoding: 'utf8' as const, cwd: dirname(import.meta.dirname) };
    // Its own processes: a process cannot become root again.
    const run = `const ownership = false; ${program.replace('overwrite: false,', 'overwrite: false, ownership,')}`;
    const shown = execFileSync(process.execPath, ['--input-type=module', '-e', run, to], options);
    assert.equal(shown.trim(), '[["restore.write-failed","/n"]]');
    assert.equal(lstatSync(join(to, 'a')).mode & 0o7777, 0);
    assert.equal(lstatSync(join(to, 'a/b')).mode & 0o7777, 0o500);
    const { uid, mode } = lstatSync(join(to, 'a/b/c'));
    assert.deepEqual([uid, mode & 0o7777], [65_534, 0o755]);
  });
});
