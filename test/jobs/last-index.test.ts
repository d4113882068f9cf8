import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { VolumeKey, VolumeRecord } from '#src/catalog/volumes';
import { JobBench } from '#test/jobs/job-bench';

/** A full, and an incremental that is complete and all of whose segments left staging behind indexes that call it open. */
async function withoutLastIndex(bench: JobBench): Promise<DataSetRecord> {
  const file = (name: string) => join(bench.source, name);
  for (const name of ['a', 'b', 'c']) writeFileSync(file(name), randomBytes(700_000));
  const full = await bench.backup({ cartridges: ['G00001L9'] });
  bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
  rmSync(file('b'));
  writeFileSync(file('d'), randomBytes(700_000));
  const options = { level: 'incremental', base: full, despool: false } as const;
  const incremental = await bench.backup({ ...options, alongside: ['G00002L9'] });
  assert.deepEqual(await bench.catalog.dataSets.inStaging(), []);
  return incremental;
}

async function known(bench: JobBench, { id }: DataSetRecord) {
  const found = JSON.parse((await bench.command('find', '**', '--json')).stdout);
  const plan = JSON.parse((await bench.command('restore', 'plan', bench.source, '--json')).stdout);
  const { state, finishedAt, files, bytes } = (await bench.catalog.dataSets.byId(id)) as DataSetRecord;
  return { found, plan, state, finishedAt, files, bytes };
}

const lastIndexes = async (bench: JobBench, dataSet: DataSetRecord): Promise<number> =>
  (await bench.catalog.tapeFiles.ofDataSet(dataSet.key)).filter(({ kind }) => kind === 'index').length;

describe('what waits, told where no cartridge or no drive is left', () => {
  const noDrive = new GrandsireError('drive.none-usable', { message: 'no drive works', remedy: 'Have it repaired.' });
  const told = (work: Promise<unknown>) =>
    work.then(
      () => assert.fail('it was written'),
      ({ code, message, details }: GrandsireError) => [
        code,
        details['segments'],
        message.slice(message.indexOf('; ') + 2),
      ],
    );
  const refusals = async (bench: JobBench, dataSet: DataSetRecord) => [
    await told(bench.despool(dataSet, [])),
    await told(bench.despool(dataSet, ['G00002L9'], { mount: () => Promise.reject(noDrive) })),
  ];

  it('segments that are on a cartridge and that no index lists are among those that stay staged', async () => {
    await using bench = await JobBench.create();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(bench.source, name), randomBytes(700_000));
    const dataSet = await bench.backup({ despool: false });
    const count = (await bench.catalog.dataSets.segments(dataSet.key)).length;
    assert.ok(count >= 2);
    await bench.command('cartridge', 'label', '--all-blank', '--pool', 'scratch');
    // Behind the last segment, before the index.
    await bench.killedAt(`tape-file.committed:${count}`, 'staging', 'flush');
    const states = (await bench.catalog.dataSets.inStaging()).map(({ state }) => state);
    assert.deepEqual(states, Array(count).fill('written'));
    assert.deepEqual(await refusals(bench, dataSet), [
      ['cartridge.none-suitable', count, `${count} segments of ${dataSet.id} stay staged`],
      ['drive.none-usable', count, `${count} segments of ${dataSet.id} stay staged and can be restored`],
    ]);
  });

  it('where it is only the last index, that is said', async () => {
    await using bench = await JobBench.create();
    const dataSet = await withoutLastIndex(bench);
    const words = `nothing of ${dataSet.id} is left in staging, and its last index is still to be written`;
    assert.deepEqual(await refusals(bench, dataSet), [
      ['cartridge.none-suitable', 0, words],
      ['drive.none-usable', 0, words],
    ]);
  });
});

describe('the last index of a data set', () => {
  for (const command of [
    ['staging', 'flush'],
    ['backup', 'run', 'home', '--level', 'incremental'],
  ]) {
    it(`is written by "${command.join(' ')}" where the process died before it`, async () => {
      await using bench = await JobBench.create();
      const dataSet = await withoutLastIndex(bench);
      // The next process is killed, too: before the index is on the medium, when it is and the catalog does not say so, and behind it.
      for (const stop of ['tape-file.begun:1', 'tape-file.synchronised:1', 'tape-file.committed:1']) {
        await bench.killedAt(stop, ...command);
        assert.deepEqual(await bench.catalog.check(), [], stop);
        assert.equal((await bench.catalog.dataSets.byId(dataSet.id))?.concluded, false, stop);
      }
      bench.clock.set(instant(Date.parse('2026-11-24T22:00:00Z')));
      await bench.command(...command, '--json');
      assert.equal((await bench.catalog.dataSets.byId(dataSet.id))?.concluded, true);
      assert.deepEqual(readdirSync(join(bench.folder, 'staging')), []);
      const before = await known(bench, dataSet);
      await bench.loseCatalog();
      assert.deepEqual((await bench.rebuild()).doubts, []);
      assert.deepEqual(await known(bench, dataSet), before);
      assert.equal(before.state, 'complete');
      assert.deepEqual(await bench.catalog.check(), []);
    });
  }

  it('is written anew with all segments where the process died before it evicted, and the cartridge was given away since', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'a'), randomBytes(700_000));
    const dataSet = await bench.backup({ despool: false, protection: { kind: 'none' } });
    await bench.command('cartridge', 'label', '--all-blank', '--pool', 'scratch');
    await bench.killedAt('data-set.concluded:1', 'staging', 'flush');
    const [first] = await bench.catalog.tapeFiles.copiesOf(dataSet.key);
    const { cartridge } = (await bench.catalog.volumes.get(first?.volume as VolumeKey)) as VolumeRecord;
    const { barcode } = (await bench.catalog.cartridges.get(cartridge)) as CartridgeRecord;
    await bench.command('cartridge', 'label', barcode, '--yes');
    assert.deepEqual(await bench.catalog.tapeFiles.copiesOf(dataSet.key), []);
    assert.deepEqual(await bench.catalog.check(), []);
    const { flushed } = JSON.parse((await bench.command('staging', 'flush', '--json')).stdout);
    assert.equal(flushed.length, 1);
    assert.equal((await bench.catalog.tapeFiles.copiesOf(dataSet.key)).length, 1);
    assert.deepEqual(readdirSync(join(bench.folder, 'staging')), []);
    await bench.loseCatalog();
    assert.deepEqual((await bench.rebuild()).doubts, []);
    const { state, files } = await known(bench, dataSet);
    assert.deepEqual([state, files], ['complete', dataSet.files]);
  });

  it('is not written again where it is on a medium', async () => {
    await using bench = await JobBench.create();
    const dataSet = await withoutLastIndex(bench);
    await bench.killedAt('data-set.concluded:1', 'staging', 'flush');
    const before = await lastIndexes(bench, dataSet);
    const { flushed } = JSON.parse((await bench.command('staging', 'flush', '--json')).stdout);
    assert.deepEqual([flushed, await lastIndexes(bench, dataSet)], [[], before]);
    assert.deepEqual(readdirSync(join(bench.folder, 'staging')), []);
  });
});
