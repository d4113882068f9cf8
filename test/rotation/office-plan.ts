import assert from 'node:assert/strict';
import type { CalendarDay } from '#src/base/calendar-day';
import { type Instant, instant } from '#src/base/clock';
import { startOfDay } from '#src/base/time-zone';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { CartridgeId } from '#src/media/facets';
import type { ScheduleReason } from '#src/report/schedule-reason';
import { planSchedule } from '#src/rotation/planner';
import type {
  Plan,
  PlannedRun,
  PlanningCartridge,
  PlanningDataSet,
  PlanningState,
  RunningRun,
} from '#src/rotation/planning-state';
import { cartridge, cartridges, day, london, monday, office } from '#test/rotation/office';

export const morning = (date: CalendarDay): Instant => startOfDay(date, london);

export const plan = (state: PlanningState, from: CalendarDay = monday, to: CalendarDay = from): Plan =>
  planSchedule(state, { now: morning(from), from, to });

export function firstRun(state: PlanningState, from: CalendarDay = monday): PlannedRun {
  const [run] = plan(state, from).runs;
  assert.ok(run);
  return run;
}

export const barcodes = ({ cartridges: list }: PlannedRun): readonly string[] => list.map(({ barcode }) => barcode);
export const reason = <C extends ScheduleReason['code']>(run: PlannedRun, code: C) =>
  run.reasons.find((r): r is Extract<ScheduleReason, { code: C }> => r.code === code);
export const id = (number: number): CartridgeId => number as CartridgeId;

/** The run of Monday, begun at its hour, with one cartridge written on. */
export const runOfMonday: RunningRun = {
  rotation: 'office',
  day: monday,
  startedAt: instant(morning(monday) + 79_200_000),
  taken: [id(1)],
  passedOver: [],
};

/** A complete full of the set `home`, written on the cartridge in the evening of a day. */
export function dataSet(
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

export const written = (number: number, changes: Partial<PlanningCartridge> = {}): PlanningCartridge =>
  cartridge(number, { pool: 'weekly', drawnFrom: 'scratch', fill: 'appendable', ...changes });

export const until = (freeOn: string) => ({ kind: 'until', freeOn, timeZone: 'Europe/London' }) as const;

export const withBase = (changes: Partial<PlanningState> = {}): PlanningState =>
  office({ dataSets: [dataSet(1, '2026-11-20')], cartridges: [written(1), ...cartridges(20).slice(1)], ...changes });
