import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { type WalkedMember, type WalkOptions, walkMembers } from '#src/archive/tar/walk-members';
import { endOfArchive, extendedHeader, fileMember, headerBlock, paxRecord } from '#test/support/tar-bytes';
import { streamOf } from '#test/support/tar-streams';

async function walk(stream: PayloadStream, options: WalkOptions = { digests: true }) {
  const members: WalkedMember[] = [];
  const walking = walkMembers(stream, options);
  for (;;) {
    const step = await walking.next();
    if (step.done) return { members, closed: step.value.closed };
    members.push(step.value);
  }
}

const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

describe('walkMembers', () => {
  it('finds what GNU tar lists, where it says, with the digests of the files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'walk-'));
    mkdirSync(join(folder, 'tree/d'), { recursive: true });
    for (const size of [0, 1, 511, 512, 513, 300_000])
      writeFileSync(join(folder, `tree/d/${size}`), Buffer.alloc(size, size));
    writeFileSync(join(folder, `tree/${'long'.repeat(50)}`), 'long');
    writeFileSync(join(folder, 'tree/holes'), Buffer.alloc(4096, 1));
    truncateSync(join(folder, 'tree/holes'), 1_000_001);
    const options = ['--posix', '--sparse', '--sparse-version=1.0', '-C', folder, '--sort=name'];
    const tar = execFileSync('tar', [...options, '-cf', '-', 'tree'], { maxBuffer: 1 << 24 });
    const listed = execFileSync('tar', ['-tRf', '-'], { input: tar, encoding: 'utf8' });
    const { members, closed } = await walk(streamOf(tar));
    assert.equal(closed, true);
    const expected = listed.split('\n').filter((line) => line.includes(': tree'));
    // GNU tar counts from the plain header in blocks; the extended one takes two.
    assert.deepEqual(
      members.map(
        ({ header, place }) =>
          `block ${place.offset / 512 + 2}: ${header.path}${header.type === 'directory' ? '/' : ''}`,
      ),
      expected,
    );
    for (const { header, sha256: found } of members) {
      const content = header.type === 'file' ? sha256(readFileSync(join(folder, String(header.path)))) : undefined;
      assert.equal(found?.toString('hex'), content, String(header.path));
    }
    rmSync(folder, { recursive: true });
  });

  it('begins at a first header, and ends where the segments do', async () => {
    const [one, two, three] = [fileMember('one', 'x'.repeat(2000)), fileMember('two', 'y'), fileMember('three', 'z')];
    const bytes = Buffer.concat([one, two, three]);
    const stream = streamOf(bytes.subarray(0, 1024), bytes.subarray(1024));
    await stream.seek({ segment: 2, offset: one.length - 1024 });
    const { members, closed } = await walk(stream);
    assert.equal(closed, false);
    assert.deepEqual(
      members.map(({ header, place }) => [String(header.path), place]),
      [
        ['two', { segment: 2, offset: one.length - 1024 }],
        ['three', { segment: 2, offset: one.length - 1024 + two.length }],
      ],
    );
  });

  it('passes over data unread when no digests are asked for', async () => {
    const stream = streamOf(
      Buffer.concat([fileMember('one', 'x'.repeat(2_000_000)), fileMember('two', 'y'), endOfArchive]),
    );
    const { members } = await walk(stream, { digests: false });
    assert.deepEqual(
      members.map(({ sha256: found }) => found),
      [undefined, undefined],
    );
  });

  it('complains where a member is cut off, and after the last whole one', async () => {
    const bytes = Buffer.concat([fileMember('one', 'x'), fileMember('two', 'y'.repeat(1000))]);
    for (const digests of [true, false]) {
      for (const length of [1024 + 100, 1024 + 512, 1024 + 1000, 1024 + 512 + 1000]) {
        const walking = walkMembers(streamOf(bytes.subarray(0, length)), { digests });
        assert.equal((await walking.next()).done, false);
        await assert.rejects(walking.next(), { code: 'archive.truncated' }, `${length}`);
      }
    }
  });

  it('can be interrupted in a hole without end', async () => {
    const controller = new AbortController();
    const records = [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'hole'],
      ['GNU.sparse.realsize', String(Number.MAX_SAFE_INTEGER)],
    ] as const;
    const bytes = Buffer.concat([
      extendedHeader(...records.map(([key, value]) => paxRecord(key, value))),
      fileMember('hole', '0\n'.padEnd(512, '\0')),
    ]);
    setImmediate(() => controller.abort());
    await assert.rejects(walk(streamOf(bytes), { digests: true, signal: controller.signal }), {
      code: 'command.interrupted',
    });
  });

  it('complains at what is behind a member and is none', async () => {
    const bytes = Buffer.concat([fileMember('one', 'x'), headerBlock({ name: 'two', typeFlag: '9' })]);
    await assert.rejects(walk(streamOf(bytes)), {
      code: 'archive.damaged',
      message: /segment 1, byte 1024 .*unknown type "9"/,
    });
  });
});
