import type { Clock, Instant } from '#src/base/clock';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { BackupSetSettings } from '#src/config/configuration';
import type { RunDecision } from '#src/jobs/decide-run';

/** Opens the data set of a run in the catalog, named after set and moment, with `-2`, `-3`… where that name is taken. */
export async function createDataSet(
  set: BackupSetSettings,
  decision: RunDecision,
  { catalog, clock }: { readonly catalog: Catalog; readonly clock: Clock },
): Promise<DataSetRecord> {
  const startedAt = clock.now();
  const name = dataSetName(set.name, startedAt);
  const { level, base, runDay, timeZone, library, pool, rotation, tier, protection } = decision;
  return catalog.transaction(async (repositories) => {
    let id = name;
    for (let n = 2; await repositories.dataSets.byId(id); n += 1) id = `${name}-${n}`;
    const dataSet = await repositories.dataSets.create({
      id,
      backupSet: set.name,
      level,
      base,
      startedAt,
      runDay,
      timeZone,
      library,
      pool,
      rotation,
      tier,
      protection,
      writer: String(process.pid),
    });
    await repositories.actions.append({
      at: startedAt,
      event: 'run.decided',
      subject: id,
      details: { level, tier, pool, runDay, reasons: decision.reasons },
    });
    return dataSet;
  });
}

/** `home-20261122T220000Z` */
const dataSetName = (set: string, at: Instant): string =>
  `${set}-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
