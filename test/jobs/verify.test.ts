import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import { flipByte, makeUnreadable } from '#test/jobs/image-damage';
import { JobBench } from '#test/jobs/job-bench';

describe('verify', () => {
  it('passes what is whole, and names the segment in which one byte was flipped', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), randomBytes(2_500_000));
    const dataSet = await bench.backup({ cartridges: ['G00001L9'] });
    const segments = await bench.catalog.dataSets.segments(dataSet.key);
    assert.equal(segments.length, 3);
    const files = await bench.catalog.tapeFiles.ofVolume((await bench.catalog.volumes.current())[0]?.key as never);
    // A data set has no label: three segments, an index, a copy of the catalog.
    const subjects: readonly (readonly [string, readonly TapeFileRecord[]])[] = [
      ['G00001L9', files],
      ['slot:1', files],
      [dataSet.id, files.slice(1)],
    ];
    for (const [subject, read] of subjects) {
      const bytes = read.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
      const { exitCode, stdout, stderr } = await bench.command('verify', subject, '--json');
      assert.deepEqual([exitCode, stderr, JSON.parse(stdout)], [0, '', { checked: read.length, bytes, failed: [] }]);
    }
    const copy = (await bench.catalog.tapeFiles.copiesOf(dataSet.key))[1];
    flipByte(bench.device.imagePath('G00001L9'), (copy?.block ?? 0) + 2, 12_345);
    for (const subject of ['G00001L9', dataSet.id]) {
      const { exitCode, stdout } = await bench.command('verify', subject, '--json');
      const { checked, failed } = JSON.parse(stdout);
      assert.deepEqual([exitCode, checked, failed.length], [1, subject === dataSet.id ? 4 : 5, 1]);
      const { message, ...rest } = failed[0];
      const place = { dataSet: dataSet.id, segment: 2, cartridge: 'G00001L9', tapeFile: 2 };
      const expected = { ...place, code: 'segment.digest-differs' };
      assert.deepEqual(rest, expected);
      assert.match(message, /tape file 2: XXH64 is /);
    }
  });

  it('names label, index and copy of the catalog in which one byte was flipped, or a block cannot be read', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), 'content');
    const { id } = await bench.backup({ cartridges: ['G00001L9'] });
    const files = await bench.catalog.tapeFiles.ofVolume((await bench.catalog.volumes.current())[0]?.key as never);
    assert.deepEqual(
      files.map(({ kind }) => kind),
      ['label', 'segment', 'index', 'catalog'],
    );
    const image = bench.device.imagePath('G00001L9');
    for (const number of [0, 2]) flipByte(image, (files[number]?.block ?? 0) + 1, 100);
    makeUnreadable(image, (files[3]?.block ?? 0) + 1);
    const { exitCode, stdout } = await bench.command('verify', 'G00001L9', '--json');
    const { checked, failed } = JSON.parse(stdout);
    assert.deepEqual([exitCode, checked], [1, 1]);
    const common = { segment: null, cartridge: 'G00001L9' };
    assert.deepEqual(
      failed.map(({ message: _message, ...rest }: { message: string }) => rest),
      [
        { ...common, dataSet: null, tapeFile: 0, code: 'volume.damaged-tape-file' },
        { ...common, dataSet: id, tapeFile: 2, code: 'volume.damaged-tape-file' },
        { ...common, dataSet: id, tapeFile: 3, code: 'cartridge.unreadable-block' },
      ],
    );
    const ofDataSet = JSON.parse((await bench.command('verify', id, '--json')).stdout);
    assert.deepEqual(
      ofDataSet.failed.map(({ tapeFile }: { tapeFile: number }) => tapeFile),
      [2, 3],
    );
    const { stdout: text } = await bench.command('verify', 'G00001L9');
    assert.match(
      text,
      /G00001L9: tape file 0: XXH64 of the label is .*\n.*home-.*: tape file 2: XXH64 of the index is /,
    );
  });

  it('reads staged copies of a data set, and ends 5 for what it does not know', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), 'content');
    const { id } = await bench.backup({ despool: false });
    assert.equal((await bench.command('verify', id)).exitCode, 0);
    const staging = await bench.staging();
    const path = staging.segment(id, 1);
    writeFileSync(path, Buffer.alloc(100), { flag: 'r+' });
    const { exitCode, stdout } = await bench.command('verify', id, '--json');
    const [failure] = JSON.parse(stdout).failed;
    assert.deepEqual([exitCode, failure.cartridge, failure.code], [1, null, 'segment.digest-differs']);
    assert.equal((await bench.command('verify', 'home-20200101T000000Z')).exitCode, 5);
    assert.equal((await bench.command('verify', 'NONE01L9')).exitCode, 5);
    assert.equal((await bench.command('verify', 'G00001L9')).exitCode, 6);
  });
});
