import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CalendarDay } from '#src/base/calendar-day';
import { type Instant, instant } from '#src/base/clock';
import { startOfDay } from '#src/base/time-zone';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { CartridgeId } from '#src/media/facets';
import type { ScheduleReason } from '#src/report/schedule-reason';
import { allocateNext } from '#src/rotation/allocate-next';
import { planSchedule } from '#src/rotation/planner';
import type { Plan, PlannedRun, PlanningCartridge, PlanningDataSet, PlanningState } from '#src/rotation/planning-state';
import type { Level } from '#src/rotation/scheme';
import {
  cartridge,
  cartridges,
  day,
  grandfatherFatherSon,
  london,
  monday,
  office,
  officePools,
  officeSettings,
  pool,
  rotation,
  runTime,
  zone,
} from '#test/rotation/office';

const morning = (date: CalendarDay): Instant => startOfDay(date, london);

const plan = (state: PlanningState, from: CalendarDay = monday, to: CalendarDay = from): Plan =>
  planSchedule(state, { now: morning(from), from, to });

function firstRun(state: PlanningState, from: CalendarDay = monday): PlannedRun {
  const [run] = plan(state, from).runs;
  assert.ok(run);
  return run;
}

const barcodes = ({ cartridges: list }: PlannedRun): readonly string[] => list.map(({ barcode }) => barcode);
const reason = <C extends ScheduleReason['code']>(run: PlannedRun, code: C) =>
  run.reasons.find((r): r is Extract<ScheduleReason, { code: C }> => r.code === code);
const id = (number: number): CartridgeId => number as CartridgeId;

/** A complete full of the set `home`, written on the cartridge in the evening of a day. */
function dataSet(
  key: number,
  on: string,
  changes: Partial<PlanningDataSet> & { on?: readonly number[] } = {},
): PlanningDataSet {
  const { on: numbers = [key], ...rest } = changes;
  return {
    key: key as DataSetKey,
    id: `home-${key}`,
    backupSet: 'home',
    rotation: 'office',
    runDay: day(on),
    startedAt: instant(startOfDay(day(on), london) + 79_200_000),
    tier: 'father',
    pool: 'weekly',
    level: 'full',
    base: undefined,
    state: 'complete',
    protection: { kind: 'until', freeOn: '2027-01-15', timeZone: 'Europe/London' },
    copies: [numbers.map(id)],
    staged: false,
    ...rest,
  };
}

const written = (number: number, changes: Partial<PlanningCartridge> = {}): PlanningCartridge =>
  cartridge(number, { pool: 'weekly', drawnFrom: 'scratch', fill: 'appendable', ...changes });

const until = (freeOn: string) => ({ kind: 'until', freeOn, timeZone: 'Europe/London' }) as const;

const withBase = (changes: Partial<PlanningState> = {}): PlanningState =>
  office({ dataSets: [dataSet(1, '2026-11-20')], cartridges: [written(1), ...cartridges(20).slice(1)], ...changes });

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

test('of what is free the one that expired first, then by barcode; what was never written comes before', () => {
  const sets = [
    dataSet(1, '2026-10-01', { protection: until('2026-11-20') }),
    dataSet(2, '2026-10-02', { protection: until('2026-11-10') }),
    dataSet(3, '2026-10-03', { protection: until('2026-11-10') }),
    dataSet(9, '2026-11-20', { on: [9] }),
  ];
  const list = [written(9), written(1), written(3), written(2)];
  assert.deepEqual(barcodes(firstRun(office({ dataSets: sets, cartridges: list }))), ['G00002L9']);
  const run = firstRun(office({ dataSets: sets, cartridges: list }));
  assert.deepEqual(reason(run, 'cartridge.oldest-expiry'), {
    code: 'cartridge.oldest-expiry',
    cartridge: 'G00002L9',
    expired: '2026-11-10',
  });
  assert.deepEqual(barcodes(firstRun(office({ dataSets: sets, cartridges: [...list, cartridge(20)] }))), ['G00020L9']);
});

test('neither fill grade nor position decides between equals', () => {
  const list = [
    cartridge(4, { usedBytes: 1, fill: 'appendable' }),
    cartridge(3, { location: { kind: 'drive', library: 'main', number: 1 } }),
    cartridge(5),
  ];
  assert.deepEqual(barcodes(firstRun(office({ cartridges: list }))), ['G00003L9']);
});

test('a cartridge drawn from scratch goes back to it when nothing on it is protected; one of the pool stays its own', () => {
  const expired = [dataSet(1, '2026-10-01', { backupSet: 'mail', protection: until('2026-11-10') })];
  assert.deepEqual(barcodes(firstRun(office({ dataSets: expired, cartridges: [written(1)] }))), ['G00001L9']);
  const own = written(1, { drawnFrom: undefined });
  assert.deepEqual(
    barcodes(firstRun(office({ dataSets: expired, cartridges: [own] }))),
    [],
    'weekly’s own is not for daily',
  );
  assert.deepEqual(barcodes(firstRun(office({ dataSets: expired, cartridges: [own] }), day('2026-12-04'))), [
    'G00001L9',
  ]);
});

test('a cartridge is protected as long as the last data set on it', () => {
  const sets = [
    dataSet(1, '2026-10-01', { protection: until('2026-11-10') }),
    dataSet(2, '2026-10-02', { protection: until('2026-12-10'), on: [1] }),
  ];
  assert.deepEqual(barcodes(firstRun(office({ dataSets: sets, cartridges: [written(1)] }))), []);
});

test('a pool draws on what its own pool draws on', () => {
  const pools = [pool('spare'), pool('scratch', undefined, { draw: 'spare' }), ...officePools.slice(1)];
  assert.deepEqual(barcodes(firstRun(office({ pools, cartridges: [cartridge(1, { pool: 'spare' })] }))), ['G00001L9']);
  assert.deepEqual(barcodes(firstRun(office({ cartridges: [cartridge(1, { pool: 'spare' })] }))), []);
});

test('what is unfit is never taken', () => {
  const unfit: readonly Partial<PlanningCartridge>[] = [
    { kind: 'cleaning' },
    { kind: 'worm' },
    { condition: 'suspect' },
    { condition: 'damaged' },
    { condition: 'retired' },
    { writeProtected: true },
    { holds: ['court'] },
    { fill: 'foreign' },
    { fill: 'unknown' },
    { location: { kind: 'slot', library: 'other', number: 1 } },
    { location: { kind: 'mailSlot', library: 'main', number: 1 } },
    { location: { kind: 'vault', vault: 'bank' } },
    { location: { kind: 'unknown' } },
    { generation: 'LTO-7' },
    { protection: { kind: 'forever' }, fill: 'appendable' },
    { pool: 'weekly' },
  ];
  for (const changes of unfit) {
    const { runs, shortages } = plan(office({ cartridges: [cartridge(1, changes)] }));
    assert.deepEqual(barcodes(runs[0] as PlannedRun), [], JSON.stringify(changes));
    assert.equal(shortages.length, 1);
  }
});

test('a shortage names what an operator could bring or look at', () => {
  const list = [
    cartridge(1, { location: { kind: 'shelf', shelf: 'A' } }),
    cartridge(2, { fill: 'unknown' }),
    cartridge(3, { holds: ['x'] }),
  ];
  const [shortage] = plan(office({ cartridges: list })).shortages;
  assert.deepEqual(shortage, {
    day: monday,
    rotation: 'office',
    pool: 'daily',
    missing: 1,
    elsewhere: ['G00001L9'],
    unread: ['G00002L9'],
  });
});

test('a WORM pool takes blank WORM cartridges only, and never one twice', () => {
  const pools = officePools.map((p) => (p.name === 'daily' ? { ...p, worm: true } : p));
  const worm = (number: number, changes: Partial<PlanningCartridge> = {}) =>
    cartridge(number, { kind: 'worm', ...changes });
  assert.deepEqual(
    barcodes(firstRun(office({ pools, cartridges: [cartridge(1), worm(2, { fill: 'appendable' }), worm(3)] }))),
    ['G00003L9'],
  );
});

test('cartridges of a run have one generation, of which there is enough, written here and read by two drives', () => {
  const history = [
    {
      rotation: 'office',
      day: day('2026-11-20'),
      tier: 'father',
      level: 'full',
      state: 'complete',
      cartridges: 2,
      bytes: 9,
    } as const,
  ];
  const list = [cartridge(1, { generation: 'LTO-8' }), cartridge(2), cartridge(3)];
  const libraries = [{ name: 'main', drives: [{ generation: 'LTO-9' }, { generation: 'LTO-9' }] }];
  assert.deepEqual(barcodes(firstRun(office({ runs: history, cartridges: list, libraries }))), [
    'G00002L9',
    'G00003L9',
  ]);
  const readOnce = [{ name: 'main', drives: [{ generation: 'LTO-9' }, { generation: 'LTO-10' }] }];
  assert.deepEqual(
    barcodes(firstRun(office({ cartridges: list, libraries: readOnce }))),
    [],
    'an LTO-10 drive reads none of these',
  );
  const only = [{ name: 'main', drives: [{ generation: 'LTO-9' }] }];
  assert.deepEqual(
    barcodes(firstRun(office({ cartridges: list, libraries: only }))),
    ['G00001L9'],
    'the only drive there is',
  );
  const elsewhere = [...only, { name: 'annex', drives: [{ generation: 'LTO-9' }] }];
  assert.deepEqual(
    barcodes(firstRun(office({ cartridges: list, libraries: elsewhere }))),
    ['G00001L9'],
    'the second reader may be in another library',
  );
});

test('the number of cartridges is the median of past runs: one overflow changes nothing', () => {
  const runOf = (date: string, count: number) =>
    ({
      rotation: 'office',
      day: day(date),
      tier: 'son',
      level: 'incremental',
      state: 'complete',
      cartridges: count,
      bytes: 1,
    }) as const;
  const runs = [runOf('2026-11-16', 1), runOf('2026-11-17', 1), runOf('2026-11-18', 1), runOf('2026-11-19', 9)];
  assert.equal(barcodes(firstRun(withBase({ runs }))).length, 1);
  const two = [runOf('2026-11-16', 2), runOf('2026-11-17', 2), runOf('2026-11-18', 1)];
  assert.equal(barcodes(firstRun(withBase({ runs: two }))).length, 2);
});

test('a plan that was remembered stays, although another choice would be made now', () => {
  const allocation = { rotation: 'office', runDay: monday, tier: 'son', ordinal: 1, cartridge: id(13) };
  const run = firstRun(office({ allocations: [allocation] }));
  assert.deepEqual(barcodes(run), ['G00013L9']);
  assert.deepEqual(reason(run, 'cartridge.remembered'), { code: 'cartridge.remembered', cartridge: 'G00013L9' });
});

test('it departs from the plan only where it must, and names the old cartridge and why', () => {
  const allocations = [{ rotation: 'office', runDay: monday, tier: 'son', ordinal: 1, cartridge: id(13) }];
  const cases: readonly (readonly [Partial<PlanningCartridge>, string])[] = [
    [{ holds: ['court'] }, 'held'],
    [{ condition: 'retired' }, 'condition'],
    [{ location: { kind: 'unknown' } }, 'not-in-library'],
    [{ protection: { kind: 'forever' } }, 'protected'],
    [{ pool: 'weekly' }, 'pool'],
  ];
  for (const [changes, because] of cases) {
    const list = cartridges(20).map((c) => (c.id === 13 ? { ...c, ...changes } : c));
    const run = firstRun(office({ allocations, cartridges: list }));
    assert.deepEqual(reason(run, 'cartridge.departed'), { code: 'cartridge.departed', was: 'G00013L9', because });
    assert.deepEqual(barcodes(run), ['G00001L9']);
  }
  const gone = firstRun(office({ allocations, cartridges: cartridges(5) }));
  assert.equal(reason(gone, 'cartridge.departed')?.because, 'absent');
});

test('a changed tier makes what was remembered for the day obsolete, and says so', () => {
  const old = { rotation: 'office', runDay: monday, tier: 'father', ordinal: 1, cartridge: id(13) };
  const saturday = { ...old, runDay: '2026-11-28', tier: 'son' };
  const gone = { ...old, rotation: 'attic' };
  const { runs, obsolete } = plan(office({ allocations: [old, saturday, gone] }), monday, day('2026-11-30'));
  assert.deepEqual(obsolete, [old, saturday, gone]);
  assert.deepEqual(reason(runs[0] as PlannedRun, 'plan.tier-changed'), {
    code: 'plan.tier-changed',
    was: 'father',
    tier: 'son',
  });
});

test('an extra cartridge is the free one whose next planned use is the furthest away', () => {
  const three = cartridges(3);
  const allocation = (runDay: string, cartridgeNumber: number, tier = 'son') => ({
    rotation: 'office',
    runDay,
    tier,
    ordinal: 1,
    cartridge: id(cartridgeNumber),
  });
  const allocations = [allocation(monday, 1), allocation('2026-12-08', 2), allocation('2026-12-15', 3)];
  const state = office({ cartridges: three, allocations });
  const running = {
    rotation: 'office',
    day: monday,
    startedAt: instant(morning(monday) + 79_200_000),
    taken: [id(1)],
    passedOver: [],
  };
  const next = allocateNext(state, { now: running.startedAt, running });
  assert.equal(next.cartridge?.barcode, 'G00003L9');
  assert.deepEqual(reason(next.run, 'cartridge.furthest-next-use'), {
    code: 'cartridge.furthest-next-use',
    cartridge: 'G00003L9',
    nextUse: '2026-12-15',
  });
  const spare = allocateNext({ ...state, cartridges: cartridges(4) }, { now: running.startedAt, running });
  assert.equal(spare.cartridge?.barcode, 'G00004L9', 'one that is not planned at all is further away');
  const third = allocateNext(state, { now: running.startedAt, running: { ...running, passedOver: [id(3)] } });
  assert.equal(third.cartridge?.barcode, 'G00002L9');
  const none = allocateNext({ ...state, cartridges: cartridges(1) }, { now: running.startedAt, running });
  assert.equal(none.cartridge, undefined);
  assert.equal(none.shortage?.missing, 1);
});

test('a run that crosses midnight belongs to the day it began', () => {
  const running = {
    rotation: 'office',
    day: monday,
    startedAt: instant(morning(monday) + 79_200_000),
    taken: [id(1)],
    passedOver: [],
  };
  const now = instant(morning(day('2026-11-24')) + 3_600_000);
  const next = allocateNext(office(), { now, running });
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

test('sons that append share a cartridge for a cycle, and begin another in the next', () => {
  const scheme = grandfatherFatherSon({ son: { ...officeSettings.son, append: 'cycle' } });
  const { runs } = plan(withBase({ rotations: [rotation({ scheme })] }), monday, day('2026-12-01'));
  assert.deepEqual(
    runs.map((run) => `${run.day} ${barcodes(run)} ${run.cartridges[0]?.use}`),
    [
      '2026-11-23 G00002L9 overwrite',
      '2026-11-24 G00002L9 append',
      '2026-11-25 G00002L9 append',
      '2026-11-26 G00002L9 append',
      '2026-11-27 G00003L9 overwrite',
      '2026-11-30 G00004L9 overwrite',
      '2026-12-01 G00004L9 append',
    ],
  );
  assert.deepEqual(runs[0]?.protection, until('2026-12-10'), 'as long as the last data set on it');
});

test('nothing is appended to a cartridge that is full, held, suspect, elsewhere or already free', () => {
  const scheme = grandfatherFatherSon({ son: { ...officeSettings.son, append: 'cycle' } });
  const sets = [
    dataSet(1, '2026-11-20'),
    dataSet(2, '2026-11-23', {
      level: 'incremental',
      base: 1 as DataSetKey,
      tier: 'son',
      pool: 'daily',
      protection: until('2026-12-07'),
    }),
  ];
  const second = (changes: Partial<PlanningCartridge>) =>
    office({
      rotations: [rotation({ scheme })],
      dataSets: sets,
      cartridges: [written(1), written(2, { pool: 'daily', ...changes }), cartridge(3)],
    });
  const tuesday = day('2026-11-24');
  assert.deepEqual(barcodes(firstRun(second({}), tuesday)), ['G00002L9']);
  for (const changes of [
    { fill: 'full' },
    { holds: ['x'] },
    { condition: 'suspect' },
    { location: { kind: 'unknown' } },
    { writeProtected: true },
  ] as const) {
    assert.deepEqual(barcodes(firstRun(second(changes), tuesday)), ['G00003L9'], JSON.stringify(changes));
  }
});

test('a run by hand appends to the newest open cartridge of its pool, and leaves the plan of the day alone', () => {
  const sets = [
    dataSet(1, '2026-11-19', { pool: 'daily', tier: 'son', protection: until('2026-12-03') }),
    dataSet(2, '2026-11-20', { pool: 'daily', tier: 'son', protection: until('2026-12-04') }),
  ];
  const state = office({
    dataSets: sets,
    cartridges: [written(1, { pool: 'daily' }), written(2, { pool: 'daily' }), cartridge(3)],
  });
  const saturday = day('2026-11-21');
  const startedAt = instant(morning(saturday) + 36_000_000);
  const byHand = grandfatherFatherSon().runByHand(saturday);
  const next = allocateNext(state, {
    now: startedAt,
    running: { rotation: 'office', day: saturday, startedAt, byHand, taken: [], passedOver: [] },
  });
  assert.equal(next.cartridge?.barcode, 'G00002L9');
  assert.equal(next.cartridge?.use, 'append');
  assert.deepEqual(next.allocations, []);
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
