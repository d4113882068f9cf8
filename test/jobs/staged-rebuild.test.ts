import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { stagedPaths } from '#src/staging/staged-paths';
import { type BackupOptions, JobBench } from '#test/jobs/job-bench';
import { compareTrees } from '#test/support/trees';

interface Match {
  readonly path: string;
  readonly copies: readonly Record<string, unknown>[];
}

const find = async (bench: JobBench): Promise<readonly Match[]> =>
  JSON.parse((await bench.command('find', '**', '--all', '--json')).stdout).matches;

async function known(bench: JobBench) {
  // When the library was looked at is no part of what is known of files.
  const {
    inventoriedAt: _at,
    inventories: _inventories,
    ...plan
  } = JSON.parse((await bench.command('restore', 'plan', bench.source, '--json')).stdout);
  const dataSets = await bench.catalog.dataSets.list();
  const described = dataSets.map(({ key: _key, base, concluded: _concluded, ...rest }) => ({
    ...rest,
    base: dataSets.find(({ key }) => key === base)?.id,
  }));
  return { found: await find(bench), plan, described };
}

const pathsOf = (bench: JobBench) => stagedPaths(join(bench.folder, 'staging'));

function makeSource(bench: JobBench): void {
  mkdirSync(join(bench.source, 'folder'));
  for (const name of ['a', 'folder/b', 'c', 'd']) writeFileSync(join(bench.source, name), randomBytes(700_000));
  writeFileSync(join(bench.source, 'long'), randomBytes(1_500_000));
}

async function assertRestores(bench: JobBench): Promise<void> {
  const to = join(bench.folder, 'to');
  assert.deepEqual((await bench.restore(to)).failed, []);
  assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);
  rmSync(to, { recursive: true });
}

/** A full on a cartridge, and an incremental with a deletion that is only staged. */
async function fullAndStaged(bench: JobBench, options: BackupOptions = {}): Promise<DataSetRecord> {
  makeSource(bench);
  const full = await bench.backup({ cartridges: ['G00001L9'] });
  bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
  rmSync(join(bench.source, 'c'));
  writeFileSync(join(bench.source, 'e'), randomBytes(700_000));
  return bench.backup({ level: 'incremental', base: full, despool: false, ...options });
}

describe('catalog rebuild with a staging area', () => {
  it('what was only staged is found and restored from there, and written to cartridges by a flush', async () => {
    await using bench = await JobBench.create();
    const { id } = await fullAndStaged(bench);
    const before = await known(bench);
    await bench.loseCatalog();
    const run = await bench.command('catalog', 'rebuild', '--json');
    assert.deepEqual([run.exitCode, run.stderr], [0, '']);
    assert.deepEqual(await known(bench), before);
    const staged = before.found.filter(({ copies }) => copies.some(({ staging }) => staging));
    assert.ok(staged.some(({ path }) => path.endsWith('/e')));
    await assertRestores(bench);
    assert.deepEqual(await bench.catalog.check(), []);
    const { flushed } = JSON.parse((await bench.command('staging', 'flush', '--json')).stdout);
    assert.deepEqual(
      flushed.map(({ dataSet }: { dataSet: string }) => dataSet),
      [id],
    );
    assert.deepEqual(readdirSync(join(bench.folder, 'staging')), []);
    const written = await known(bench);
    await bench.loseCatalog();
    await bench.rebuild();
    assert.deepEqual(await known(bench), written);
    assert.deepEqual(written.described, before.described);
    await assertRestores(bench);
    assert.deepEqual(await bench.catalog.check(), []);
  });

  it('a data set that is partly on cartridges and partly staged is one again', async () => {
    const cartridges = ['G00001L9', 'G00002L9', 'G00003L9'];
    await using bench = await JobBench.create({ capacity: '3MiB', cartridges });
    makeSource(bench);
    const dataSet = await bench.backup({ despool: false });
    await assert.rejects(bench.despool(dataSet, ['G00001L9']), { code: 'cartridge.none-suitable' });
    const before = await known(bench);
    const where = new Set(
      before.found.flatMap(({ copies }) => copies.map((copy) => (copy['staging'] ? '' : copy['cartridge']))),
    );
    assert.deepEqual([...where].sort(), ['', 'G00001L9']);
    await bench.loseCatalog();
    await bench.rebuild();
    assert.deepEqual(await known(bench), before);
    // Also where the cartridge is read later than the staging area, and what is staged has been written in between.
    await bench.loseCatalog();
    await bench.rebuild([]);
    const staged = ({ copies }: Match) => copies.some((copy) => copy['staging']);
    assert.deepEqual((await find(bench)).filter(staged), before.found.filter(staged));
    const rest = (await bench.catalog.dataSets.byId(dataSet.id)) as DataSetRecord;
    await bench.despool(rest, ['G00002L9', 'G00003L9']);
    await bench.rebuild(['G00001L9']);
    assert.deepEqual(await bench.catalog.check(), []);
    await assertRestores(bench);
    const written = await known(bench);
    await bench.loseCatalog();
    await bench.rebuild();
    assert.deepEqual(await known(bench), written);
  });

  it('a data set whose last index was never written is complete by what its folder says', async () => {
    await using bench = await JobBench.create();
    const { id } = await fullAndStaged(bench, { alongside: ['G00002L9'] });
    assert.deepEqual(await bench.catalog.dataSets.inStaging(), []);
    const before = await known(bench);
    await bench.loseCatalog();
    await bench.rebuild();
    assert.deepEqual(await known(bench), before);
    assert.equal(before.described[0]?.state, 'complete');
    assert.equal((await bench.catalog.dataSets.byId(id))?.concluded, false);
    await bench.command('staging', 'flush');
    assert.equal((await bench.catalog.dataSets.byId(id))?.concluded, true);
  });

  for (const { stop, staged, state } of [
    { stop: 'segment.synced:1', staged: 0, state: 'interrupted' },
    { stop: 'segment.renamed:1', staged: 1, state: 'interrupted' },
    { stop: 'segment.staged:2', staged: 2, state: 'interrupted' },
    { stop: 'data-set.recorded:1', staged: 3, state: 'complete' },
  ]) {
    it(`killed at ${stop}, and the catalog lost: ${staged} or more segments are found again`, async () => {
      await using bench = await JobBench.create();
      makeSource(bench);
      await bench.killedAt(stop, 'backup', 'run', 'home', '--stage-only');
      const id = readdirSync(join(bench.folder, 'staging'))[0] as string;
      const listed = readdirSync(pathsOf(bench).folder(id))
        .filter((name) => name.endsWith('.segment'))
        .flatMap((name) => readFileSync(pathsOf(bench).indexPart(id, Number.parseInt(name, 10)), 'utf8').split('\n'))
        .filter(Boolean)
        .map((line) => JSON.parse(line).path);
      await bench.loseCatalog();
      const { doubts } = await bench.rebuild();
      assert.deepEqual(doubts, []);
      assert.equal((await bench.catalog.dataSets.byId(id))?.state, state);
      const segments = await bench.catalog.dataSets.inStaging();
      assert.ok(segments.length >= staged, `${segments.length}`);
      const found = await find(bench);
      assert.deepEqual(found.map(({ path }) => path).sort(), listed.sort());
      for (const { copies } of found) assert.deepEqual(copies[0]?.['staging'], true);
      if (found.length === 0) return;
      const to = join(bench.folder, 'to');
      const paths = found.map(({ path }) => path).filter((path) => /\/[a-d]$/.test(path));
      const { failed } = await bench.restore(to, { paths: paths.map((path) => Buffer.from(path)) });
      assert.deepEqual(failed, []);
      for (const path of paths) assert.deepEqual(compareTrees(path, join(to, path)), []);
    });
  }

  it('takes no torn segment, says why, and leaves it where it is', async () => {
    await using bench = await JobBench.create();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) writeFileSync(join(bench.source, name), randomBytes(800_000));
    const { id } = await bench.backup({ despool: false });
    const paths = pathsOf(bench);
    assert.ok((await bench.catalog.dataSets.inStaging()).length >= 5);
    truncateSync(paths.segment(id, 1), 1000);
    writeFileSync(paths.segment(id, 2), Buffer.alloc(1), { flag: 'r+' });
    rmSync(paths.facts(id, 3));
    truncateSync(paths.indexPart(id, 4), 10);
    await bench.loseCatalog();
    const { doubts } = await bench.rebuild();
    assert.match(
      doubts[0] ?? '',
      /000001\.segment: it has 1000 bytes, and had \d+ when it was staged; it is left there/,
    );
    assert.match(doubts[1] ?? '', /000002\.segment: its XXH64 is /);
    assert.match(doubts[2] ?? '', /000003\.segment: it lacks its record/);
    assert.match(doubts[3] ?? '', /000004\.segment: its list of files is torn/);
    assert.equal(doubts.length, 4);
    const live = (await bench.catalog.dataSets.segments(((await bench.catalog.dataSets.byId(id)) as DataSetRecord).key))
      .filter(({ inStaging }) => inStaging)
      .map(({ number }) => number);
    assert.equal(live[0], 5);
    assert.equal(await bench.catalog.dataSets.latestUsable('home'), undefined);
    await bench.command('staging', 'flush');
    bench.clock.set(instant(Date.parse('2026-11-24T22:00:00Z')));
    assert.equal((await bench.command('backup', 'run', 'home')).exitCode, 3);
    for (const number of [1, 2, 3, 4]) assert.ok(existsSync(paths.segment(id, number)), `${number}`);
  });

  it('leaves what nothing describes', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), 'only here');
    const { id } = await bench.backup({ despool: false });
    writeFileSync(pathsOf(bench).record(id), '{"format":');
    await bench.loseCatalog();
    const run = await bench.command('catalog', 'rebuild', '--json');
    assert.equal(run.exitCode, 3);
    assert.match(run.stdout, /nothing there tells what it is; segments 1 are left there/);
    bench.clock.set(instant(Date.parse('2026-11-24T22:00:00Z')));
    await bench.command('backup', 'run', 'home');
    assert.ok(existsSync(pathsOf(bench).segment(id, 1)));
  });
});
