import type { CalendarDay } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import { dayAt, type TimeZone } from '#src/base/time-zone';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord, Level } from '#src/catalog/data-sets';
import type { BackupSetSettings } from '#src/config/configuration';
import type { ChooseCartridge } from '#src/jobs/despool/despool-ports';
import { type PlanningConfiguration, readPlanningState } from '#src/jobs/planning-state';
import type { CartridgeId, Protection } from '#src/media/facets';
import type { ScheduleReason } from '#src/report/schedule-reason';
import { allocateNext } from '#src/rotation/allocate-next';
import type { PlanningRotation, PlanningState, RunningRun } from '#src/rotation/planning-state';
import { protectionFrom } from '#src/rotation/retention';
import { parseRunTime } from '#src/rotation/run-time';
import type { SchemeRun } from '#src/rotation/scheme';

/** What a backup of one set is to be: decided once, before anything is read. */
export interface RunDecision {
  readonly running: RunningRun;
  readonly library: string;
  readonly timeZone: TimeZone;
  readonly runDay: CalendarDay;
  /** Undefined for sets without a rotation. */
  readonly rotation: string | undefined;
  readonly tier: string;
  readonly level: Level;
  readonly base: DataSetKey | undefined;
  readonly pool: string;
  readonly protection: Protection;
  readonly reasons: readonly ScheduleReason[];
  /** With the rotation that a set without one is planned under. */
  readonly planning: PlanningConfiguration;
}

export interface RunQuestion {
  readonly set: BackupSetSettings;
  /** Undefined: the rotation decides. */
  readonly level: Level | undefined;
  readonly now: Instant;
  readonly planning: PlanningConfiguration;
  /** For sets without a rotation. */
  readonly library: string;
  readonly timeZone: TimeZone;
}

/**
 * The scheme's run of today where there is one that the set has not done yet and no level was asked for; else a run by hand, which
 * appends to the newest open cartridge of its pool and satisfies no tier.
 */
export async function decideRun(question: RunQuestion, repositories: Repositories): Promise<RunDecision> {
  const { set, now } = question;
  const rotation =
    question.planning.rotations.find(({ name }) => name === set.rotation) ??
    unscheduledRotation({ ...question, name: set.name, pool: set.pool });
  const planning = {
    ...question.planning,
    rotations: [...question.planning.rotations.filter((other) => other !== rotation), rotation],
  };
  const runDay = dayAt(now, rotation.timeZone);
  const dataSets = await repositories.dataSets.list();
  const scheduled = question.level === undefined ? rotation.scheme.runsOn(runDay) : null;
  const isToday = (dataSet: DataSetRecord): boolean =>
    dataSet.rotation === set.rotation && dataSet.runDay === runDay && dataSet.state === 'complete';
  const done = dataSets.some(
    (dataSet) => isToday(dataSet) && dataSet.backupSet === set.name && dataSet.tier === scheduled?.tier,
  );
  const byHand = scheduled && !done ? undefined : rotation.scheme.runByHand(runDay, question.level);
  const tier = (byHand ?? (scheduled as SchemeRun)).tier;
  const earlier = dataSets.filter((dataSet) => isToday(dataSet) && dataSet.tier === tier && byHand === undefined);
  const running: RunningRun = {
    rotation: rotation.name,
    day: runDay,
    startedAt: now,
    ...(byHand ? { byHand } : {}),
    sets: [set.name],
    taken: await cartridgesOf(earlier, repositories),
    passedOver: [],
  };
  const { run } = allocateNext(await readPlanningState(repositories, planning), { now, running });
  const planned = run.sets.find(({ backupSet }) => backupSet === set.name);
  if (!planned) throw bug(`set ${set.name} is not in the plan of ${rotation.name}`);
  const pool = planning.pools.find(({ name }) => name === run.pool);
  return {
    running,
    library: rotation.library,
    timeZone: rotation.timeZone,
    runDay,
    rotation: set.rotation,
    tier,
    level: planned.level,
    base: planned.base,
    pool: run.pool,
    protection: protectionFrom(runDay, pool?.protect, rotation.timeZone),
    reasons: unique([...run.reasons, ...planned.reasons]),
    planning,
  };
}

/** A set without a rotation is planned as if it had one that never runs by itself. */
export function unscheduledRotation(set: {
  readonly name: string;
  readonly pool: string | undefined;
  readonly library: string;
  readonly timeZone: TimeZone;
}): PlanningRotation {
  const { name, pool, library, timeZone } = set;
  const runTime = parseRunTime('0 0 * * *', timeZone);
  if (!runTime || pool === undefined) throw bug(`set ${name} has neither a rotation nor a pool`);
  return {
    name: `by-hand-${name}`,
    library,
    timeZone,
    runTime,
    sets: [name],
    scheme: {
      name: 'by-hand',
      tiers: () => [{ tier: 'manual', level: 'full', pool }],
      runsOn: () => null,
      runByHand: (day, level = 'full') => ({
        tier: 'manual',
        level,
        pool,
        append: 'full',
        cycle: day,
        reasons: [{ code: 'tier.by-hand' }],
      }),
    },
  };
}

/** What the run and its set both give as a reason is said once. */
function unique(reasons: readonly ScheduleReason[]): readonly ScheduleReason[] {
  return [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()];
}

/** What today's run has written for other sets: its cartridges go on being written. */
async function cartridgesOf(dataSets: readonly DataSetRecord[], repositories: Repositories): Promise<CartridgeId[]> {
  const found: CartridgeId[] = [];
  for (const dataSet of [...dataSets].reverse()) {
    for (const copy of await repositories.tapeFiles.copiesOf(dataSet.key)) {
      const volume = await repositories.volumes.get(copy.volume);
      if (volume && !found.includes(volume.cartridge)) found.push(volume.cartridge);
    }
  }
  return found;
}

/** The run's next cartridge: the one it is writing while there is room, then what the planner gives. */
export function cartridgeChooser(
  decision: RunDecision,
  repositories: Repositories,
  now: () => Instant,
): ChooseCartridge {
  const before = decision.running.taken;
  return async ({ taken, passedOver }) => {
    const all = [...before, ...taken.filter((id) => !before.includes(id))];
    const last = all.at(-1);
    const current =
      last === undefined || passedOver.includes(last) ? undefined : await repositories.cartridges.get(last);
    if (current?.fill === 'appendable') return { cartridge: current, use: 'append' };
    const state: PlanningState = await readPlanningState(repositories, decision.planning);
    const running = { ...decision.running, taken: all, passedOver };
    const { cartridge, allocations } = allocateNext(state, { now: now(), running });
    if (!cartridge) return undefined;
    await repositories.allocations.put(allocations);
    const record = await repositories.cartridges.get(cartridge.id);
    return record && { cartridge: record, use: cartridge.use };
  };
}
