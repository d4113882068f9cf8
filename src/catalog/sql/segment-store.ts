import type { Selectable } from 'kysely';
import { bug } from '#src/base/errors';
import type { DataSetKey, DataSetRepository, SegmentFacts, SegmentRecord, SegmentState } from '#src/catalog/data-sets';
import type { SegmentTable } from '#src/catalog/sql/schema';
import type { CatalogDatabase, SqlContext } from '#src/catalog/sql/sql-context';

export type SegmentStore = Pick<
  DataSetRepository,
  | 'beginSegment'
  | 'segmentStaged'
  | 'segments'
  | 'inStaging'
  | 'leftStaging'
  | 'segmentLost'
  | 'abandonFilling'
  | 'adoptSegment'
  | 'segmentListed'
  | 'backInStaging'
>;

/** The part of the data sets' repository that keeps their segments. */
export function createSegmentStore(
  context: SqlContext,
  sweepVersions: (dataSet: DataSetKey) => Promise<void>,
): SegmentStore {
  return {
    beginSegment: (dataSet, number) => context.write((db) => beginSegment(db, dataSet, number)),
    segmentStaged: (segment) =>
      context.write(async (db) => {
        const known = await segmentRow(db, segment.dataSet, segment.number);
        if (known.state !== 'filling') throw bug(`${name(segment)} is ${known.state}: it cannot be staged again`);
        await one(db, segment.dataSet, segment.number)
          .set({ ...toColumns(segment), state: 'staged', in_staging: 1 })
          .execute();
      }),
    segments: async (dataSet) =>
      (
        await context.read((db) =>
          db.selectFrom('segments').selectAll().where('data_set', '=', dataSet).orderBy('number').execute(),
        )
      ).map(toRecord),
    inStaging: async () =>
      (
        await context.read((db) =>
          db
            .selectFrom('segments')
            .innerJoin('data_sets', 'data_sets.key', 'segments.data_set')
            .selectAll('segments')
            .where('segments.in_staging', '=', 1)
            .orderBy('data_sets.started_at')
            .orderBy('segments.data_set')
            .orderBy('segments.number')
            .execute(),
        )
      ).map(toRecord),
    leftStaging: (dataSet, number) =>
      context.write(async (db) => {
        const known = await segmentRow(db, dataSet, number);
        if (known.state === 'filling')
          throw bug(`${name({ dataSet, number })} is filling: it is abandoned, not evicted`);
        await one(db, dataSet, number).set({ in_staging: 0 }).execute();
      }),
    segmentLost: (dataSet, number) => context.write((db) => segmentLost(db, dataSet, number)),
    async abandonFilling(dataSet) {
      const numbers = await context.read((db) => fillingNumbers(db, dataSet));
      // The rows of versions go first: a crash in between leaves segments that are swept again, never versions that nothing would sweep.
      await sweepVersions(dataSet);
      await context.write((db) =>
        db.deleteFrom('segments').where('data_set', '=', dataSet).where('state', '=', 'filling').execute(),
      );
      return numbers;
    },
    adoptSegment: (segment) => context.write((db) => adoptSegment(db, segment)),
    segmentListed: (dataSet, number) =>
      context.write(async (db) => {
        await segmentRow(db, dataSet, number);
        await one(db, dataSet, number).set({ listed: 1 }).execute();
      }),
    backInStaging: (dataSet, number) => context.write((db) => backInStaging(db, dataSet, number)),
  };
}

const name = ({ dataSet, number }: Pick<SegmentRecord, 'dataSet' | 'number'>): string =>
  `segment ${number} of data set number ${dataSet}`;

const one = (db: CatalogDatabase, dataSet: DataSetKey, number: number) =>
  db.updateTable('segments').where('data_set', '=', dataSet).where('number', '=', number);

async function segmentRow(db: CatalogDatabase, dataSet: DataSetKey, number: number): Promise<Selectable<SegmentTable>> {
  const row = await db
    .selectFrom('segments')
    .selectAll()
    .where('data_set', '=', dataSet)
    .where('number', '=', number)
    .executeTakeFirst();
  if (!row) throw bug(`the catalog knows no ${name({ dataSet, number })}`);
  return row;
}

async function fillingNumbers(db: CatalogDatabase, dataSet: DataSetKey): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('segments')
    .select('number')
    .where('data_set', '=', dataSet)
    .where('state', '=', 'filling')
    .orderBy('number')
    .execute();
  return rows.map((row) => row.number);
}

async function beginSegment(db: CatalogDatabase, dataSet: DataSetKey, number: number): Promise<void> {
  const set = await db.selectFrom('data_sets').select(['id', 'state']).where('key', '=', dataSet).executeTakeFirst();
  if (set?.state !== 'open')
    throw bug(`data set ${set?.id ?? `number ${dataSet}`} is not open: nothing can be added to it`);
  const known = await db
    .selectFrom('segments')
    .select('state')
    .where('data_set', '=', dataSet)
    .where('number', '=', number)
    .executeTakeFirst();
  if (known) throw bug(`${name({ dataSet, number })} is ${known.state} and cannot be begun again`);
  await db
    .insertInto('segments')
    .values({
      ...toColumns({
        dataSet,
        number,
        payloadBytes: 0,
        xxh64: '',
        startsInside: undefined,
        endsInside: undefined,
        firstHeader: undefined,
      }),
      state: 'filling',
      in_staging: 0,
      listed: 1,
    })
    .execute();
}

async function adoptSegment(db: CatalogDatabase, segment: SegmentFacts): Promise<void> {
  await db
    .insertInto('segments')
    .values({ ...toColumns(segment), state: 'written', in_staging: 0, listed: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function segmentLost(db: CatalogDatabase, dataSet: DataSetKey, number: number): Promise<void> {
  const { state } = await segmentRow(db, dataSet, number);
  if (state !== 'staged') throw bug(`${name({ dataSet, number })} is ${state}: what staging holds of it is not all`);
  await one(db, dataSet, number).set({ in_staging: 0 }).execute();
  await db
    .updateTable('data_sets')
    .set({ state: 'interrupted' })
    .where('key', '=', dataSet)
    .where('state', '=', 'complete')
    .execute();
}

async function backInStaging(db: CatalogDatabase, dataSet: DataSetKey, number: number): Promise<void> {
  const known = await segmentRow(db, dataSet, number);
  if (known.state === 'filling') throw bug(`${name({ dataSet, number })} is filling: it is not whole`);
  const copy = await db
    .selectFrom('tape_files')
    .innerJoin('volumes', 'volumes.key', 'tape_files.volume')
    .select('file_number')
    .where('tape_files.data_set', '=', dataSet)
    .where('tape_files.number', '=', number)
    .where('tape_files.kind', '=', 'segment')
    .where('tape_files.state', '=', 'written')
    .where('volumes.state', '=', 'live')
    .executeTakeFirst();
  await one(db, dataSet, number)
    .set({ in_staging: 1, state: copy ? 'written' : 'staged' })
    .execute();
}

const toColumns = (segment: SegmentFacts) => ({
  data_set: segment.dataSet,
  number: segment.number,
  payload_bytes: segment.payloadBytes,
  xxh64: segment.xxh64,
  starts_inside_path: segment.startsInside?.path ?? null,
  starts_inside_offset: segment.startsInside?.offset ?? null,
  ends_inside_path: segment.endsInside?.path ?? null,
  ends_inside_offset: segment.endsInside?.offset ?? null,
  first_header: segment.firstHeader ?? null,
});

const place = (path: Uint8Array | null, offset: number | null) =>
  path === null || offset === null ? undefined : { path, offset };

const toRecord = (row: Selectable<SegmentTable>): SegmentRecord => ({
  dataSet: row.data_set as DataSetKey,
  number: row.number,
  state: row.state as SegmentState,
  payloadBytes: row.payload_bytes,
  xxh64: row.xxh64,
  inStaging: row.in_staging === 1,
  startsInside: place(row.starts_inside_path, row.starts_inside_offset),
  endsInside: place(row.ends_inside_path, row.ends_inside_offset),
  firstHeader: row.first_header ?? undefined,
  listed: row.listed === 1,
});
