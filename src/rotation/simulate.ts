import { type CalendarDay, eachDay } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import { startOfDay } from '#src/base/time-zone';
import type { DataSetState } from '#src/catalog/data-sets';
import type { CartridgeId } from '#src/media/facets';
import type { ScheduleShortage } from '#src/report/schedule-entry';
import { allocateNext, type NextCartridge } from '#src/rotation/allocate-next';
import { applyRun } from '#src/rotation/apply-run';
import { planSchedule } from '#src/rotation/planner';
import type { PlannedCartridge, PlannedRun, PlanningRotation, PlanningState } from '#src/rotation/planning-state';

/** What happens to a simulated run. */
export interface SimulatedFate {
  readonly state: Exclude<DataSetState, 'open'> | 'missed';
  readonly cartridges: number;
  readonly bytes: number;
}

export interface SimulationInput {
  readonly from: CalendarDay;
  readonly to: CalendarDay;
  /** What each run really needs and how it ends; undefined: it is complete, and needs what was planned. */
  readonly fateOf?: (run: PlannedRun) => SimulatedFate | undefined;
}

export interface SimulatedRun {
  /** As it was planned on the morning of its day. */
  readonly planned: PlannedRun;
  /** What it was given, one cartridge after another. */
  readonly cartridges: readonly PlannedCartridge[];
  readonly shortage: ScheduleShortage | undefined;
  /** Before and after it. */
  readonly before: PlanningState;
  readonly after: PlanningState;
}

/**
 * Runs the calendar on a clock that moves from run to run: each is planned on its day, takes its cartridges one by one as a
 * real one does (`allocateNext`), and leaves the state that the next one finds.
 */
export function* simulate(
  start: PlanningState,
  { from, to, fateOf }: SimulationInput,
): Generator<SimulatedRun, PlanningState> {
  let state = start;
  for (const day of eachDay(from, to)) {
    for (const rotation of rotationsOn(state, day)) {
      const planned = planOfDay(state, rotation, day);
      if (planned === undefined) continue;
      const fate = fateOf?.(planned) ?? { state: 'complete', cartridges: 0, bytes: 0 };
      if (fate.state === 'missed') continue;
      const before = state;
      const { given, last } = takeCartridges(state, planned, fate.cartridges);
      const { bytes } = fate;
      state = applyRun(state, { run: last.run, state: fate.state, startedAt: planned.at, cartridges: given, bytes });
      yield { planned, cartridges: given, shortage: last.shortage, before, after: state };
    }
  }
  return state;
}

/** The rotations that run on a day, in the order in which they begin. */
function rotationsOn({ rotations }: PlanningState, day: CalendarDay): readonly PlanningRotation[] {
  const due = rotations.flatMap((rotation) => {
    const at = rotation.scheme.runsOn(day) === null ? null : rotation.runTime.on(day);
    return at === null ? [] : [{ rotation, at }];
  });
  due.sort((a, b) => a.at - b.at || (a.rotation.name < b.rotation.name ? -1 : 1));
  return due.map(({ rotation }) => rotation);
}

/** The run as the plan of that morning has it: what was missed on a day before stays missed. */
function planOfDay(
  state: PlanningState,
  { name, timeZone }: PlanningRotation,
  day: CalendarDay,
): PlannedRun | undefined {
  const now = startOfDay(day, timeZone);
  return planSchedule(state, { now, from: day, to: day, lookAheadDays: 0 }).runs.find(
    ({ rotation }) => rotation === name,
  );
}

function takeCartridges(state: PlanningState, planned: PlannedRun, needs: number) {
  const given: PlannedCartridge[] = [];
  const request = (taken: readonly CartridgeId[], now: Instant) => ({
    now,
    running: { rotation: planned.rotation, day: planned.day, startedAt: planned.at, needs, taken, passedOver: [] },
  });
  const wanted = Math.max(1, needs, needs === 0 ? planned.cartridges.length + planned.missing : 0);
  let last: NextCartridge = allocateNext(state, request([], planned.at));
  while (last.cartridge !== undefined) {
    given.push(last.cartridge);
    if (given.length >= wanted) break;
    last = allocateNext(
      state,
      request(
        given.map(({ id }) => id),
        planned.at,
      ),
    );
  }
  return { given, last };
}
