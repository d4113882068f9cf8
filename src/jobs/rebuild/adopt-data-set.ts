import { parseCalendarDay } from '#src/base/calendar-day';
import { type Instant, instant } from '#src/base/clock';
import { dayAt, utc } from '#src/base/time-zone';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord, SegmentFacts, SegmentPlace } from '#src/catalog/data-sets';
import type { DataSetIndexRecord, IndexedPlace, IndexedSegment } from '#src/volume/index-record';

/** How far a rebuild has come with a data set: it counts as complete only when all that the record promises was taken in. */
interface AdoptionStep {
  readonly complete: boolean;
  /** The record stands on a medium, not only in staging. */
  readonly onMedium: boolean;
}

/** Writes what a record says of its data set into the catalog; what is known there already stays. */
export async function adoptDataSet(
  record: DataSetIndexRecord,
  { complete, onMedium }: AdoptionStep,
  catalog: Catalog,
): Promise<DataSetRecord> {
  const before = await catalog.dataSets.byId(record.dataSet);
  const startedAt = instant(Date.parse(record.startedAt));
  const base = record.base === null ? undefined : await adoptNamedDataSet(record.base, record, catalog, startedAt);
  const dataSet = await catalog.dataSets.adopt({
    id: record.dataSet,
    backupSet: record.backupSet,
    level: record.level,
    base: base?.key,
    // What no record completes was cut off: one that was written while the run went on says "open".
    state: complete ? 'complete' : 'interrupted',
    startedAt,
    finishedAt: record.finishedAt === null ? undefined : instant(Date.parse(record.finishedAt)),
    runDay: record.runDay,
    timeZone: record.timeZone,
    library: record.library,
    pool: record.pool,
    rotation: record.rotation ?? undefined,
    tier: record.tier ?? undefined,
    protection: record.protection,
    files: record.files,
    bytes: record.bytes,
    nameOnly: false,
    concluded: complete && onMedium,
  });
  if (before === undefined || before.nameOnly) await adoptWarnings(record, dataSet, catalog);
  await catalog.dataSets.addFileSystems(
    dataSet.key,
    record.fileSystems.map(({ pathBytes, device }) => ({ path: Buffer.from(pathBytes, 'base64'), device })),
  );
  return dataSet;
}

async function adoptWarnings(record: DataSetIndexRecord, dataSet: DataSetRecord, catalog: Catalog): Promise<void> {
  for (const { pathBytes, code, message } of record.warnings) {
    await catalog.dataSets.addWarning(dataSet.key, { path: Buffer.from(pathBytes, 'base64'), code, message });
  }
}

/**
 * The least that a catalog must say of a data set that nothing describes: what its name tells. It never counts as complete, and nobody knows its policy, so that it is
 * protected for ever (docs/adr/0003). Where the name is known, what is known of it is returned.
 */
export async function adoptNamedDataSet(
  id: string,
  { library, pool }: Pick<CartridgeRecord, 'library' | 'pool'>,
  { dataSets }: Catalog,
  now: Instant,
): Promise<DataSetRecord> {
  const known = await dataSets.byId(id);
  if (known) return known;
  const [, backupSet, day, time] = /^(.+)-(\d{8})T(\d{6})Z(?:-\d+)?$/.exec(id) ?? [];
  const iso = `${day?.replace(/(....)(..)/, '$1-$2-')}T${time?.replace(/(..)(..)/, '$1:$2:')}Z`;
  const startedAt = instant(Date.parse(iso));
  return dataSets.adopt({
    id,
    backupSet: backupSet ?? id,
    level: 'full',
    base: undefined,
    state: 'interrupted',
    startedAt: Number.isNaN(startedAt) ? now : startedAt,
    finishedAt: undefined,
    runDay: parseCalendarDay(iso.slice(0, 10)) ?? dayAt(now, utc),
    timeZone: 'UTC',
    library,
    pool,
    rotation: undefined,
    tier: undefined,
    protection: { kind: 'forever' },
    files: 0,
    bytes: 0,
    nameOnly: true,
    concluded: false,
  });
}

const place = (indexed: IndexedPlace | null): SegmentPlace | undefined =>
  indexed === null ? undefined : { path: Buffer.from(indexed.pathBytes, 'base64'), offset: indexed.offset };

export const segmentFacts = (dataSet: DataSetKey, segment: IndexedSegment): SegmentFacts => ({
  dataSet,
  number: segment.number,
  payloadBytes: segment.payloadBytes,
  xxh64: segment.payloadXxh64,
  startsInside: place(segment.startsInside),
  endsInside: place(segment.endsInside),
  firstHeader: segment.firstHeader ?? undefined,
});
