import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import { parsePattern } from '#src/jobs/find-files';
import { JobBench } from '#test/jobs/job-bench';

describe('the shape of a pattern', () => {
  const shapes: readonly (readonly [string, object])[] = [
    ['/home/anna', { kind: 'path', path: Buffer.from('/home/anna') }],
    ['/home//anna/', { kind: 'path', path: Buffer.from('/home/anna') }],
    ['/', { kind: 'path', path: Buffer.from('/') }],
    ['/h\\xFFx\\\\y', { kind: 'path', path: Buffer.from('/h\u00ffx\\y', 'latin1') }],
    ['/home/*.odt', { kind: 'glob', pattern: '/home/*.odt' }],
    ['*.odt', { kind: 'glob', pattern: '/**/*.odt' }],
    ['**/a?', { kind: 'glob', pattern: '/**/a?' }],
    ['anna/rep', { kind: 'glob', pattern: '/**/*anna/rep*' }],
    ['report', { kind: 'part', text: Buffer.from('report') }],
    ['\\xE4', { kind: 'part', text: Buffer.from([0xe4]) }],
  ];
  for (const [pattern, match] of shapes) {
    it(`${pattern}`, () => assert.deepEqual(parsePattern(pattern), match));
  }
});

describe('find', () => {
  let bench: JobBench;
  before(async () => {
    bench = await JobBench.create({
      capacity: '4MiB',
      cartridges: ['G00001L9', 'G00002L9', 'G00003L9'],
    });
    mkdirSync(join(bench.source, 'docs'));
    writeFileSync(join(bench.source, 'docs/report.odt'), 'first');
    writeFileSync(join(bench.source, 'docs/[1].txt'), 'brackets');
    writeFileSync(Buffer.concat([Buffer.from(`${bench.source}/docs/`), Buffer.from([0xff, 0x5c])]), 'bytes');
    writeFileSync(join(bench.source, 'long'), randomBytes(4_000_000));
    linkSync(join(bench.source, 'long'), join(bench.source, 'zlong'));
    await bench.backup({ cartridges: ['G00001L9', 'G00002L9'] });
    bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
    writeFileSync(join(bench.source, 'docs/report.odt'), 'second');
    rmSync(join(bench.source, 'long'));
    rmSync(join(bench.source, 'zlong'));
    await bench.backup({ despool: false });
  });
  after(() => bench[Symbol.asyncDispose]());

  const find = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await bench.command('find', ...words, '--json');
    assert.equal(stderr, '');
    return { exitCode, ...JSON.parse(stdout) };
  };

  it('says of each version where its copies are', async () => {
    const path = join(bench.source, 'docs/report.odt');
    const { exitCode, matches, truncated } = await find(path);
    assert.equal(exitCode, 0);
    assert.equal(truncated, false);
    const volume = await bench.catalog.volumes.ofCartridge((await bench.cartridge('G00002L9')).id);
    const place = volume && (await bench.catalog.tapeFiles.ofVolume(volume.key))[2];
    const common = { path, type: 'file', backupSet: 'home', fuzzy: false };
    const { modifiedAt } = matches[1];
    assert.match(modifiedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00$/);
    assert.deepEqual(matches[1], {
      ...common,
      sizeBytes: 5,
      modifiedAt,
      backedUpAt: '2026-11-22T23:00:00+01:00',
      dataSet: 'home-20261122T220000Z',
      sha256: 'a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e',
      copies: [
        {
          cartridge: 'G00002L9',
          volume: volume?.id,
          tapeFile: 2,
          block: place?.block,
          location: { kind: 'slot', library: 'main', number: 2 },
        },
      ],
    });
    assert.deepEqual(matches[0].copies, [{ staging: true }]);
    assert.equal(matches[0].dataSet, 'home-20261123T220000Z');
  });

  it('names the parts of a file that lies over two cartridges, also under its further name', async () => {
    for (const name of ['long', 'zlong']) {
      const { matches } = await find(join(bench.source, name));
      const [copy] = matches[0].copies;
      const parts = copy.parts.map((part: { cartridge: string; tapeFile: number }) => [part.cartridge, part.tapeFile]);
      // On the second cartridge tape file 1 is the index of what lies on the first.
      const expected = [
        ['G00001L9', 1],
        ['G00001L9', 2],
        ['G00001L9', 3],
        ['G00002L9', 2],
      ];
      assert.deepEqual(parts, expected);
      assert.deepEqual([copy.cartridge, copy.tapeFile, copy.block], ['G00001L9', 1, copy.parts[0].block]);
    }
  });

  it('finds by glob, by part of a name, by bytes, and what only looks like a glob', async () => {
    const names = async (...words: string[]) =>
      (await find(...words)).matches.map(({ path }: { path: string }) => path.slice(bench.source.length));
    assert.deepEqual(await names('*.odt'), ['/docs/report.odt', '/docs/report.odt']);
    assert.deepEqual(await names('epor', '--latest'), ['/docs/report.odt']);
    assert.deepEqual(await names('docs/rep', '--latest'), ['/docs/report.odt']);
    assert.deepEqual(await names(join(bench.source, 'docs/[1].txt'), '--latest'), ['/docs/[1].txt']);
    assert.deepEqual(await names('\\xFF', '--latest'), ['/docs/\\xFF\\\\']);
    const { matches } = await find('\\xFF\\\\', '--latest');
    assert.deepEqual(Buffer.from(matches[0].pathBytes, 'base64').subarray(-2), Buffer.from([0xff, 0x5c]));
  });

  it('keeps to times and sets, both ends included, and ends 5 without a match', async () => {
    const dataSets = async (...words: string[]) =>
      (await find('report.odt', ...words)).matches.map(({ dataSet }: { dataSet: string }) => dataSet);
    assert.deepEqual(await dataSets('--before', '2026-11-22'), ['home-20261122T220000Z']);
    assert.deepEqual(await dataSets('--after', '2026-11-23T22:00:00Z'), ['home-20261123T220000Z']);
    assert.equal((await find('report.odt', '--limit', '1')).truncated, true);
    const { exitCode, matches, truncated } = await find('no-such-name', '--set', 'home');
    assert.deepEqual({ exitCode, matches, truncated }, { exitCode: 5, matches: [], truncated: false });
    const other = await find('report.odt', '--set', 'other');
    assert.deepEqual([other.exitCode, other.error.code], [5, 'set.not-found']);
  });

  it('marks what is no longer protected', async () => {
    bench.clock.set(instant(Date.parse('2026-12-07T00:00:00Z')));
    const { matches } = await find(join(bench.source, 'long'));
    assert.equal(matches[0].copies[0].expired, true);
    bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
  });

  it('answers in one line which cartridge holds it', async () => {
    const { stdout } = await bench.command('find', join(bench.source, 'long'));
    const line = stdout.split('\n')[1] ?? '';
    assert.match(
      line,
      /^G00001L9 \(slot 1\) then G00002L9 \(slot 2\) {2}2026-11-22T23:00:00\+01:00 {2}3\.81 MiB {2}\//,
    );
  });
});
