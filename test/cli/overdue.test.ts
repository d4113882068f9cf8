import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import { Installation } from '#test/support/installation';

const pools = `  daily: { draw: scratch, protect: 2 weeks }
  weekly: { draw: scratch, protect: 5 weeks }
  monthly: { draw: scratch, protect: 3 months }
`;

const rotation = `    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'
    timeZone: UTC
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: weekly }
    grandfather: { on: last friday of month, level: full, pool: monthly }
`;

/** Sets of the rotation (`home`) and without one (`now`, into a pool); the rotation's run of the evening has not begun. */
async function prepared(pool: string): Promise<Installation> {
  const here = await Installation.create({ pools, rotation });
  const file = join(here.folder, 'grandsire.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}  now: { include: ['${here.source}'], pool: ${pool} }\n`);
  writeFileSync(join(here.source, 'file'), 'content');
  return here;
}

async function run(here: Installation, at: string, set: string, ...options: string[]) {
  here.clock.set(instant(Date.parse(at)));
  const { exitCode, stdout, stderr } = await here.command('backup', 'run', set, ...options, '--json');
  assert.equal(exitCode, 0, stdout + stderr);
  return JSON.parse(stdout);
}

const conditions = (here: Installation) =>
  here.withApp(async ({ catalog }) => new Set((await catalog.cartridges.list()).map(({ condition }) => condition)));

describe('a run that begins after the hour of a run of the rotation that has not begun', () => {
  for (const [pool, at, later] of [
    ['daily', '2026-12-02T22:30:00Z', '2026-12-02T22:40:00Z'],
    ['daily', '2026-12-02T22:00:00Z', '2026-12-02T22:10:00Z'],
    ['weekly', '2026-12-04T22:05:00Z', '2026-12-04T22:15:00Z'],
  ] as const) {
    it(`takes one blank cartridge, and the other gets its own (${pool}, ${at})`, async () => {
      await using here = await prepared(pool);
      const byHand = await run(here, at, 'now');
      const planned = await run(here, later, 'home');
      assert.deepEqual([byHand.cartridges.length, planned.cartridges.length], [1, 1]);
      assert.notDeepEqual(byHand.cartridges, planned.cartridges);
      assert.deepEqual(await conditions(here), new Set(['good']));
    });
  }

  it('builds on the full that is there', async () => {
    await using here = await prepared('daily');
    const full = await run(here, '2026-12-01T22:00:00Z', 'home');
    const done = await run(here, '2026-12-04T22:05:00Z', 'home', '--level', 'incremental');
    const { level, base } = await here.withApp(async ({ catalog }) => {
      const record = await catalog.dataSets.byId(done.dataSet);
      const built = record?.base === undefined ? undefined : await catalog.dataSets.get(record.base);
      return { level: record?.level, base: built?.id };
    });
    assert.deepEqual([full.level, level, base], ['full', 'incremental', full.dataSet]);
  });
});
