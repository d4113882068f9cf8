import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { instant } from '#src/base/clock';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { CartridgeId } from '#src/media/facets';
import { allocateNext } from '#src/rotation/allocate-next';
import { planSchedule } from '#src/rotation/planner';
import type { PlanningDataSet, PlanningState } from '#src/rotation/planning-state';
import type { Level } from '#src/rotation/scheme';
import { cartridge, cartridges, day, grandfatherFatherSon, monday, office, rotation } from '#test/rotation/office';
import {
  barcodes,
  dataSet,
  firstRun,
  id,
  morning,
  plan,
  reason,
  runOfMonday,
  until,
  withBase,
  written,
} from '#test/rotation/office-plan';

test('a run that crosses midnight belongs to the day it began', () => {
  const now = instant(morning(day('2026-11-24')) + 3_600_000);
  const next = allocateNext(office(), { now, running: runOfMonday });
  assert.equal(next.run.day, monday);
  assert.deepEqual(
    next.allocations.map(({ runDay, ordinal, cartridge: number }) => [runDay, ordinal, number]),
    [
      [monday, 1, 1],
      [monday, 2, 2],
    ],
  );
});

test('choices are made for the nominal start, however late the run begins', () => {
  const sets = [dataSet(1, '2026-11-09', { protection: until('2026-11-24') })];
  const running = {
    rotation: 'office',
    day: monday,
    startedAt: instant(morning(day('2026-11-24')) + 60_000),
    taken: [],
    passedOver: [],
  };
  const late = allocateNext(office({ dataSets: sets, cartridges: [written(1)] }), { now: running.startedAt, running });
  assert.equal(late.cartridge, undefined, 'protected on Monday at ten, when the run should have begun');
});

test('what has run today is not planned again; what was interrupted is, and what is late is', () => {
  const past = { rotation: 'office', day: monday, tier: 'son', level: 'incremental', cartridges: 1, bytes: 1 } as const;
  assert.equal(plan(office({ runs: [{ ...past, state: 'complete' }] })).runs.length, 0);
  assert.equal(plan(office({ runs: [{ ...past, state: 'open' }] })).runs.length, 0);
  const again = firstRun(office({ runs: [{ ...past, state: 'interrupted' }] }));
  assert.ok(reason(again, 'run.repeated'));
  const [late] = planSchedule(office(), { now: instant(morning(monday) + 82_000_000), from: monday, to: monday }).runs;
  assert.ok(late && reason(late, 'run.overdue'));
});

test('what an interrupted run wrote is kept until the next complete run of its set, which may not use it itself', () => {
  const broken = dataSet(1, '2026-11-20', { state: 'interrupted', protection: until('2026-11-21') });
  const state = office({ dataSets: [broken], cartridges: [written(1), cartridge(2)] });
  const runs = plan(state, monday, day('2026-11-24')).runs;
  assert.deepEqual(runs.map(barcodes), [['G00002L9'], ['G00001L9']], 'released by Monday’s run');
});

test('what another run is writing is planned with as done', () => {
  const open = dataSet(1, '2026-11-23', { state: 'open', tier: 'son', pool: 'daily', protection: until('2026-12-07') });
  const done = {
    rotation: 'office',
    day: monday,
    tier: 'son',
    level: 'full',
    state: 'open',
    cartridges: 1,
    bytes: 1,
  } as const;
  const state = office({
    dataSets: [open],
    runs: [done],
    cartridges: [written(1, { pool: 'daily' }), ...cartridges(20).slice(1)],
  });
  const runs = plan(state, monday, day('2026-11-24')).runs;
  assert.deepEqual(
    runs.map(({ day: date, level }) => `${date} ${level}`),
    ['2026-11-24 incremental'],
  );
});

test('a run that begins after the hour of one that has not begun appends to nothing that the other would write, and builds on none of it', () => {
  const friday = day('2026-12-04');
  const home = rotation({ name: 'by-hand-home', sets: ['home'] });
  const base: PlanningState = { ...withBase(), rotations: [rotation({ sets: ['home', 'work'] }), home] };
  const scheme = grandfatherFatherSon();
  for (const [on, pool] of [
    [day('2026-12-02'), 'daily'],
    [friday, 'weekly'],
  ] as const) {
    const startedAt = instant(Date.parse(`${on}T22:00:00Z`) + 1_800_000);
    for (const overdue of [[], plan(base, on).allocations]) {
      const state = { ...base, allocations: overdue };
      const byHand = { ...scheme.runByHand(on, 'full'), pool };
      const running = { rotation: home.name, day: on, startedAt, byHand, taken: [], passedOver: [] };
      const next = allocateNext(state, { now: startedAt, running });
      assert.equal(next.cartridge?.use, pool === 'weekly' ? 'append' : 'overwrite', `${on} ${pool}`);
      const kept = overdue.filter(({ runDay }) => runDay === on).map(({ cartridge: held }) => held);
      assert.ok(!kept.includes(next.cartridge?.id as CartridgeId), 'what the overdue run was promised stays its own');
      assert.deepEqual(plan(state, on).runs[0]?.cartridges, plan(base, on).runs[0]?.cartridges);
    }
  }
  const startedAt = instant(Date.parse('2026-12-04T22:05:00Z'));
  const byHand = scheme.runByHand(friday, 'incremental');
  const running = { rotation: 'office', day: friday, startedAt, byHand, sets: ['home'], taken: [], passedOver: [] };
  const [planned] = allocateNext(base, { now: startedAt, running }).run.sets;
  assert.deepEqual([planned?.level, planned?.base], ['incremental', 1]);
});

test('what a run that starts now builds on is complete and lives', () => {
  const level = fc.constantFrom('full', 'incremental', 'differential') as fc.Arbitrary<Level>;
  const made = fc.record({
    level,
    state: fc.constantFrom('complete', 'open', 'interrupted') as fc.Arbitrary<PlanningDataSet['state']>,
    on: fc.constantFrom('2026-11-20', '2026-11-26', '2026-11-27'),
    isAlive: fc.boolean(),
  });
  const question = fc.record({ sets: fc.array(made, { maxLength: 5 }), minute: fc.nat(180), wanted: level });
  fc.assert(
    fc.property(question, ({ sets, minute, wanted }) => {
      const dataSets = sets.map(({ on, isAlive, ...made }, index) => {
        const base = made.level === 'full' ? undefined : ((index === 0 ? 99 : index) as DataSetKey);
        return dataSet(index + 1, on, { ...made, base, copies: isAlive ? [[id(index + 1)]] : [] });
      });
      const friday = day('2026-11-27');
      const startedAt = instant(Date.parse('2026-11-27T21:00:00Z') + minute * 60_000);
      const byHand = grandfatherFatherSon().runByHand(friday, wanted);
      const running = { rotation: 'office', day: friday, startedAt, byHand, taken: [], passedOver: [] };
      for (const planned of allocateNext(office({ dataSets }), { now: startedAt, running }).run.sets) {
        const base = dataSets.find(({ key }) => key === planned.base);
        assert.equal(planned.level === 'full', planned.base === undefined);
        if (planned.level === 'full') continue;
        assert.deepEqual([base?.state, base?.copies.length], ['complete', 1]);
      }
    }),
  );
});

test('a run that an operator starts before its time does not take what is protected until later that day', () => {
  const tokyo = { kind: 'until', freeOn: '2026-11-24', timeZone: 'Asia/Tokyo' } as const; // ends on 23 November, 15:00 in London
  const state = office({ dataSets: [dataSet(1, '2026-11-09', { protection: tokyo })], cartridges: [written(1)] });
  const early = {
    rotation: 'office',
    day: monday,
    startedAt: instant(Date.parse('2026-11-23T10:00:00Z')),
    level: 'full',
    taken: [],
    passedOver: [],
  } as const;
  assert.equal(allocateNext(state, { now: early.startedAt, running: early }).cartridge, undefined);
  assert.equal(firstRun({ ...state, rotations: [rotation({ sets: ['mail'] })] }).cartridges[0]?.barcode, 'G00001L9');
});
