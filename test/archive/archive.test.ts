import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type ArchiveOptions, type ArchiveResult, archive } from '#src/archive/archive';
import { ArchiveThreads } from '#src/archive/archive-threads';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import { GrandsireError } from '#src/base/errors';
import { xxh64 } from '#src/base/xxh64';
import { parseIndexLine } from '#src/volume/index-line';
import { describeTree, makeEveryKind } from '#test/archive/every-kind';
import { FolderSink, RowCollector } from '#test/archive/folder-sink';

const folder = mkdtempSync(join(tmpdir(), 'archive-'));
const source = join(folder, 'source');
let runs = 0;

before(() => {
  mkdirSync(source);
  makeEveryKind(source);
});
after(() => rmSync(folder, { recursive: true }));

interface Archived {
  readonly result: ArchiveResult;
  readonly sink: FolderSink;
  readonly rows: RowCollector;
  readonly warnings: readonly ArchiveWarning[];
  /** All payloads, one behind the other. */
  readonly stream: string;
  readonly lines: readonly NonNullable<ReturnType<typeof parseIndexLine>>[];
}

async function run(options: Partial<ArchiveOptions> & { readonly root?: string } = {}): Promise<Archived> {
  runs += 1;
  const target = join(folder, `run-${runs}`);
  mkdirSync(target);
  const sink = new FolderSink(target);
  const rows = new RowCollector();
  const warnings: ArchiveWarning[] = [];
  const selection = { roots: [Buffer.from(options.root ?? source)], excludes: [], never: [], oneFileSystem: false };
  const result = await archive({
    selection,
    segmentBytes: 1 << 30,
    sink,
    versions: rows,
    scratchDirectory: target,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  const stream = join(target, 'stream.tar');
  writeFileSync(stream, '');
  for (const { number } of sink.finished) appendFileSync(stream, readFileSync(sink.path(number)));
  const lines = sink.indexLines.map(parseIndexLine).filter((line) => line !== undefined);
  assert.equal(lines.length, sink.indexLines.length, 'every index line can be read');
  return { result, sink, rows, warnings, stream, lines };
}

/** What GNU tar makes of the stream. */
function extract(stream: string): string {
  const into = `${stream}.d`;
  mkdirSync(into);
  const options = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls', '--delay-directory-restore'];
  execFileSync('tar', [...options, '-xpf', stream, '-C', into], { stdio: ['ignore', 'ignore', 'pipe'] });
  return join(into, source);
}

const isRoot = process.getuid?.() === 0;

describe('a tree with every kind of entry', { skip: !isRoot && 'device nodes and owners need root' }, () => {
  it('is the same after GNU tar has extracted the stream', async () => {
    const { result, stream, warnings } = await run();
    assert.deepEqual(warnings, []);
    const extracted = extract(stream);
    assert.ok(describeTree(source).includes('user:12345:r--'), 'the comparison sees ACLs');
    assert.equal(describeTree(extracted), describeTree(source));
    assert.ok(statSync(join(extracted, 'hole at the end')).blocks < 1000, 'holes are holes again');
    assert.equal(result.segments, 1);
  });

  it('is the same wherever the stream is cut', async () => {
    const expected = describeTree(source);
    const sizes = fc.integer({ min: 16, max: 400 }).map((blocks) => blocks * 512);
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 3 }), async (segmentBytes, fillers) => {
        const { result, sink, stream } = await run({ segmentBytes, threads: new ArchiveThreads(fillers) });
        assert.equal(describeTree(extract(stream)), expected);
        assert.equal(result.segments, sink.finished.length);
        for (const segment of sink.finished) {
          const payload = readFileSync(sink.path(segment.number));
          assert.ok(payload.length <= segmentBytes, 'no segment is longer than it may be');
          assert.equal(payload.length, segment.payloadBytes);
          assert.equal(xxh64(payload), segment.xxh64);
          const before = sink.finished[segment.number - 2];
          assert.deepEqual(segment.startsInside, before?.endsInside);
          // What follows the offset is a stream of its own: a member's header.
          if (segment.firstHeader !== undefined && segment.number < sink.finished.length) {
            assert.equal(payload.toString('latin1', segment.firstHeader + 257, segment.firstHeader + 262), 'ustar');
          }
        }
      }),
      { numRuns: 6 },
    );
  });

  it('is listed in the index with the digest of each content', async () => {
    const { lines } = await run({ segmentBytes: 64 * 512 });
    const files = lines.filter(({ type }) => type === 'file');
    assert.ok(files.length > 10);
    for (const { path, sha256, sizeBytes, mtime } of files) {
      const digest = createHash('sha256').update(readFileSync(path)).digest();
      assert.deepEqual(sha256, digest, path.toString('latin1'));
      const stat = statSync(path, { bigint: true });
      assert.equal(BigInt(sizeBytes), stat.size);
      assert.equal(BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds), stat.mtimeNs);
    }
  });

  it('lists a further name of an inode with the place of the first', async () => {
    const { lines } = await run();
    const named = (name: string) => lines.find(({ path }) => path.toString() === join(source, name));
    const first = named('small');
    const link = named('deep/link');
    assert.equal(first?.hardLink, false);
    assert.equal(link?.hardLink, true);
    assert.deepEqual([link.segment, link.offset, link.sha256], [first.segment, first.offset, first.sha256]);
  });

  it('has a member where the index says', async () => {
    const { lines, sink } = await run({ segmentBytes: 96 * 512 });
    for (const { segment, offset } of lines) {
      const fd = openSync(sink.path(segment), 'r');
      const magic = Buffer.alloc(5);
      readSync(fd, magic, 0, 5, offset + 257);
      closeSync(fd);
      assert.equal(magic.toString(), 'ustar');
    }
  });
});

describe('what is selected', () => {
  it('leaves out what matches a pattern, with all below it', async () => {
    const root = join(folder, 'selected');
    for (const name of ['.cache/x', 'a/.cache/y', 'a/keep', 'b.o', 'a/c.o']) {
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), name);
    }
    const selection = {
      roots: [Buffer.from(root)],
      excludes: ['**/.cache/**', '*.o'],
      never: [],
      oneFileSystem: false,
    };
    const { lines } = await run({ selection });
    assert.deepEqual(
      lines.map(({ path }) => path.toString().slice(root.length)),
      ['', '/a', '/a/keep'],
    );
  });

  it('never holds the staging area itself, and says so', async () => {
    const root = join(folder, 'own');
    mkdirSync(join(root, 'staging'), { recursive: true });
    const never = [Buffer.from(join(root, 'staging'))];
    const selection = { roots: [Buffer.from(root)], excludes: [], never, oneFileSystem: false };
    const { lines, warnings } = await run({ selection });
    assert.deepEqual(
      lines.map(({ path }) => path.toString()),
      [root],
    );
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['file.skipped'],
    );
  });

  it('reports a root that is missing, and records no deletions then', async () => {
    const { result, warnings } = await run({ root: join(folder, 'nowhere') });
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['file.root-missing'],
    );
    assert.equal(result.failedRoots.length, 1);
    assert.equal(result.segments, 0);
  });
});

describe('a run that cannot go on', () => {
  it('ends with the failure of the sink, and abandons what was begun', async () => {
    const target = join(folder, 'failing');
    mkdirSync(target);
    const sink = new FolderSink(target);
    const failure = new GrandsireError('staging.full', { message: 'full', remedy: 'none' });
    sink.finish = async () => {
      throw failure;
    };
    await assert.rejects(run({ sink, segmentBytes: 64 * 512, root: join(process.cwd(), 'dist/src/archive') }), failure);
    assert.equal(sink.abandoned, true);
    assert.equal(existsSync(sink.path(1)), false);
  });

  it('ends when the signal fires, without waiting for a sink that does not answer', async () => {
    const target = join(folder, 'interrupted');
    mkdirSync(target);
    const sink = new FolderSink(target);
    const controller = new AbortController();
    sink.begin = async () => {
      controller.abort();
      return new Promise<number>(() => undefined);
    };
    await assert.rejects(run({ sink, signal: controller.signal }), { code: 'command.interrupted' });
    assert.equal(sink.abandoned, true);
  });
});
