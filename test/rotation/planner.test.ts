import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataSetKey } from '#src/catalog/data-sets';
import { planSchedule } from '#src/rotation/planner';
import type { PlannedRun } from '#src/rotation/planning-state';
import {
  cartridges,
  day,
  grandfatherFatherSon,
  monday,
  office,
  officePools,
  officeSettings,
  pool,
  rotation,
  runTime,
  zone,
} from '#test/rotation/office';
import {
  barcodes,
  dataSet,
  firstRun,
  morning,
  plan,
  reason,
  until,
  withBase,
  written,
} from '#test/rotation/office-plan';

test('a set without a complete full that lives is taken whole, with the reason', () => {
  const none = firstRun(office());
  assert.equal(none.level, 'full');
  assert.deepEqual(reason(none, 'level.no-live-full'), {
    code: 'level.no-live-full',
    backupSet: 'home',
    wanted: 'incremental',
  });
  assert.equal(firstRun(withBase()).level, 'incremental');
  const interrupted = withBase({ dataSets: [dataSet(1, '2026-11-20', { state: 'interrupted' })] });
  assert.equal(firstRun(interrupted).level, 'full', 'an interrupted one never counts as the full');
  const brokenChain = withBase({
    dataSets: [dataSet(1, '2026-11-20', { level: 'incremental', base: 99 as DataSetKey })],
  });
  assert.equal(firstRun(brokenChain).level, 'full', 'its base is gone');
  const stagedOnly = withBase({ dataSets: [dataSet(1, '2026-11-20', { copies: [], staged: true })] });
  assert.equal(firstRun(stagedOnly).level, 'incremental', 'staged is restorable');
});

test('a new backup set is taken whole while the others go on', () => {
  const run = firstRun(withBase({ rotations: [rotation({ sets: ['mail', 'home'] })] }));
  assert.equal(run.level, 'incremental');
  assert.deepEqual(
    run.sets.map(({ backupSet, level }) => `${backupSet} ${level}`),
    ['home incremental', 'mail full'],
  );
});

test('a differential builds on the last full, an incremental on the last run', () => {
  const sets = [
    dataSet(1, '2026-11-20'),
    dataSet(2, '2026-11-21', { level: 'incremental', base: 1 as DataSetKey, protection: until('2026-12-05') }),
  ];
  const state = withBase({ dataSets: sets, cartridges: [written(1), written(2), ...cartridges(20).slice(2)] });
  assert.equal(firstRun(state).sets[0]?.base, 2);
  const differential = grandfatherFatherSon({ son: { ...officeSettings.son, level: 'differential' } });
  assert.equal(firstRun({ ...state, rotations: [rotation({ scheme: differential })] }).sets[0]?.base, 1);
});

test('the last full is kept as long as what builds on it, and the reason names the days', () => {
  const pools = officePools.map((p) => (p.name === 'weekly' || p.name === 'monthly' ? pool(p.name, '1 day') : p));
  const runs = plan(office({ pools }), day('2026-11-27'), day('2026-12-04')).runs;
  const full = runs[0] as PlannedRun;
  assert.equal(full.tier, 'grandfather');
  // Sons of 30 November to 3 December build on it; the last is free on 17 December.
  assert.deepEqual(full.protection, until('2026-12-17'));
  assert.deepEqual(reason(full, 'protection.needed-by')?.days, [
    '2026-11-30',
    '2026-12-01',
    '2026-12-02',
    '2026-12-03',
  ]);
  for (const run of runs.slice(1, 5)) assert.ok(!barcodes(run).includes(barcodes(full)[0] as string), run.day);
});

test('an expired base that still lives is protected again before the run chooses, so that tapes = cycle costs no full', () => {
  const expired = dataSet(1, '2026-11-20', { protection: until('2026-11-21') });
  const state = withBase({ dataSets: [expired], cartridges: [written(1)] });
  const { runs, shortages } = plan(state);
  assert.equal(runs[0]?.level, 'incremental');
  assert.deepEqual(barcodes(runs[0] as PlannedRun), []);
  assert.equal(shortages[0]?.missing, 1);
});

test('a full that writes over the only full is allowed by the policy, and warned of', () => {
  const state = office({
    dataSets: [dataSet(1, '2026-11-20', { protection: until('2026-11-27') })],
    cartridges: [written(1)],
  });
  const { runs, warnings } = plan(state, day('2026-11-27'));
  assert.deepEqual(barcodes(runs[0] as PlannedRun), ['G00001L9']);
  assert.equal(warnings[0]?.reason.code, 'base.last-full-overwritten');
});

test('a grandfather that leaves the site as the base of the next sons needs a second copy, or the plan warns', () => {
  const friday = day('2026-11-27');
  const leaving = (copies?: number) =>
    officePools.map((p) => (p.name === 'monthly' ? { ...p, leavesSite: true, ...(copies ? { copies } : {}) } : p));
  const [warning] = plan(office({ pools: leaving() }), friday).warnings;
  assert.deepEqual(warning, {
    day: friday,
    rotation: 'office',
    reason: { code: 'base.leaves-site', pool: 'monthly', neededBy: ['2026-11-30'] },
  });
  assert.deepEqual(plan(office({ pools: leaving(2) }), friday).warnings, []);
  assert.deepEqual(plan(office(), friday).warnings, []);
});

test('rotations share scratch without taking each other’s cartridges, each in its own zone', () => {
  const sydney = zone('Australia/Sydney');
  const other = rotation({ name: 'annex', timeZone: sydney, runTime: runTime('0 22 * * *', sydney), sets: ['mail'] });
  const { runs } = planSchedule(office({ rotations: [rotation(), other] }), {
    now: morning(monday),
    from: monday,
    to: day('2026-11-26'),
  });
  const used = runs.flatMap(barcodes);
  assert.equal(new Set(used).size, used.length);
  assert.deepEqual(
    runs.slice(0, 2).map(({ rotation: name, day: date }) => `${name} ${date}`),
    ['annex 2026-11-23', 'office 2026-11-23'],
  );
});

test('more than ten years are refused', () => {
  assert.throws(() => plan(office(), monday, day('2040-01-01')), { code: 'command.usage' });
});
