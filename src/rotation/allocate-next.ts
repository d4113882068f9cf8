import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import type { AllocationRecord } from '#src/catalog/allocations';
import type { ScheduleShortage } from '#src/report/schedule-entry';
import { planSchedule } from '#src/rotation/planner';
import type { PlannedCartridge, PlannedRun, PlanningState, RunningRun } from '#src/rotation/planning-state';

export interface NextCartridge {
  /** The next cartridge to write on; undefined: there is none, and `shortage` says what is missing. */
  readonly cartridge: PlannedCartridge | undefined;
  readonly shortage: ScheduleShortage | undefined;
  /** The run with everything taken so far and this cartridge, and why. */
  readonly run: PlannedRun;
  /** To be put into the catalog together with the fact that it was taken. */
  readonly allocations: readonly AllocationRecord[];
}

/**
 * The next cartridge of a run that is under way or about to begin: the one planned, or where it needs more than were planned
 * the free one whose next planned use is the furthest away. It is the plan of that run's day, read at one place.
 *
 * Throws `internal.bug` where the scheme has no run on that day and none was described (`RunningRun.byHand`).
 */
export function allocateNext(
  state: PlanningState,
  request: { readonly now: Instant; readonly running: RunningRun },
): NextCartridge {
  const { now, running } = request;
  const ordinal = running.taken.length + 1;
  const needs = Math.max(running.needs ?? 0, ordinal);
  const { day } = running;
  const plan = planSchedule(state, { now, from: day, to: day, lookAheadDays: 0, running: { ...running, needs } });
  const run = plan.runs.find(({ rotation, isRunning }) => isRunning && rotation === running.rotation);
  if (run === undefined) throw bug(`rotation ${running.rotation} has no run on ${day} to give a cartridge to`);
  const cartridge = run.cartridges[running.taken.length];
  const isOfRun = (entry: { readonly rotation: string }): boolean => entry.rotation === running.rotation;
  return {
    cartridge,
    shortage: plan.shortages.find(isOfRun),
    run,
    allocations: plan.allocations.filter((allocation) => isOfRun(allocation) && allocation.runDay === day),
  };
}
