import type { CalendarDay } from '#src/base/calendar-day';
import { groupBy } from '#src/base/group-by';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { CartridgeId, Protection } from '#src/media/facets';
import type { Pool } from '#src/media/pool';
import type {
  PastRun,
  PlanningCartridge,
  PlanningDataSet,
  PlanningLibrary,
  PlanningRotation,
  PlanningState,
} from '#src/rotation/planning-state';

/** What the configuration contributes to planning. */
export interface PlanningConfiguration {
  readonly rotations: readonly PlanningRotation[];
  readonly pools: readonly Pool[];
}

/** Everything that the planner decides from, read from the catalog in one go. */
export async function readPlanningState(
  repositories: Repositories,
  configuration: PlanningConfiguration,
): Promise<PlanningState> {
  const cartridges = await repositories.cartridges.list();
  const dataSets = await repositories.dataSets.list();
  const withCopies = await Promise.all(dataSets.map((dataSet) => describeDataSet(repositories, dataSet)));
  return {
    ...configuration,
    libraries: await readLibraries(repositories, cartridges),
    cartridges: await Promise.all(cartridges.map((cartridge) => describeCartridge(repositories, cartridge))),
    dataSets: withCopies.filter((dataSet) => dataSet.staged || dataSet.copies.length > 0),
    runs: pastRuns(dataSets, withCopies),
    allocations: await repositories.allocations.list(),
  };
}

async function readLibraries(
  repositories: Repositories,
  cartridges: readonly CartridgeRecord[],
): Promise<readonly PlanningLibrary[]> {
  const names = [...new Set(cartridges.map(({ library }) => library))].sort();
  const libraries: PlanningLibrary[] = [];
  for (const name of names) {
    const record = await repositories.libraries.get(name);
    libraries.push({ name, drives: (record?.drives ?? []).map(({ generation }) => ({ generation })) });
  }
  return libraries;
}

async function describeCartridge(repositories: Repositories, cartridge: CartridgeRecord): Promise<PlanningCartridge> {
  const volume = await repositories.volumes.ofCartridge(cartridge.id);
  const protection: Protection = volume?.rebuilt ? { kind: 'forever' } : { kind: 'none' };
  return { ...cartridge, protection };
}

async function describeDataSet(repositories: Repositories, dataSet: DataSetRecord): Promise<PlanningDataSet> {
  const segments = (await repositories.dataSets.segments(dataSet.key)).filter(({ state }) => state !== 'filling');
  const { tapeFiles, volumes } = repositories;
  const copies = await tapeFiles.copiesOf(dataSet.key);
  const copied = new Set(copies.map(({ number }) => number));
  const cartridges: CartridgeId[] = [];
  // A run that found nothing to archive has an index and no segments; the cartridge with it is protected like any other.
  for (const { volume: key } of segments.length > 0 ? copies : await tapeFiles.ofDataSet(dataSet.key)) {
    const volume = await volumes.get(key);
    if (volume && !cartridges.includes(volume.cartridge)) cartridges.push(volume.cartridge);
  }
  // A data set that is partly written and partly staged counts on both; one that lost a segment counts nowhere. An interrupted one is no whole anyway.
  const isWhole = segments.every(({ number, inStaging }) => inStaging || copied.has(number));
  const lives = (segments.length > 0 || cartridges.length > 0) && (isWhole || dataSet.state === 'interrupted');
  return {
    ...dataSet,
    runDay: dataSet.runDay as CalendarDay,
    copies: lives && cartridges.length > 0 ? [cartridges] : [],
    staged: lives && segments.length > 0 && segments.every(({ inStaging }) => inStaging),
  };
}

/** One entry for each run: a run backs up all sets of its rotation, and is over when the last of them is. Runs by hand are runs by themselves. */
function pastRuns(dataSets: readonly DataSetRecord[], described: readonly PlanningDataSet[]): PastRun[] {
  const copies = new Map(described.map((dataSet) => [dataSet.key, dataSet.copies.flat()]));
  const runs = groupBy(
    dataSets.filter(({ rotation, tier }) => rotation !== undefined && tier !== undefined),
    ({ rotation, tier, runDay, id }) => `${rotation} ${tier} ${tier === 'manual' ? id : runDay}`,
  );
  return [...runs.values()].map((parts): PastRun => {
    const [newest] = parts as [DataSetRecord];
    return {
      rotation: newest.rotation ?? '',
      day: newest.runDay as CalendarDay,
      tier: newest.tier ?? '',
      level: newest.level,
      state: stateOfRun(parts),
      cartridges: new Set(parts.flatMap(({ key }) => copies.get(key) ?? [])).size,
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

/** Of each set the best attempt counts: an interrupted one that was repeated is made good. */
function stateOfRun(parts: readonly DataSetRecord[]): PastRun['state'] {
  const sets = [...groupBy(parts, ({ backupSet }) => backupSet).values()];
  if (parts.some(({ state }) => state === 'open')) return 'open';
  return sets.every((attempts) => attempts.some(({ state }) => state === 'complete')) ? 'complete' : 'interrupted';
}
