import { type Selectable, sql, type Updateable } from 'kysely';
import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import type {
  DataSetKey,
  DataSetRecord,
  DataSetRepository,
  DataSetState,
  Level,
  NewDataSetRecord,
  SegmentRecord,
} from '#src/catalog/data-sets';
import { liveSegment } from '#src/catalog/sql/live-segment';
import { encodeProtection, parseProtection } from '#src/catalog/sql/protection';
import type { DataSetTable } from '#src/catalog/sql/schema';
import { createSegmentStore } from '#src/catalog/sql/segment-store';
import type { CatalogDatabase, SqlContext } from '#src/catalog/sql/sql-context';

export function createDataSetRepository(
  context: SqlContext,
  sweepVersions: (dataSet: DataSetKey) => Promise<void>,
): DataSetRepository {
  const first = (column: 'key' | 'id', value: string | number) =>
    context.read(async (db) => {
      const row = await db.selectFrom('data_sets').selectAll().where(column, '=', value).executeTakeFirst();
      return row && toRecord(row);
    });

  return {
    create: (record) => context.write((db) => create(db, record)),
    adopt: (record) => context.write((db) => adopt(db, record)),
    get: (key) => first('key', key),
    byId: (id) => first('id', id),
    async list({ backupSet, state, concluded } = {}) {
      const rows = await context.read((db) =>
        newestFirst(db)
          .$if(backupSet !== undefined, (query) => query.where('backup_set', '=', backupSet ?? ''))
          .$if(state !== undefined, (query) => query.where('state', '=', state ?? ''))
          .$if(concluded !== undefined, (query) => query.where('concluded', '=', Number(concluded)))
          .execute(),
      );
      return rows.map(toRecord);
    },
    update: (key, changes) => context.write((db) => update(db, key, changes)),
    latestUsable: (backupSet, filter) => context.snapshot((db) => latestUsable(db, backupSet, filter)),
    chain: (key) => context.snapshot((db) => chain(db, key)),
    ...createSegmentStore(context, sweepVersions),
    async addWarning(dataSet, { path, code, message }) {
      const row = { data_set: dataSet, path, code, message };
      await context.write((db) => db.insertInto('warnings').values(row).execute());
    },
    async addFileSystems(dataSet, fileSystems) {
      await context.write(async (db) => {
        for (const { path, device } of fileSystems) {
          await db
            .insertInto('file_systems')
            .values({ data_set: dataSet, path, device })
            .onConflict((conflict) => conflict.columns(['data_set', 'path']).doUpdateSet({ device }))
            .execute();
        }
      });
    },
    fileSystems: (dataSet) =>
      context.read((db) =>
        db
          .selectFrom('file_systems')
          .select(['path', 'device'])
          .where('data_set', '=', dataSet)
          .orderBy('path')
          .execute(),
      ),
    warnings: (dataSet) =>
      context.read((db) =>
        db
          .selectFrom('warnings')
          .select(['path', 'code', 'message'])
          .where('data_set', '=', dataSet)
          .orderBy('key')
          .execute(),
      ),
  };
}

const newestFirst = (db: CatalogDatabase) =>
  db.selectFrom('data_sets').selectAll().orderBy('started_at', 'desc').orderBy('key', 'desc');

async function create(db: CatalogDatabase, record: NewDataSetRecord): Promise<DataSetRecord> {
  const taken = async (id: string) =>
    (await db.selectFrom('data_sets').select('key').where('id', '=', id).executeTakeFirst()) !== undefined;
  let id = record.id;
  for (let n = 2; await taken(id); n += 1) id = `${record.id}-${n}`;
  const row = await db
    .insertInto('data_sets')
    .values({
      ...descriptionColumns(record),
      id,
      state: 'open',
      finished_at: null,
      files: 0,
      bytes: 0,
      writer: record.writer ?? null,
      name_only: 0,
      concluded: 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRecord(row);
}

const descriptionColumns = (record: Omit<NewDataSetRecord, 'id' | 'writer'>) => ({
  backup_set: record.backupSet,
  level: record.level,
  base: record.base ?? null,
  started_at: record.startedAt,
  run_day: record.runDay,
  time_zone: record.timeZone,
  library: record.library,
  pool: record.pool,
  rotation: record.rotation ?? null,
  tier: record.tier ?? null,
  ...encodeProtection(record.protection),
});

async function adopt(db: CatalogDatabase, record: Omit<DataSetRecord, 'key' | 'writer'>): Promise<DataSetRecord> {
  const { id, state, files, bytes, finishedAt, nameOnly, concluded } = record;
  const outcome = { state, files, bytes, finished_at: finishedAt ?? null };
  const whole = {
    ...descriptionColumns(record),
    ...outcome,
    name_only: Number(nameOnly),
    concluded: Number(concluded),
  };
  const known = await db.selectFrom('data_sets').selectAll().where('id', '=', id).executeTakeFirst();
  if (!known) {
    const row = { ...whole, id, writer: null };
    return toRecord(await db.insertInto('data_sets').values(row).returningAll().executeTakeFirstOrThrow());
  }
  const becomesComplete = state === 'complete' && known.state !== 'complete' && known.writer === null;
  const changes: Updateable<DataSetTable> =
    known.name_only === 1 && !nameOnly
      ? whole
      : {
          base: known.base ?? record.base ?? null,
          // An index that says so was written when it was: what the catalog knew before was less.
          ...(becomesComplete && outcome),
          concluded: Math.max(known.concluded, Number(concluded && state === 'complete')),
        };
  const updated = db.updateTable('data_sets').set(changes).where('key', '=', known.key);
  return toRecord(await updated.returningAll().executeTakeFirstOrThrow());
}

async function update(
  db: CatalogDatabase,
  key: DataSetKey,
  changes: Parameters<DataSetRepository['update']>[1],
): Promise<void> {
  const row = await db.selectFrom('data_sets').select(['id', 'state']).where('key', '=', key).executeTakeFirst();
  if (!row) throw bug(`the catalog knows no data set number ${key}`);
  if (changes.state !== undefined && changes.state !== row.state) {
    if (row.state !== 'open') throw bug(`data set ${row.id} is ${row.state} and cannot become ${changes.state}`);
    await assertNoneFilling(db, key, row.id);
  }
  const columns: Updateable<DataSetTable> = {
    ...(changes.state !== undefined && { state: changes.state }),
    ...('finishedAt' in changes && { finished_at: changes.finishedAt ?? null }),
    ...(changes.files !== undefined && { files: changes.files }),
    ...(changes.bytes !== undefined && { bytes: changes.bytes }),
    ...('writer' in changes && { writer: changes.writer ?? null }),
    ...(changes.concluded !== undefined && { concluded: Number(changes.concluded) }),
    ...(changes.protection !== undefined && encodeProtection(changes.protection)),
  };
  if (Object.keys(columns).length === 0) return;
  await db.updateTable('data_sets').set(columns).where('key', '=', key).execute();
}

async function assertNoneFilling(db: CatalogDatabase, key: DataSetKey, id: string): Promise<void> {
  const filling = await db
    .selectFrom('segments')
    .select('number')
    .where('data_set', '=', key)
    .where('state', '=', 'filling' satisfies SegmentRecord['state'])
    .executeTakeFirst();
  if (filling) throw bug(`data set ${id} cannot end while its segment ${filling.number} is filling`);
}

async function latestUsable(
  db: CatalogDatabase,
  backupSet: string,
  { level, notAfter }: { readonly level?: Level; readonly notAfter?: Instant } = {},
): Promise<DataSetRecord | undefined> {
  const rows = await newestFirst(db).where('backup_set', '=', backupSet).where('state', '=', 'complete').execute();
  const unusable = new Set<number>((await incompleteSets(db, backupSet)).map((row) => row.data_set));
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const usable = (row: Selectable<DataSetTable>): boolean => {
    const seen = new Set<number>();
    for (let at: Selectable<DataSetTable> | undefined = row; at; at = byKey.get(at.base ?? 0)) {
      if (unusable.has(at.key) || seen.has(at.key)) return false;
      seen.add(at.key);
      if (at.base === null) return true;
    }
    return false;
  };
  const found = rows.find(
    (row) =>
      (level === undefined || row.level === level) &&
      (notAfter === undefined || row.started_at <= notAfter) &&
      usable(row),
  );
  return found && toRecord(found);
}

/** Data sets of which a segment is missing from the count, or is not live. */
const incompleteSets = (db: CatalogDatabase, backupSet: string) =>
  db
    .selectFrom('segments as s')
    .innerJoin('data_sets as d', 'd.key', 's.data_set')
    .select('s.data_set')
    .where('d.backup_set', '=', backupSet)
    .groupBy('s.data_set')
    .having(sql<boolean>`max(s.number) <> count(*) or sum(case when ${liveSegment} then 0 else 1 end) > 0`)
    .execute();

async function chain(db: CatalogDatabase, key: DataSetKey): Promise<readonly DataSetRecord[]> {
  const links: DataSetRecord[] = [];
  for (let at: DataSetKey | undefined = key; at !== undefined; at = links.at(-1)?.base) {
    const row = await db.selectFrom('data_sets').selectAll().where('key', '=', at).executeTakeFirst();
    if (!row) throw bug(`the catalog knows no data set number ${at}`);
    if (links.some((link) => link.key === row.key)) throw bug(`data set ${row.id} relies on itself`);
    links.push(toRecord(row));
  }
  return links;
}

const toRecord = (row: Selectable<DataSetTable>): DataSetRecord => ({
  key: row.key as DataSetKey,
  id: row.id,
  backupSet: row.backup_set,
  level: row.level as Level,
  base: (row.base ?? undefined) as DataSetKey | undefined,
  state: row.state as DataSetState,
  startedAt: row.started_at as Instant,
  finishedAt: (row.finished_at ?? undefined) as Instant | undefined,
  runDay: row.run_day,
  timeZone: row.time_zone,
  library: row.library,
  pool: row.pool,
  rotation: row.rotation ?? undefined,
  tier: row.tier ?? undefined,
  protection: parseProtection(row),
  files: row.files,
  bytes: row.bytes,
  writer: row.writer ?? undefined,
  nameOnly: row.name_only === 1,
  concluded: row.concluded === 1,
});
