import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, type CalendarDay } from '#src/base/calendar-day';
import { startOfDay } from '#src/base/time-zone';
import type { CartridgeId } from '#src/media/facets';
import { planSchedule } from '#src/rotation/planner';
import type { Plan, PlanningState } from '#src/rotation/planning-state';
import { isProtectionOver } from '#src/rotation/retention';
import { type SimulatedFate, type SimulatedRun, simulate } from '#src/rotation/simulate';
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
} from '#test/rotation/office';

const planOf = (state: PlanningState, from: CalendarDay, to: CalendarDay): Plan =>
  planSchedule(state, { now: startOfDay(from, london), from, to });

const summary = (run: { day: string; cartridges: readonly { barcode: string }[] }): string =>
  `${run.day} ${run.cartridges.map(({ barcode }) => barcode).join(' ')}`;

function simulated(
  state: PlanningState,
  from: CalendarDay,
  to: CalendarDay,
  fateOf?: (run: SimulatedRun['planned']) => SimulatedFate | undefined,
) {
  const runs = [...simulate(state, { from, to, ...(fateOf ? { fateOf } : {}) })];
  return { runs, used: runs.map(({ planned, cartridges: given }) => summary({ day: planned.day, cartridges: given })) };
}

/** The last cartridge's volume ages past its own period while others need it: short periods and long chains provoke it. */
const states = fc
  .record({
    count: fc.integer({ min: 4, max: 24 }),
    daily: fc.constantFrom('1 day', '3 days', '2 weeks', '1 month'),
    weekly: fc.constantFrom('1 week', '5 weeks', '2 months'),
    monthly: fc.constantFrom('3 months', '1 year', 'forever'),
    level: fc.constantFrom('incremental', 'differential', 'full'),
    append: fc.constantFrom('never', 'cycle', 'full'),
    on: fc.constantFrom('last friday of month', 'first monday of month', 'last day of month', 17),
    sets: fc.constantFrom(['home'], ['home', 'mail']),
    start: fc.integer({ min: 0, max: 400 }),
  })
  .map(({ count, daily, weekly, monthly, level, append, on, sets, start }) => ({
    start: addDays(monday, start),
    state: office({
      cartridges: cartridges(count),
      pools: [pool('scratch'), pool('daily', daily), pool('weekly', weekly), pool('monthly', monthly)],
      rotations: [
        rotation({
          sets,
          scheme: grandfatherFatherSon({
            son: { ...officeSettings.son, level, append },
            grandfather: { ...officeSettings.grandfather, on },
          }),
        }),
      ],
    }),
  }));

const fates = fc.array(
  fc.record({
    state: fc.constantFrom('complete', 'complete', 'complete', 'interrupted', 'missed'),
    cartridges: fc.integer({ min: 1, max: 3 }),
    bytes: fc.integer({ min: 0, max: 1500 }),
  }),
  { minLength: 1, maxLength: 12 },
) as fc.Arbitrary<readonly SimulatedFate[]>;

/** Data sets whose own policy still protects them at a moment, and all that they build on: worked out without the planner. */
function protectedAt(state: PlanningState, at: number): ReadonlySet<CartridgeId> {
  const byKey = new Map(state.dataSets.map((dataSet) => [dataSet.key, dataSet]));
  const found = new Set<CartridgeId>();
  for (const dataSet of state.dataSets) {
    const isLater = state.dataSets.some(
      (other) =>
        other.backupSet === dataSet.backupSet && other.state === 'complete' && other.startedAt > dataSet.startedAt,
    );
    const isKept =
      dataSet.state === 'interrupted'
        ? !isLater
        : dataSet.protection.kind === 'forever' || !isProtectionOver(dataSet.protection, at as never);
    if (!isKept) continue;
    for (
      let link = byKey.get(dataSet.key);
      link !== undefined;
      link = link.base === undefined ? undefined : byKey.get(link.base)
    ) {
      for (const id of link.copies.flat()) found.add(id);
    }
  }
  return found;
}

test('nothing protected is ever written over, whatever happens to the runs', () => {
  fc.assert(
    fc.property(states, fates, ({ state, start }, list) => {
      let index = 0;
      const fateOf = () => list[index++ % list.length];
      for (const run of simulate(state, { from: start, to: addDays(start, 60), fateOf })) {
        const kept = protectedAt(run.before, run.planned.at);
        for (const { id, barcode, use } of run.cartridges) {
          if (use === 'overwrite') assert.ok(!kept.has(id), `${run.planned.day} ${barcode}`);
        }
        // What a run builds on lives when it is done.
        for (const dataSet of run.after.dataSets) {
          if (dataSet.runDay === run.planned.day && dataSet.base !== undefined) {
            assert.ok(
              run.after.dataSets.some(({ key }) => key === dataSet.base),
              `base of ${dataSet.id}`,
            );
          }
        }
      }
    }),
    { numRuns: 15 },
  );
});

test('what was printed is what is used on the moving clock', () => {
  fc.assert(
    fc.property(states, ({ state, start }) => {
      const to = addDays(start, 45);
      const printed = planOf(state, start, to);
      // Printing is what fixes a plan: it is kept as allocations, and nothing is promised of one that was only looked at.
      const begin = { ...state, allocations: printed.allocations };
      assert.deepEqual(simulated(begin, start, to).used, printed.runs.map(summary));
    }),
    { numRuns: 20 },
  );
});

test('a printed quarter is what the quarter uses, and printing it again changes nothing', () => {
  const warm = simulated(office(), monday, day('2026-12-31')).runs.at(-1)?.after as PlanningState;
  const [from, to] = [day('2027-01-01'), day('2027-03-31')];
  const printed = planOf(warm, from, to);
  assert.equal(printed.runs.length, 64);
  const state = { ...warm, allocations: printed.allocations };
  const again = planOf(state, from, to);
  assert.deepEqual(again.allocations, printed.allocations);
  assert.deepEqual(again.obsolete, []);
  assert.deepEqual(simulated(state, from, to).used, printed.runs.map(summary));
});

test('after one run that needs a cartridge more, most of what was printed stays', () => {
  // 24 cartridges: of 20 one is spare, and an overflow would be a shortage.
  const warm = simulated(office({ cartridges: cartridges(24) }), monday, day('2026-12-31')).runs.at(-1)
    ?.after as PlanningState;
  const [from, to] = [day('2027-01-01'), day('2027-03-31')];
  const printed = planOf(warm, from, to);
  const state = { ...warm, allocations: printed.allocations };
  const overflow = (run: { day: CalendarDay }) =>
    run.day === '2027-01-11' ? ({ state: 'complete', cartridges: 2, bytes: 1100 } as const) : undefined;
  const { used } = simulated(state, from, to, overflow);
  const lines = printed.runs.map(summary);
  const renamed = used.filter((line, index) => line !== lines[index] && !line.startsWith('2027-01-11'));
  assert.ok(renamed.length <= 3, `${renamed.length} of ${lines.length} renamed: ${renamed.join('; ')}`);
  const forgetful = simulated(warm, from, to, overflow).used.filter((line, index) => line !== lines[index]);
  assert.ok(forgetful.length > 20, `without memory ${forgetful.length} would have been: else this test shows nothing`);
});

test('the order in which the catalog lists things means nothing', () => {
  const warm = simulated(office(), monday, day('2027-02-10')).runs.at(-1)?.after as PlanningState;
  const from = day('2027-02-11');
  const remembered = { ...warm, allocations: planOf(warm, from, day('2027-02-26')).allocations };
  const expected = planOf(remembered, from, day('2027-03-31'));
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const shuffled = <T>(list: readonly T[]): readonly T[] =>
        list
          .map((item) => ({ item, rank: numbers.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ item }) => item);
      const state = Object.fromEntries(
        Object.entries(remembered).map(([key, list]) => [key, shuffled(list as readonly unknown[])]),
      );
      assert.deepEqual(planOf(state as unknown as PlanningState, from, day('2027-03-31')).runs, expected.runs);
    }),
    { numRuns: 10 },
  );
});

test('a plan for a year begins with the plan for a day', () => {
  const long = planOf(office(), monday, day('2027-11-22')).runs;
  const short = planOf(office(), monday, addDays(monday, 1)).runs;
  assert.deepEqual(long.slice(0, 2).map(summary), short.map(summary));
});

test('what `init` writes has no shortage in its first year, whatever day it begins on', () => {
  for (const start of ['2026-11-22', '2026-12-25', '2027-02-26', '2027-07-07']) {
    const from = day(start);
    const { shortages, runs } = planOf(office(), from, addDays(from, 366));
    assert.ok(runs.length > 250);
    assert.deepEqual(shortages, [], start);
  }
  const lean = planOf(office({ cartridges: cartridges(17) }), monday, addDays(monday, 366));
  assert.ok(lean.shortages.length > 0, 'seventeen are too few: else twenty would prove nothing');
});

test('a year that the clock lives through has no shortage either', () => {
  const { runs } = simulated(office(), monday, addDays(monday, 366));
  assert.equal(runs.length, 263);
  assert.deepEqual(
    runs.flatMap(({ shortage }) => shortage ?? []),
    [],
  );
});

test('a cartridge of another pool or library, added to scratch, is used; one taken away is done without', () => {
  const printed = planOf(office(), monday, day('2027-02-26'));
  const without = office({
    allocations: printed.allocations,
    cartridges: [...cartridges(20).slice(0, 4), ...cartridges(22).slice(5)],
  });
  const again = planOf(without, monday, day('2027-02-26'));
  const kept = again.runs.filter((run, index) => summary(run) === summary(printed.runs[index] as never)).length;
  assert.ok(again.runs.length - kept <= 6, `${again.runs.length - kept} renamed`);
  assert.ok(
    again.runs.some((run) => run.reasons.some((r) => r.code === 'cartridge.departed' && r.because === 'absent')),
  );
  assert.deepEqual(
    planOf(office({ cartridges: [cartridge(1, { pool: 'nowhere' })], pools: officePools }), monday, monday).shortages
      .length,
    1,
  );
});
