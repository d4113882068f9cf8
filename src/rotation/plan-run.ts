import type { AllocationRecord } from '#src/catalog/allocations';
import { describePeriod } from '#src/media/period';
import type { Pool } from '#src/media/pool';
import type { ScheduleShortage } from '#src/report/schedule-entry';
import type { ScheduleReason, Unfit } from '#src/report/schedule-reason';
import type { AgendaItem } from '#src/rotation/agenda';
import { type Assigned, type Assignment, assignCartridges } from '#src/rotation/assign-cartridges';
import { type Need, poolsDrawnOn, usableGenerations, whyNotOverwrite } from '#src/rotation/fitness';
import { type Forecast, forecastRun } from '#src/rotation/forecast';
import type { PlanMemory } from '#src/rotation/plan-memory';
import type { ModelDataSet, ModelVolume, PlanModel } from '#src/rotation/plan-model';
import type { PlannedSet, PlanningState } from '#src/rotation/planning-state';
import { protectionFrom } from '#src/rotation/retention';
import type { Level } from '#src/rotation/scheme';

/** A run as it was decided, before it is known what later ones make of it. */
export interface DecidedRun {
  readonly item: AgendaItem;
  readonly pool: Pool;
  readonly level: Level;
  readonly sets: readonly PlannedSet[];
  readonly dataSets: readonly ModelDataSet[];
  readonly need: Need;
  readonly assignment: Assignment;
  readonly shortage: ScheduleShortage | undefined;
  /** In the order of the assigned cartridges. */
  readonly volumes: readonly ModelVolume[];
  readonly obsolete: readonly AllocationRecord[];
  readonly reasons: readonly ScheduleReason[];
}

/** Decides one run, and lets the model see it done: the next one is decided in the world that this one leaves. */
export function planRun(
  item: AgendaItem,
  context: { readonly state: PlanningState; readonly model: PlanModel; readonly memory: PlanMemory },
): DecidedRun {
  const { state, model, memory } = context;
  const pools = new Map(state.pools.map((pool) => [pool.name, pool]));
  const pool = pools.get(item.run.pool) ?? { name: item.run.pool };
  const { sets, dataSets } = addDataSets(item, { pool, model });
  const level = sets.every((set) => set.level === 'full') ? 'full' : item.run.level;
  const recalled = memory.recall(item);
  memory.markPlanned(item);
  const need: Need = {
    at: item.at,
    library: item.rotation.library,
    pool,
    pools: poolsDrawnOn(pools, pool),
    passedOver: new Set(item.running?.passedOver),
    isUsableGeneration: usableGenerations(state.libraries, item.rotation.library),
  };
  const forecast = forecastRun(state.runs, { rotation: item.rotation.name, tier: item.run.tier, level });
  const before = sets.map(({ backupSet }) => lastFull(model, backupSet, dataSets));
  const input = { item, need, forecast, remembered: recalled.same, nextUse: memory.nextUse };
  const assignment = assignCartridges(model, input);
  const shortage = shortageOf(item, { need, missing: assignment.missing, model });
  const volumes = write(model, { assigned: assignment.cartridges, pool, dataSets, forecast });
  const reasons: ScheduleReason[] = [
    ...item.run.reasons,
    ...(item.isOverdue ? [{ code: 'run.overdue' } as const] : []),
    ...(item.isRepeated ? [{ code: 'run.repeated' } as const] : []),
    ...recalled.other
      .slice(0, 1)
      .map(({ tier }) => ({ code: 'plan.tier-changed', was: tier, tier: item.run.tier }) as const),
    ...sets.flatMap((set) => set.reasons),
    ...assignment.reasons,
    ...before.flatMap((full) => overwrittenFull(full)),
    { code: 'protection.period', pool: pool.name, period: describePeriod(pool.protect ?? { kind: 'forever' }) },
  ];
  return { item, pool, level, sets, dataSets, need, assignment, shortage, volumes, obsolete: recalled.other, reasons };
}

/** A rotation without sets is planned as if it had one: its calendar is true before the first set is configured. */
const setsOf = (item: AgendaItem): readonly string[] => {
  const sets = item.running?.sets ?? item.rotation.sets;
  return sets.length > 0 ? [...sets].sort() : [''];
};

/**
 * What the run writes for each backup set. A set without a complete full that lives is taken whole. From here on what the new
 * data sets build on is protected as long as they are, so that the run cannot choose the cartridge of its own base.
 */
function addDataSets(item: AgendaItem, { pool, model }: { readonly pool: Pool; readonly model: PlanModel }) {
  const { rotation, day, run } = item;
  const sets: PlannedSet[] = [];
  const dataSets: ModelDataSet[] = [];
  for (const backupSet of setsOf(item)) {
    const base =
      run.level === 'full'
        ? undefined
        : model.latestUsable(backupSet, {
            level: run.level === 'differential' ? 'full' : undefined,
            isWritten: item.running !== undefined,
          });
    const isForcedFull = run.level !== 'full' && base === undefined;
    const level = base === undefined ? 'full' : run.level;
    const reasons: ScheduleReason[] = isForcedFull
      ? [{ code: 'level.no-live-full', backupSet, wanted: run.level }]
      : [];
    sets.push({ backupSet, level, base: base?.key, reasons });
    const own = protectionFrom(day, pool.protect, rotation.timeZone);
    const { tier } = run;
    dataSets.push(
      model.addDataSet({ backupSet, rotation: rotation.name, runDay: day, tier, pool: pool.name, level, base, own }),
    );
  }
  return { sets, dataSets };
}

/** Lets the model see the run done. */
function write(
  model: PlanModel,
  run: {
    readonly assigned: readonly Assigned[];
    readonly pool: Pool;
    readonly dataSets: readonly ModelDataSet[];
    readonly forecast: Forecast;
  },
): readonly ModelVolume[] {
  const { assigned, pool, dataSets, forecast } = run;
  let bytes = forecast.bytes ?? 0;
  const volumes = assigned.map(({ cartridge, use }, index) => {
    const volume = use === 'overwrite' ? model.overwrite(cartridge, pool.name) : cartridge.volume;
    volume.dataSets.push(...dataSets);
    const isLast = index === assigned.length - 1;
    const room = Math.max(0, (cartridge.facts.capacityBytes ?? Number.POSITIVE_INFINITY) - cartridge.usedBytes);
    // A run goes on to its next cartridge because the one before is full.
    const written = isLast ? Math.min(bytes, room) : Number.isFinite(room) ? room : 0;
    cartridge.usedBytes += written;
    cartridge.fill = isLast ? 'appendable' : 'full';
    bytes = Math.max(0, bytes - written);
    return volume;
  });
  for (const dataSet of dataSets) {
    dataSet.copies.push([...volumes]);
    model.releaseInterrupted(dataSet.backupSet);
  }
  return volumes;
}

/** The newest full of the set that can be restored, other than what this run writes. */
function lastFull(model: PlanModel, backupSet: string, written: readonly ModelDataSet[]) {
  const full = model.latestUsable(backupSet, { level: 'full' });
  return full === undefined || written.includes(full) ? undefined : full;
}

function overwrittenFull(full: ModelDataSet | undefined): readonly ScheduleReason[] {
  const gone = full?.copies.flat().find((volume) => volume.overwritten);
  if (
    full === undefined ||
    gone === undefined ||
    full.copies.some((copy) => copy.every((volume) => !volume.overwritten))
  )
    return [];
  return [{ code: 'base.last-full-overwritten', backupSet: full.backupSet, cartridge: gone.cartridge.facts.barcode }];
}

/** What is missing, and what an operator could make fit: seen at the moment of the choice. */
function shortageOf(
  item: AgendaItem,
  { need, missing, model }: { readonly need: Need; readonly missing: number; readonly model: PlanModel },
): ScheduleShortage | undefined {
  if (missing === 0) return undefined;
  const barcodesOf = (because: Unfit): readonly string[] =>
    model.cartridges
      .filter((cartridge) => whyNotOverwrite(model, cartridge, need) === because)
      .map(({ facts }) => facts.barcode);
  return {
    day: item.day,
    rotation: item.rotation.name,
    pool: need.pool.name,
    missing,
    elsewhere: barcodesOf('not-in-library'),
    unread: barcodesOf('fill-unknown'),
  };
}
