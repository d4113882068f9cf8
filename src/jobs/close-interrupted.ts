import type { Clock } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import { describeDataSet } from '#src/jobs/index-record';
import type { StagingArea } from '#src/staging/staging-area';
import type { DataSetIndexRecord } from '#src/volume/index-record';

/**
 * Data sets that a process left open when it died. The caller holds the lease of the staging area, so nobody is writing them: what was being
 * filled is forgotten, what was staged stays restorable.
 */
export async function closeInterrupted(catalog: Catalog, staging: StagingArea, clock: Clock): Promise<void> {
  const { dataSets } = catalog;
  for (const dataSet of await dataSets.list({ state: 'open' })) {
    await dataSets.abandonFilling(dataSet.key);
    const outcome = { state: 'interrupted', finishedAt: clock.now() } as const;
    await dataSets.update(dataSet.key, { ...outcome, writer: undefined });
    if (staging.holds(dataSet)) await keepIfRoom(staging, await describeDataSet(catalog, { ...dataSet, ...outcome }));
  }
}

/**
 * The record may call it complete already, where the process died before the catalog did. On a full disk it stays as it was left, open or complete, which a rebuild can do with: whoever comes to write
 * what is staged to cartridges, and so to make room, is not to be kept from it.
 */
async function keepIfRoom(staging: StagingArea, record: DataSetIndexRecord): Promise<void> {
  try {
    await staging.keepRecord(record);
  } catch (error) {
    if (!(error instanceof GrandsireError && error.code === 'staging.full')) throw error;
  }
}

/** A complete run of the set takes the place of what interrupted ones left in staging. */
export async function dropInterrupted(backupSet: string, { dataSets }: Catalog, staging: StagingArea): Promise<void> {
  for (const dataSet of await dataSets.list({ backupSet, state: 'interrupted' })) {
    const staged = (await dataSets.segments(dataSet.key)).filter(({ inStaging }) => inStaging);
    for (const segment of staged) await staging.evict(segment, dataSet);
    if (staging.holds(dataSet)) await staging.finish(dataSet);
  }
}
