import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GrandsireError } from '#src/base/errors';
import { xxh64 } from '#src/base/xxh64';
import { parseDeletionLine, parseIndexLine } from '#src/volume/index-line';
import { type IndexEvent, packFile, packIndex, readIndex } from '#src/volume/index-payload';
import type { DataSetIndexRecord } from '#src/volume/index-record';
import { withFolder } from '#test/catalog/engines';

const record: DataSetIndexRecord = {
  dataSet: 'home-20261122T220000Z',
  backupSet: 'home',
  level: 'incremental',
  base: 'home-20261120T220000Z',
  state: 'complete',
  startedAt: '2026-11-22T22:00:00.000Z',
  finishedAt: '2026-11-22T22:10:00.000Z',
  runDay: '2026-11-22',
  timeZone: 'Europe/London',
  library: 'main',
  pool: 'daily',
  rotation: 'office',
  tier: 'son',
  protection: { kind: 'until', freeOn: '2026-12-06', timeZone: 'Europe/London' },
  files: 2,
  bytes: 7,
  warnings: [{ pathBytes: 'L2hvbWUvYQ==', code: 'file.changed', message: 'it changed while it was read' }],
  fileSystems: [{ pathBytes: 'L2hvbWU=', device: '254:0' }],
  segments: [
    {
      number: 1,
      payloadBytes: 10240,
      payloadXxh64: '44bc2cf5ad770999',
      codecs: [],
      startsInside: null,
      endsInside: { pathBytes: 'L2hvbWUvYQ==', offset: 512 },
      firstHeader: 0,
      copies: [
        { volume: '8f14e45f-ceea-467f-a8f9-3b0d2f1c9f10', barcode: 'G00001L9', tapeFile: 1, block: 3, blocks: 2 },
      ],
    },
  ],
};

const line =
  '{"path":"/home/a","type":"file","mode":33188,"uid":0,"gid":0,"size":7,"mtime":"-2.500000000","ctime":"1.000000001",' +
  `"inode":"18446744073709551615","sha256":"${'ab'.repeat(32)}","segment":1,"offset":512,"young":true}`;

async function pack(folder: string) {
  writeFileSync(join(folder, 'part'), `${line}\n`.repeat(12_000));
  writeFileSync(
    join(folder, 'deletions'),
    '{"path":"/home/gone"}\n{"path":"/home/\\\\xFF","pathBytes":"L2hvbWUv/w=="}\n',
  );
  return packIndex(
    {
      record,
      parts: [{ segment: 1, path: join(folder, 'part') }],
      deletionsPath: join(folder, 'deletions'),
      writtenAtSeconds: 1_795_000_000,
    },
    join(folder, 'index.tar.zst'),
  );
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  const reused = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(reused, 0, at, at + size);
    yield reused.subarray(0, length);
  }
}

async function readAll(bytes: Buffer, size = 64 * 1024): Promise<IndexEvent[]> {
  const events: IndexEvent[] = [];
  for await (const event of readIndex(inPieces(bytes, size), 'the test')) events.push(event);
  return events;
}

describe('index tape file', () => {
  it('is read by zstd and tar alone', async () => {
    await withFolder(async (folder) => {
      const packed = await pack(folder);
      assert.equal(xxh64(readFileSync(packed.path)), packed.payloadXxh64);
      assert.equal(readFileSync(packed.path).length, packed.payloadBytes);
      const listed = execFileSync('bash', ['-c', `zstd -dc ${packed.path} | tar -tf -`]).toString();
      assert.deepEqual(listed.trim().split('\n'), [
        '.grandsire/home-20261122T220000Z/index/data-set.json',
        '.grandsire/home-20261122T220000Z/index/files-00001.jsonl',
        '.grandsire/home-20261122T220000Z/index/deletions.jsonl',
      ]);
      const extract = `zstd -dc ${packed.path} | tar -xOf - .grandsire/home-20261122T220000Z/index/data-set.json`;
      assert.equal(
        JSON.parse(execFileSync('bash', ['-c', extract]).toString()).segments[0].copies[0].barcode,
        'G00001L9',
      );
    });
  });

  it('comes back as it was written, from blocks whose buffer is used again', async () => {
    await withFolder(async (folder) => {
      const { path } = await pack(folder);
      const events = await readAll(readFileSync(path), 1000);
      assert.deepEqual(events[0], { kind: 'record', record });
      const files = events.flatMap((event) => (event.kind === 'files' ? event.lines : []));
      assert.equal(files.length, 12_000);
      assert.deepEqual(parseIndexLine(files.at(-1) ?? '')?.mtime, { seconds: -2, nanoseconds: 500_000_000 });
      assert.equal(parseIndexLine(files[0] ?? '')?.inode, '18446744073709551615');
      const gone = events.flatMap((event) => (event.kind === 'deletions' ? event.lines.map(parseDeletionLine) : []));
      assert.deepEqual(gone, [Buffer.from('/home/gone'), Buffer.from('2f686f6d652fff', 'hex')]);
    });
  });

  it('carries a copy of the catalog the same way', async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'source'), 'a database');
      const { path } = await packFile('catalog.sqlite', join(folder, 'source'), 0, join(folder, 'packed'));
      assert.equal(
        execFileSync('bash', ['-c', `zstd -dc ${path} | tar -xOf - catalog.sqlite`]).toString(),
        'a database',
      );
    });
  });

  it('that is cut or damaged anywhere ends in one error, named, or gives everything: never a part of it', async () => {
    await withFolder(async (folder) => {
      const whole = readFileSync((await pack(folder)).path);
      const isNamed = (error: unknown): boolean =>
        error instanceof GrandsireError && error.code === 'volume.damaged-tape-file';
      const everything = await readAll(whole);
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 5), async (length) => {
          // What was lost may be the frame's checksum alone: some decompressors have given all of the content by then.
          const events = await readAll(whole.subarray(0, length)).catch((error) => {
            assert.ok(isNamed(error), String(error));
            refused += 1;
          });
          if (events) assert.deepEqual(events, everything);
        }),
        { numRuns: 25 },
      );
      assert.ok(refused > 10);
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] as number) ^ flip;
          await readAll(bytes).catch((error) => assert.ok(isNamed(error), String(error)));
        }),
        { numRuns: 50 },
      );
    });
  });

  it('lines that are not of this format are told, never guessed at', () => {
    for (const bad of [
      '',
      '{',
      '{}',
      '[]',
      line.replace('"/home/a"', '"home/a"'),
      line.replace('"size":7', '"size":-7'),
      line.replace('"1.0', '"1.'),
    ]) {
      assert.equal(parseIndexLine(bad), undefined, bad);
    }
    assert.equal(parseDeletionLine('{"path":"relative"}'), undefined);
  });
});
