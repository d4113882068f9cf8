import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createExtractor } from '#src/archive/extract/extractor';
import type { FailedEntry } from '#src/archive/extract/target-failure';
import { directory, file, outside, restore, symlink, to, version } from '#test/archive/extract/extract-bench';
import { extendedHeader, fileMember, paxRecord } from '#test/support/tar-bytes';
import { streamOf } from '#test/support/tar-streams';

describe('nothing leaves the directory', () => {
  for (const path of [
    '../outside/x',
    '/../outside/x',
    '/a/../../outside/x',
    '/a/./b',
    '//a',
    '/a//b',
    '/a/',
    'a',
    '/a\0b',
    '',
  ]) {
    it(`by the path ${JSON.stringify(path)} of a catalog`, async () => {
      const [stream] = file('/a');
      const result = await restore([[stream, version(path, 'file', 'content')]]);
      assert.deepEqual(result.codes, ['restore.path-refused']);
      assert.deepEqual(readdirSync(to), []);
    });
  }

  it('by a path of the archive that the catalog does not know', async () => {
    for (const name of ['../outside/x', '/etc/x', 'a/../../outside/x', 'other']) {
      const stream = streamOf(fileMember(name, 'content'));
      const result = await restore([[stream, version('/a', 'file', 'content')]]);
      assert.match(result.codes.join(), /^archive\.(damaged|wrong-member)$/);
    }
    assert.deepEqual(readdirSync(to), []);
  });

  it('through a symbolic link that was there before', async () => {
    symlinkSync(outside, join(to, 'a'));
    mkdirSync(join(to, 'b'));
    symlinkSync('../../outside', join(to, 'b/c'));
    const result = await restore([file('/a/x'), file('/b/c/x'), directory('/a/d'), file('/b/c/d/e')], {
      overwrite: true,
    });
    assert.deepEqual(result.codes, ['restore.blocked', 'restore.blocked', 'restore.blocked', 'restore.blocked']);
    assert.match(result.failed[1]?.message ?? '', /to\/b\/c: is not a directory \(perhaps a symbolic link/);
  });

  it('through a symbolic link that was restored before', async () => {
    const result = await restore([symlink('/a', outside), file('/a/x'), directory('/a'), file('/a/y')]);
    assert.deepEqual(result.codes, ['restore.blocked', 'restore.exists', 'restore.blocked']);
    assert.equal(readlinkSync(join(to, 'a')), outside);
  });

  it('through a directory that becomes a symbolic link while a file in it is restored', async () => {
    const [stream, wanted] = file('/a/x');
    const { read } = stream;
    let calls = 0;
    stream.read = (length) => {
      calls += 1;
      // Behind the header: the directory is open, the content is not written.
      if (calls === 2) {
        renameSync(join(to, 'a'), join(to, 'moved'));
        symlinkSync(outside, join(to, 'a'));
      }
      return read.call(stream, length);
    };
    const result = await restore([[stream, wanted], file('/a/y'), file('/b/z')]);
    assert.equal(calls, 2);
    assert.deepEqual([result.codes, readdirSync(to).sort()], [[], ['a', 'b', 'moved']]);
    assert.deepEqual(readdirSync(join(to, 'moved')).sort(), ['x', 'y']);
  });

  it('through the metadata of a directory that became a symbolic link', async () => {
    const before = lstatSync(outside).mode;
    const failed: FailedEntry[] = [];
    using extractor = createExtractor({ directory: to, overwrite: true, onFailed: (failure) => failed.push(failure) });
    await extractor.extract(...directory('/a', '0000777\0'));
    rmSync(join(to, 'a'), { recursive: true });
    symlinkSync(outside, join(to, 'a'));
    await extractor.finish();
    assert.deepEqual(
      failed.map(({ code }) => code),
      ['restore.blocked'],
    );
    assert.equal(lstatSync(outside).mode, before);
  });

  it('by a further name that leads out', async () => {
    symlinkSync(outside, join(to, 'l'));
    const [stream, wanted] = file('/a');
    const names = ['/../outside/x', '/l/x', '/b'].map((name) => Buffer.from(name));
    const result = await restore([[stream, { ...wanted, names }]]);
    assert.deepEqual(result.codes, ['restore.path-refused', 'restore.blocked']);
    assert.equal(lstatSync(join(to, 'b')).ino, lstatSync(join(to, 'a')).ino);
  });

  it('and a file for a fifo or a link that stands there is not written into it', async () => {
    execFileSync('mkfifo', [join(to, 'fifo')]);
    symlinkSync(join(outside, 'precious'), join(to, 'link'));
    assert.deepEqual((await restore([file('/fifo'), file('/link')])).codes, ['restore.exists', 'restore.exists']);
    assert.deepEqual((await restore([file('/fifo'), file('/link')], { overwrite: true })).codes, []);
  });
});

describe('anything at all', () => {
  it('is restored, or fails by name, and never outside', async () => {
    const whole = Buffer.concat([
      extendedHeader(paxRecord('path', 'a/b'), paxRecord('mtime', '1.5'), paxRecord('GNU.sparse.name', 'a/b')),
      fileMember('b', 'content'),
    ]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.nat(whole.length),
        async (changes, length) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          const stream = streamOf(bytes.subarray(0, length));
          const { codes, files } = await restore([[stream, version('/a/b', 'file', 'content')]], { overwrite: true });
          assert.equal(files + codes.filter((code) => code !== 'restore.metadata-lost').length, 1);
          if (files === 1) assert.equal(readFileSync(join(to, 'a/b'), 'utf8'), 'content');
        },
      ),
      { numRuns: 400 },
    );
  });
});
