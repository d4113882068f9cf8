import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { JobBench } from '#test/jobs/job-bench';

const names = ['a', 'b', 'c', 'd'];

/** Four segments with a file in each (the first and the second also share `a`), staged. */
async function staged(bench: JobBench): Promise<DataSetRecord> {
  for (const name of names) writeFileSync(join(bench.source, name), randomBytes(1_000_000));
  await callBlank(bench);
  const dataSet = await bench.backup({ despool: false });
  assert.equal((await bench.catalog.dataSets.segments(dataSet.key)).length, 4);
  return dataSet;
}

/** As an operator says it of new cartridges. */
async function callBlank({ catalog }: JobBench): Promise<void> {
  for (const { id, fill } of await catalog.cartridges.list()) {
    if (fill === 'unknown') await catalog.cartridges.update(id, { fill: 'blank' });
  }
}

const segmentPath = (bench: JobBench, { id }: DataSetRecord, number: number): string =>
  join(bench.folder, 'staging', id, `00000${number}.segment`);

function spoil(path: string): void {
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(bytes.readUInt16LE(500_000) ^ 0x0101, 500_000);
  writeFileSync(path, bytes);
}

async function json(bench: JobBench, exitCode: number, ...argv: string[]) {
  const ended = await bench.command(...argv, '--json');
  assert.equal(ended.exitCode, exitCode, ended.stdout + ended.stderr);
  return JSON.parse(ended.stdout);
}

const found = async (bench: JobBench): Promise<readonly string[]> =>
  (await json(bench, 0, 'find', join(bench.source, '*'))).matches.map(({ path }: { path: string }) => path).sort();

const findings = async (bench: JobBench) => (await bench.catalog.check()).map(({ code, subject }) => [code, subject]);

describe('a staged segment that is not what was staged', () => {
  for (const [what, ruin] of [
    ['has other bytes', spoil],
    ['is missing', (path: string) => rmSync(path)],
  ] as const) {
    it(`${what}: the others are written and indexed without it, and the set is read anew`, async () => {
      await using bench = await JobBench.create();
      const dataSet = await staged(bench);
      ruin(segmentPath(bench, dataSet, 2));
      const { warnings, left } = await json(bench, 3, 'staging', 'flush');
      assert.deepEqual(left, []);
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0].code, 'staging.segment-lost');
      assert.match(warnings[0].message, new RegExp(`segment 2 of ${dataSet.id} is lost.*grandsire backup run home`));
      const { catalog } = bench;
      const segments = await catalog.dataSets.segments(dataSet.key);
      assert.deepEqual(
        segments.map(({ state, inStaging }) => [state, inStaging]),
        [1, 2, 3, 4].map((number) => [number === 2 ? 'staged' : 'written', false]),
      );
      assert.equal((await catalog.dataSets.get(dataSet.key))?.state, 'interrupted');
      const known = await found(bench);
      assert.ok(known.length < names.length && known.length > 0, `${known}`);
      assert.deepEqual(await findings(bench), [['catalog.segment-without-copy', `${dataSet.id}/2`]]);
      const { failed } = await json(bench, 1, 'verify', dataSet.id);
      assert.deepEqual(
        failed.map(({ segment, code }: { segment: number; code: string }) => [segment, code]),
        [[2, 'segment.no-copy']],
      );
      assert.equal((await json(bench, 0, 'staging', 'flush')).flushed.length, 0);

      // From the cartridge alone the same is found.
      await bench.loseCatalog();
      assert.deepEqual((await bench.rebuild()).doubts, []);
      assert.deepEqual(await found(bench), known);
      await callBlank(bench);

      bench.clock.set(instant(bench.clock.now() + 86_400_000));
      const next = await json(bench, 0, 'backup', 'run', 'home', '--level', 'incremental');
      assert.equal(next.level, 'full');
      assert.equal(new Set(await found(bench)).size, names.length);
      assert.deepEqual(await findings(bench), []);
    });
  }

  it('is lost until its set was backed up; what was written of it may be written over when its protection is over', async () => {
    await using bench = await JobBench.create();
    const dataSet = await staged(bench);
    rmSync(segmentPath(bench, dataSet, 2));
    await json(bench, 3, 'staging', 'flush');
    bench.clock.set(instant(bench.clock.now() + 400 * 86_400_000));
    const { cartridges } = await json(bench, 0, 'cartridge', 'list');
    for (const { barcode, fill } of cartridges) {
      if (fill !== 'blank') await json(bench, 0, 'cartridge', 'label', barcode, '--yes');
    }
    assert.deepEqual(await findings(bench), [['catalog.segment-without-copy', `${dataSet.id}/2`]]);
  });

  it('is found by the run that would build on it, before it decides what to build on', async () => {
    await using bench = await JobBench.create();
    const dataSet = await staged(bench);
    spoil(segmentPath(bench, dataSet, 2));
    spoil(segmentPath(bench, dataSet, 4));
    bench.clock.set(instant(bench.clock.now() + 86_400_000));
    const next = await json(bench, 3, 'backup', 'run', 'home', '--level', 'incremental');
    assert.deepEqual([next.level, next.warnings.length, next.staged], ['full', 2, false]);
    assert.equal(new Set(await found(bench)).size, names.length);
    assert.deepEqual(await findings(bench), []);
    const given = (await bench.catalog.actions.list({ event: 'segment.lost' })).map(({ subject }) => subject);
    assert.deepEqual(given, [dataSet.id, dataSet.id]);
  });

  it('is not given up where the whole folder is gone: its disk may not be mounted', async () => {
    await using bench = await JobBench.create();
    const dataSet = await staged(bench);
    const away = join(bench.folder, 'away');
    renameSync(join(bench.folder, 'staging'), away);
    mkdirSync(join(bench.folder, 'staging'));
    const { left } = await json(bench, 1, 'staging', 'flush');
    assert.equal(left[0].code, 'staging.unreadable');
    assert.equal((await bench.catalog.dataSets.get(dataSet.key))?.state, 'complete');
    rmSync(join(bench.folder, 'staging'), { recursive: true });
    renameSync(away, join(bench.folder, 'staging'));
    assert.equal((await json(bench, 0, 'staging', 'flush')).flushed.length, 1);
    assert.deepEqual(bench.lost, []);
    assert.deepEqual(await bench.catalog.check(), []);
  });

  it('ends the run that is still staging it', async () => {
    await using bench = await JobBench.create();
    const dataSet = await staged(bench);
    spoil(segmentPath(bench, dataSet, 2));
    const open = { ...dataSet, state: 'open' } as const;
    const dataSets = { ...bench.catalog.dataSets, get: async () => open };
    await assert.rejects(
      bench.despool(open, undefined, { repositories: { ...bench.catalog, dataSets }, last: false }),
      (error) => error instanceof GrandsireError && error.code === 'staging.unreadable',
    );
    assert.deepEqual(bench.lost, []);
    assert.equal((await bench.catalog.dataSets.segments(dataSet.key)).filter(({ inStaging }) => inStaging).length, 4);
  });
});
