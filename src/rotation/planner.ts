import { addDays, type CalendarDay, daysBetween } from '#src/base/calendar-day';
import { GrandsireError } from '#src/base/errors';
import { dayAt, utc } from '#src/base/time-zone';
import type { AllocationRecord } from '#src/catalog/allocations';
import type { Protection } from '#src/media/facets';
import type { ScheduleWarning } from '#src/report/schedule-entry';
import type { ScheduleReason } from '#src/report/schedule-reason';
import { listAgenda } from '#src/rotation/agenda';
import { PlanMemory, runKey } from '#src/rotation/plan-memory';
import { type ModelDataSet, PlanModel, protectionOfDataSet, protectionOfVolume } from '#src/rotation/plan-model';
import { type DecidedRun, planRun } from '#src/rotation/plan-run';
import type { Plan, PlannedRun, PlanningDataSet, PlanningRequest, PlanningState } from '#src/rotation/planning-state';
import { isProtectionOver, laterProtection } from '#src/rotation/retention';

/** A longer plan tells nothing: cartridges, drives and rules do not last that long. */
const longestDays = 10 * 366;

/** Chains of incrementals end with the next full, and the widest schemes have one a month. */
const defaultLookAheadDays = 35;

/**
 * The plan: which cartridges each run from now to `to` takes, and why. Printing next quarter, answering "which tape tonight?"
 * and choosing tonight's next cartridge are this one function; it depends on its arguments alone, and not on the order of
 * their lists. Runs are decided in the order in which they begin, each in the world that the earlier ones leave, so that a
 * plan for a year begins with the plan for a day.
 *
 * Throws `command.usage` for more than ten years from now.
 */
export function planSchedule(state: PlanningState, request: PlanningRequest): Plan {
  const { from, to, now, lookAheadDays = defaultLookAheadDays } = request;
  if (daysBetween(dayAt(now, utc), to) > longestDays) throw tooLong(to);
  const model = new PlanModel(state, dataSetsAsPlanned(state, request));
  const memory = new PlanMemory(state);
  const decided = listAgenda(state, request, addDays(to, lookAheadDays)).map((item) =>
    planRun(item, { state, model, memory }),
  );
  const planned = decided.filter(({ item }) => item.day <= to);
  const shown = planned.filter(({ item }) => item.day >= from || item.running !== undefined);
  const runs = shown.map(plannedRun);
  const allocations = planned.flatMap(allocationsOf);
  return {
    from,
    to,
    runs,
    shortages: shown.flatMap(({ shortage }) => shortage ?? []),
    warnings: runs.flatMap(warningsOf),
    allocations,
    obsolete: obsoleteAllocations(state, { request, planned }),
  };
}

/**
 * What a run under way has begun to write is planned like everything else it does, and so left out here. What another run is
 * writing at the moment is planned as done, unless its protection would be over before it is: then it is kept.
 */
function dataSetsAsPlanned({ dataSets }: PlanningState, { now, running }: PlanningRequest): readonly PlanningDataSet[] {
  return dataSets.flatMap((dataSet) => {
    if (dataSet.state !== 'open') return [dataSet];
    const { rotation, startedAt, protection } = dataSet;
    if (running && startedAt >= running.startedAt && (rotation ?? running.rotation) === running.rotation) return [];
    return [isProtectionOver(protection, now) ? { ...dataSet, protection: { kind: 'forever' } as const } : dataSet];
  });
}

function plannedRun(decided: DecidedRun): PlannedRun {
  const { item, pool, level, sets, dataSets, assignment, volumes } = decided;
  const { rotation, day, at, run } = item;
  const own = dataSets.map((dataSet) => protectionOfDataSet(dataSet).protection).reduce(laterProtection);
  const protection = volumes.map(protectionOfVolume).reduce(laterProtection, own);
  return {
    rotation: rotation.name,
    library: rotation.library,
    day,
    at,
    timeZone: rotation.timeZone,
    tier: run.tier,
    level,
    pool: pool.name,
    sets,
    cartridges: assignment.cartridges.map(({ cartridge, use }) => ({
      id: cartridge.facts.id,
      barcode: cartridge.facts.barcode,
      use,
    })),
    missing: assignment.missing,
    isRunning: item.running !== undefined,
    protection,
    reasons: [...decided.reasons, ...laterReasons(decided, own)],
  };
}

/** What only the runs after it decide: how long it is kept for them, and whether they can do without it on the site. */
function laterReasons({ dataSets, volumes, pool }: DecidedRun, own: Protection): readonly ScheduleReason[] {
  const reasons: ScheduleReason[] = [];
  const neededBy = daysOf(dataSets.flatMap((dataSet) => protectionOfDataSet(dataSet).neededBy));
  if (neededBy.length > 0) reasons.push({ code: 'protection.needed-by', days: neededBy });
  for (const volume of volumes) {
    const last = volume.dataSets.at(-1);
    if (last === undefined || dataSets.includes(last) || laterProtection(own, protectionOfVolume(volume)) === own)
      continue;
    reasons.push({ code: 'protection.appended', cartridge: volume.cartridge.facts.barcode, day: last.runDay });
  }
  const builtOn = daysOf(dataSets.flatMap((dataSet) => dataSet.neededBy));
  if (pool.leavesSite && (pool.copies ?? 1) < 2 && builtOn.length > 0) {
    reasons.push({ code: 'base.leaves-site', pool: pool.name, neededBy: builtOn });
  }
  return reasons;
}

const daysOf = (dataSets: readonly ModelDataSet[]): readonly CalendarDay[] =>
  [...new Set(dataSets.map(({ runDay }) => runDay))].sort();

const warned: readonly ScheduleReason['code'][] = ['base.leaves-site', 'base.last-full-overwritten'];

function warningsOf({ day, rotation, reasons }: PlannedRun): readonly ScheduleWarning[] {
  return reasons.filter(({ code }) => warned.includes(code)).map((reason) => ({ day, rotation, reason }));
}

function allocationsOf({ item, assignment }: DecidedRun): readonly AllocationRecord[] {
  if (item.running?.byHand) return [];
  return assignment.cartridges.map(({ ordinal, cartridge }) => ({
    rotation: item.rotation.name,
    runDay: item.day,
    tier: item.run.tier,
    ordinal,
    cartridge: cartridge.facts.id,
  }));
}

/** Remembered for days of this plan, by rotations, on days or for tiers that there are no longer. */
function obsoleteAllocations(
  state: PlanningState,
  { request, planned }: { readonly request: PlanningRequest; readonly planned: readonly DecidedRun[] },
): readonly AllocationRecord[] {
  const tiers = new Map(
    planned
      .filter(({ item }) => !item.running?.byHand)
      .map(({ item }) => [runKey(item.rotation.name, item.day), item.run.tier]),
  );
  const begun = new Set(state.runs.map((run) => runKey(run.rotation, run.day)));
  const zones = new Map(state.rotations.map((rotation) => [rotation.name, rotation.timeZone]));
  return state.allocations.filter(({ rotation, runDay, tier }) => {
    const zone = zones.get(rotation);
    if (zone === undefined) return true;
    const key = runKey(rotation, runDay);
    const isCovered = runDay >= dayAt(request.now, zone) && runDay <= request.to && !begun.has(key);
    return isCovered && tiers.get(key) !== tier;
  });
}

function tooLong(to: CalendarDay): GrandsireError {
  return new GrandsireError('command.usage', {
    message: `A schedule up to ${to} is longer than ten years.`,
    remedy: 'Ask for less, for example `grandsire schedule show --to` with a date of next year.',
  });
}
