import { formatInstant, type TimeZone } from '#src/base/time-zone';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { indexCoverage } from '#src/jobs/index-coverage';
import { endOfProtection } from '#src/rotation/retention';

/** A data set in JSON, as `backup list` and `backup show` print it. */
export interface DataSetDocument {
  readonly dataSet: string;
  readonly backupSet: string;
  readonly level: DataSetRecord['level'];
  readonly base?: string;
  readonly state: DataSetRecord['state'];
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly tier: string | null;
  readonly files: number;
  readonly bytes: number;
  /** Wholly in staging. */
  readonly staged: boolean;
  readonly cartridges: readonly string[];
  readonly protectedUntil: string | null;
}

export async function describeDataSet(
  dataSet: DataSetRecord,
  repositories: Repositories,
  zone: TimeZone,
): Promise<DataSetDocument> {
  const base = dataSet.base === undefined ? undefined : await repositories.dataSets.get(dataSet.base);
  const segments = await repositories.dataSets.segments(dataSet.key);
  const end = endOfProtection(dataSet.protection);
  return {
    dataSet: dataSet.id,
    backupSet: dataSet.backupSet,
    level: dataSet.level,
    ...(base ? { base: base.id } : {}),
    state: dataSet.state,
    startedAt: formatInstant(dataSet.startedAt, zone),
    finishedAt: dataSet.finishedAt === undefined ? null : formatInstant(dataSet.finishedAt, zone),
    tier: dataSet.tier ?? null,
    files: dataSet.files,
    bytes: dataSet.bytes,
    staged: segments.length > 0 && segments.every(({ inStaging }) => inStaging),
    cartridges: await barcodesOf(dataSet, repositories),
    protectedUntil: end === undefined ? null : end === 'forever' ? 'forever' : formatInstant(end, zone),
  };
}

/** Barcodes of the cartridges that hold a part of it or its index, in the order in which they were written. */
export async function barcodesOf(dataSet: DataSetRecord, repositories: Repositories): Promise<readonly string[]> {
  const barcodes: string[] = [];
  for (const volume of (await indexCoverage(repositories, dataSet.key)).volumes) {
    const record = await repositories.volumes.get(volume);
    const cartridge = record && (await repositories.cartridges.get(record.cartridge));
    if (cartridge) barcodes.push(cartridge.barcode);
  }
  return barcodes;
}
