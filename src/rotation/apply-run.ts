import type { Instant } from '#src/base/clock';
import type { DataSetKey, DataSetState } from '#src/catalog/data-sets';
import type { CartridgeId } from '#src/media/facets';
import type {
  PlannedCartridge,
  PlannedRun,
  PlanningCartridge,
  PlanningDataSet,
  PlanningState,
} from '#src/rotation/planning-state';
import { protectionFrom } from '#src/rotation/retention';

/** What a run really did. */
export interface RunOutcome {
  readonly run: PlannedRun;
  readonly state: Exclude<DataSetState, 'open'>;
  readonly startedAt: Instant;
  readonly cartridges: readonly PlannedCartridge[];
  readonly bytes: number;
}

/** The state after a run: what the catalog would say. For simulation and drills, where no catalog is. */
export function applyRun(state: PlanningState, outcome: RunOutcome): PlanningState {
  const { run, cartridges, bytes } = outcome;
  const overwritten = new Set(cartridges.filter(({ use }) => use === 'overwrite').map(({ id }) => id));
  const kept = state.dataSets.map((dataSet) => withoutCopiesOn(dataSet, overwritten)).filter(isAlive);
  const { rotation, day, tier, level } = run;
  return {
    ...state,
    cartridges: state.cartridges.map((cartridge) => written(cartridge, outcome)),
    dataSets: [...kept, ...newDataSets(state, outcome)],
    runs: [
      ...state.runs.filter((past) => past.rotation !== rotation || past.day !== day),
      { rotation, day, tier, level, state: outcome.state, cartridges: cartridges.length, bytes },
    ],
  };
}

const withoutCopiesOn = (dataSet: PlanningDataSet, gone: ReadonlySet<CartridgeId>): PlanningDataSet => ({
  ...dataSet,
  copies: dataSet.copies.filter((copy) => !copy.some((id) => gone.has(id))),
});

const isAlive = ({ staged, copies }: PlanningDataSet): boolean => staged || copies.length > 0;

function written(cartridge: PlanningCartridge, { run, cartridges, bytes }: RunOutcome): PlanningCartridge {
  const index = cartridges.findIndex(({ id }) => id === cartridge.id);
  const use = cartridges[index]?.use;
  if (use === undefined) return cartridge;
  const isLast = index === cartridges.length - 1;
  const before = use === 'append' ? cartridge.usedBytes : 0;
  const share = Math.floor(bytes / cartridges.length);
  const usedBytes = isLast ? before + share : (cartridge.capacityBytes ?? before + share);
  const fill = isLast ? 'appendable' : 'full';
  if (use === 'append') return { ...cartridge, fill, usedBytes };
  const home = cartridge.drawnFrom ?? cartridge.pool;
  const drawnFrom = home === run.pool ? undefined : home;
  return { ...cartridge, pool: run.pool, drawnFrom, fill, usedBytes, protection: { kind: 'none' } };
}

function newDataSets(
  state: PlanningState,
  { run, startedAt, cartridges, state: end }: RunOutcome,
): readonly PlanningDataSet[] {
  const period = state.pools.find(({ name }) => name === run.pool)?.protect;
  const highest = Math.max(0, ...state.dataSets.map(({ key }) => key));
  return run.sets.map(({ backupSet, level, base }, index) => ({
    key: (highest + 1 + index) as DataSetKey,
    id: `${backupSet}-${run.day}`,
    backupSet,
    rotation: run.rotation,
    runDay: run.day,
    startedAt,
    tier: run.tier,
    pool: run.pool,
    level,
    base,
    state: end,
    protection: protectionFrom(run.day, period, run.timeZone),
    copies: [cartridges.map(({ id }) => id)],
    staged: false,
  }));
}
