import type { CalendarDay } from '#src/base/calendar-day';
import { GrandsireError } from '#src/base/errors';
import { parseTimeZone, utc } from '#src/base/time-zone';
import type { DataSetRecord, DataSetState } from '#src/catalog/data-sets';
import type { BackupPorts } from '#src/jobs/backup-ports';
import { cartridgeChooser, type RunDecision, unscheduledRotation } from '#src/jobs/decide-run';
import { despool } from '#src/jobs/despool/despool';
import type { ChooseCartridge, DespoolPorts } from '#src/jobs/despool/despool-ports';
import { openDespoolState } from '#src/jobs/despool/despool-state';
import type { PlanningConfiguration } from '#src/jobs/planning-state';
import type { StagingArea } from '#src/staging/staging-area';

export interface FlushResult {
  readonly flushed: readonly DataSetRecord[];
  /** What could not be written, and why; it stays staged. */
  readonly left: readonly { readonly dataSet: DataSetRecord; readonly error: GrandsireError }[];
}

/** Data sets in one of these states that are not yet, or not wholly, on cartridges, complete ones also where only their last index is not: the oldest first. */
async function unwrittenDataSets(
  { catalog }: Pick<BackupPorts, 'catalog'>,
  states: readonly DataSetState[],
): Promise<readonly DataSetRecord[]> {
  // Killed between the last segment and the last index: no byte is in staging, and the indexes on the cartridges call the data set open.
  const found = states.includes('complete')
    ? [...(await catalog.dataSets.list({ state: 'complete', concluded: false }))]
    : [];
  for (const key of new Set((await catalog.dataSets.inStaging()).map(({ dataSet }) => dataSet))) {
    const dataSet = found.some((other) => other.key === key) ? undefined : await catalog.dataSets.get(key);
    if (dataSet && states.includes(dataSet.state)) found.push(dataSet);
  }
  return found.sort((a, b) => a.startedAt - b.startedAt || a.key - b.key);
}

/**
 * Writes every data set in one of these states that waits in staging to cartridges of the run that it belongs to. The caller holds the lease of the
 * staging area.
 */
export async function flush(
  staging: StagingArea,
  { planning, states }: { readonly planning: PlanningConfiguration; readonly states: readonly DataSetState[] },
  ports: BackupPorts,
): Promise<FlushResult> {
  const flushed: DataSetRecord[] = [];
  const left: { dataSet: DataSetRecord; error: GrandsireError }[] = [];
  for (const dataSet of await unwrittenDataSets(ports, states)) {
    const despoolPorts = despoolPortsFor(decisionOf(dataSet, planning), staging, ports);
    try {
      const state = await openDespoolState(dataSet, ports.catalog);
      await despool(dataSet, state, despoolPorts, { last: true, signal: ports.signal });
      flushed.push(dataSet);
    } catch (error) {
      if (!(error instanceof GrandsireError) || error.kind === 'interrupted' || error.blame === 'bug') throw error;
      left.push({ dataSet, error });
    }
  }
  return { flushed, left };
}

/** What despooling needs, for the library and the pool of one run. */
export function despoolPortsFor(decision: RunDecision, staging: StagingArea, ports: BackupPorts): DespoolPorts {
  const { catalog, clock } = ports;
  return {
    repositories: catalog,
    clock,
    staged: staging,
    mount: ports.mount(decision.library),
    choose: lookingChooser(decision, ports),
    onPassedOver: (_cartridge, error) =>
      ports.onWarning({
        code: error.code,
        message: `${error.message}; the run goes on with the next cartridge. ${error.remedy}`,
      }),
    onInterrupted: ({ code, message }) =>
      ports.onWarning({ code, message: `${message}; what was not committed is written again` }),
    onSegmentLost: ({ code, message, remedy }) => ports.onWarning({ code, message: `${message}. ${remedy}` }),
    onCatalogLeftOut: ({ code, message }) =>
      ports.onWarning({ code, message: `no copy of the catalog was written behind the indexes: ${message}` }),
    onProgress: ports.onWritten,
    backupCatalog: (file) => catalog.backupTo(file),
  };
}

/** Where the catalog knows of no cartridge that would do, one may have been put in since the last look. */
function lookingChooser(decision: RunDecision, { catalog, clock, look }: BackupPorts): ChooseCartridge {
  const choose = cartridgeChooser(decision, catalog, () => clock.now());
  return async (state) => {
    const chosen = await choose(state);
    if (chosen) return chosen;
    await look(decision.library, 'now');
    return choose(state);
  };
}

/** The run that a data set belongs to, as far as the choice of cartridges is concerned: of its day, by hand where the scheme has no such run any more. */
function decisionOf(dataSet: DataSetRecord, planning: PlanningConfiguration): RunDecision {
  const runDay = dataSet.runDay as CalendarDay;
  const timeZone = parseTimeZone(dataSet.timeZone) ?? utc;
  const { pool, library, level, startedAt, backupSet } = dataSet;
  const rotation =
    planning.rotations.find(({ name }) => name === dataSet.rotation) ??
    unscheduledRotation({ name: backupSet, pool, library, timeZone });
  const isScheduled = dataSet.tier !== undefined && rotation.scheme.runsOn(runDay)?.tier === dataSet.tier;
  const byHand = {
    tier: dataSet.tier ?? 'manual',
    level,
    pool,
    append: 'full',
    cycle: runDay,
    reasons: [{ code: 'tier.by-hand' }],
  } as const;
  return {
    running: {
      rotation: rotation.name,
      day: runDay,
      startedAt,
      ...(isScheduled ? {} : { byHand }),
      sets: [backupSet],
      taken: [],
      passedOver: [],
    },
    library,
    timeZone,
    runDay,
    rotation: dataSet.rotation,
    tier: dataSet.tier ?? 'manual',
    level,
    base: dataSet.base,
    pool,
    protection: dataSet.protection,
    reasons: [],
    planning: { ...planning, rotations: [...planning.rotations.filter((other) => other !== rotation), rotation] },
  };
}
