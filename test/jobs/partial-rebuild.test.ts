import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import { JobBench } from '#test/jobs/job-bench';
import { compareTrees } from '#test/support/trees';

interface Copy {
  readonly cartridge: string;
  readonly unread?: true;
  readonly parts?: readonly Copy[];
}
interface Match {
  readonly path: string;
  readonly copies: readonly Copy[];
}

const cartridges = ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9'];

const find = async (bench: JobBench): Promise<readonly Match[]> =>
  JSON.parse((await bench.command('find', '**', '--json')).stdout).matches;

/** Without what only says that nobody has looked. */
const asRead = (matches: readonly Match[]): unknown =>
  JSON.parse(JSON.stringify(matches).replaceAll(',"unread":true', ''));

/** A full over two cartridges, with a file that goes on from one to the other, and an incremental on two more. */
async function fullAndIncremental(bench: JobBench) {
  const file = (name: string) => join(bench.source, name);
  mkdirSync(file('folder'));
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(file(name), randomBytes(700_000));
  writeFileSync(file('long'), randomBytes(2_500_000));
  writeFileSync(file('removed'), 'removed');
  const full = await bench.backup({ cartridges: ['G00001L9', 'G00002L9'] });
  bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
  rmSync(file('removed'));
  writeFileSync(file('folder/new'), 'new');
  const incremental = await bench.backup({ level: 'incremental', base: full, cartridges: ['G00003L9', 'G00004L9'] });
  return { full, incremental };
}

describe('catalog rebuild of some cartridges', () => {
  it('finds what an index says of cartridges that were not read, says so, and reading them completes it', async () => {
    await using bench = await JobBench.create({ capacity: '4MiB', cartridges });
    const { full } = await fullAndIncremental(bench);
    const before = await find(bench);
    await bench.loseCatalog();
    const run = await bench.command('catalog', 'rebuild', 'G00002L9', '--json');
    assert.equal(run.exitCode, 3);
    assert.match(run.stdout, /segments 1.* are on G00001L9, which was not read: grandsire catalog rebuild G00001L9/);
    const partial = await find(bench);
    const ofFull = before.filter(({ copies }) => copies.every(({ cartridge }) => cartridge <= 'G00002L9'));
    assert.deepEqual(asRead(partial), ofFull);
    for (const { path, copies } of partial) {
      for (const place of copies.flatMap((copy) => copy.parts ?? [copy])) {
        assert.equal(place.unread, place.cartridge === 'G00001L9' ? true : undefined, path);
      }
    }
    assert.ok(
      partial.some(({ copies }) => copies[0]?.parts?.some(({ unread }) => !unread)),
      'no file goes on',
    );
    const text = await bench.command('find', join(bench.source, 'a'));
    assert.match(text.stdout, /G00001L9 \(slot 1\), not read into this catalog/);
    const findings = (await bench.catalog.check()).map(({ code, subject }) => [code, subject]);
    assert.deepEqual(findings, [['catalog.unread-cartridge', 'G00001L9']]);
    assert.equal(await bench.catalog.dataSets.latestUsable('home'), undefined);
    const { failed } = await bench.restore(join(bench.folder, 'partly'), { dataSet: full.id });
    assert.ok(failed.some(({ path, code }) => code === 'segment.unread' && String(path).endsWith('/a')));

    const rest = await bench.command('catalog', 'rebuild', 'G00001L9', 'G00003L9', 'G00004L9', '--json');
    assert.deepEqual([rest.exitCode, rest.stderr], [0, '']);
    assert.deepEqual(await find(bench), before);
    assert.deepEqual(await bench.catalog.check(), []);
    const to = join(bench.folder, 'to');
    assert.deepEqual((await bench.restore(to)).failed, []);
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);
  });

  it('one cartridge after the other comes to the same, in whatever order', async () => {
    await using bench = await JobBench.create({ capacity: '4MiB', cartridges });
    const { full, incremental } = await fullAndIncremental(bench);
    const before = await find(bench);
    for (const order of [
      ['G00004L9', 'G00003L9', 'G00002L9', 'G00001L9'],
      ['G00001L9', 'G00003L9', 'G00002L9', 'G00004L9'],
    ]) {
      await bench.loseCatalog();
      for (const barcode of order) await bench.rebuild([barcode]);
      assert.deepEqual(await find(bench), before, order.join());
      assert.deepEqual(await bench.catalog.check(), []);
      const ids = async (id: string) =>
        (await bench.catalog.dataSets.chain((await bench.catalog.dataSets.byId(id))?.key as never)).map(
          (one) => one.id,
        );
      assert.deepEqual(await ids(incremental.id), [incremental.id, full.id]);
      for (const { id, level, protection, base, key, nameOnly, ...rest } of await bench.catalog.dataSets.list()) {
        const original = id === full.id ? full : incremental;
        assert.deepEqual([level, protection, nameOnly], [original.level, original.protection, false]);
        assert.deepEqual([rest.state, rest.files, rest.bytes], ['complete', original.files, original.bytes]);
      }
    }
  });

  it('does not look for what was announced on a cartridge that turned out to hold something else', async () => {
    await using bench = await JobBench.create({ capacity: '4MiB', cartridges });
    await fullAndIncremental(bench);
    bench.clock.set(instant(Date.parse('2027-01-10T22:00:00Z')));
    await bench.backup({ set: 'other', cartridges: ['G00001L9', 'G00005L9'] });
    await bench.loseCatalog();
    await bench.rebuild(['G00002L9']);
    assert.equal((await bench.command('find', join(bench.source, 'a'), '--set', 'home')).exitCode, 0);
    await bench.rebuild(['G00001L9']);
    assert.equal((await bench.command('find', join(bench.source, 'a'), '--set', 'home')).exitCode, 5);
  });
});
