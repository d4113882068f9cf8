import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { flipByte } from '#test/jobs/image-damage';
import { JobBench } from '#test/jobs/job-bench';

describe('verify', () => {
  it('passes what is whole, and names the segment in which one byte was flipped', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), randomBytes(2_500_000));
    const dataSet = await bench.backup({ cartridges: ['G00001L9'] });
    const segments = await bench.catalog.dataSets.segments(dataSet.key);
    const bytes = segments.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
    for (const subject of ['G00001L9', 'slot:1', dataSet.id]) {
      const { exitCode, stdout, stderr } = await bench.command('verify', subject, '--json');
      assert.deepEqual([exitCode, stderr, JSON.parse(stdout)], [0, '', { checked: 3, bytes, failed: [] }]);
    }
    const copy = (await bench.catalog.tapeFiles.copiesOf(dataSet.key))[1];
    flipByte(bench.device.imagePath('G00001L9'), (copy?.block ?? 0) + 2, 12_345);
    for (const subject of ['G00001L9', dataSet.id]) {
      const { exitCode, stdout } = await bench.command('verify', subject, '--json');
      const { checked, failed } = JSON.parse(stdout);
      assert.deepEqual([exitCode, checked, failed.length], [1, 2, 1]);
      const { message, ...rest } = failed[0];
      const expected = { dataSet: dataSet.id, segment: 2, cartridge: 'G00001L9', code: 'segment.digest-differs' };
      assert.deepEqual(rest, expected);
      assert.match(message, /tape file 2: XXH64 is /);
    }
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
