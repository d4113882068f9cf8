import { sql } from 'kysely';
import { asBuffer, hex } from '#src/base/bytes';
import { bug } from '#src/base/errors';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { VersionBatch, VersionWriter } from '#src/catalog/files';
import { directoryKey } from '#src/catalog/sql/directory-key';
import type { CatalogDatabase, SqlContext } from '#src/catalog/sql/sql-context';
import { tornTails } from '#src/catalog/sql/torn-tail';

const digestBytes = 32;
/** Rows a transaction: about 50 ms of the writer, so that others wait no longer than 100. */
const rowsPerTransaction = 10_000;

/**
 * Rows go in by `json_each` over the text that the archiver built: no value of them is touched in this thread. `jsonb_each` hands nested arrays on in
 * binary form, so that they are not parsed once a column.
 */
export function openVersionWriter(context: SqlContext, dataSet: DataSetKey): VersionWriter {
  return {
    async add(...batches) {
      for (const slices of groupSlices(batches.flatMap(sliceBatch))) {
        await context.write((db) => insertSlices(db, dataSet, slices));
      }
    },
    async addDeletions(deletions) {
      for (let first = 0; first < deletions.length; first += rowsPerTransaction) {
        const part = deletions.slice(first, first + rowsPerTransaction);
        await context.write((db) => insertDeletions(db, dataSet, part));
      }
    },
  };
}

/** Consecutive slices that go into one transaction together. */
function groupSlices(slices: readonly Slice[]): readonly (readonly Slice[])[] {
  const groups: Slice[][] = [];
  let rows = rowsPerTransaction;
  for (const slice of slices) {
    rows += slice.end - slice.first;
    const last = groups.at(-1);
    if (last && rows <= rowsPerTransaction) {
      last.push(slice);
    } else {
      groups.push([slice]);
      rows = slice.end - slice.first;
    }
  }
  return groups;
}

/** Rows `first` to `end` of a batch. */
interface Slice {
  readonly batch: VersionBatch;
  readonly keys: readonly Uint8Array[];
  readonly first: number;
  readonly end: number;
}

function sliceBatch(batch: VersionBatch): readonly Slice[] {
  const { rowCount, digests } = batch;
  if (digests.length !== rowCount * digestBytes) {
    throw bug(`a batch of ${rowCount} versions came with ${digests.length} bytes of digests`);
  }
  const keys = batch.directories.map(directoryKey);
  const slices: Slice[] = [];
  for (let first = 0; first < rowCount; first += rowsPerTransaction) {
    slices.push({ batch, keys, first, end: Math.min(first + rowsPerTransaction, rowCount) });
  }
  return slices;
}

async function insertSlices(db: CatalogDatabase, dataSet: DataSetKey, slices: readonly Slice[]): Promise<void> {
  await internDirectories(
    db,
    dataSet,
    slices.flatMap(({ keys }) => keys),
  );
  let firstDirectory = 0;
  for (const slice of slices) {
    await insertRows(db, { dataSet, firstDirectory, ...slice });
    firstDirectory += slice.keys.length;
  }
}

/** @param slice with the position of its first directory among those of the transaction */
async function insertRows(
  db: CatalogDatabase,
  {
    dataSet,
    firstDirectory,
    batch,
    first,
    end,
  }: Slice & { readonly dataSet: DataSetKey; readonly firstDirectory: number },
): Promise<void> {
  const digests = asBuffer(batch.digests).subarray(first * digestBytes, end * digestBytes);
  // Each `json_extract` is paid once a row: nothing is asked for twice, and names that are no text only where there are some.
  const text = sql`cast(json_extract(r.value, '$[1]') as blob)`;
  const name = batch.hasByteNames
    ? sql`case json_type(r.value, '$[1]') when 'array' then unhex(json_extract(r.value, '$[1][0]')) else ${text} end`
    : text;
  await sql`
    insert or replace into versions(directory, name, data_set, segment, offset, kind, size, mtime, mtime_ns, ctime_delta, ctime_delta_ns, inode, digest)
    select m.id, ${name}, cast(${dataSet} as integer),
      json_extract(r.value, '$[2]'), json_extract(r.value, '$[3]'), json_extract(r.value, '$[4]'), json_extract(r.value, '$[5]'),
      json_extract(r.value, '$[6]'), json_extract(r.value, '$[7]'), json_extract(r.value, '$[8]'), json_extract(r.value, '$[9]'),
      json_extract(r.value, '$[10]'),
      nullif(substr(${digests}, (r.key - ${first}) * 32 + 1, 32), zeroblob(32))
    from jsonb_each(cast(${batch.rows} as text)) r
      join temp.batch_directories m on m.position = json_extract(r.value, '$[0]') + cast(${firstDirectory} as integer)
    where r.key >= ${first} and r.key < ${end}`.execute(db);
  const inserted = await changedRows(db);
  if (inserted !== end - first) {
    throw bug(
      `of versions ${first} to ${end} of a batch ${inserted} were inserted: its rows do not fit its directories or its count`,
    );
  }
}

async function insertDeletions(
  db: CatalogDatabase,
  dataSet: DataSetKey,
  deletions: Parameters<VersionWriter['addDeletions']>[0],
): Promise<void> {
  const positions = new Map<string, number>();
  const keys: Buffer[] = [];
  const rows = deletions.map(({ directory, name }) => {
    const key = directoryKey(directory);
    const known = positions.get(key.toString('latin1'));
    const position = known ?? keys.push(key) - 1;
    if (known === undefined) positions.set(key.toString('latin1'), position);
    return [position, hex(name)];
  });
  await internDirectories(db, dataSet, keys);
  await sql`
    insert or ignore into deletions(directory, name, data_set)
    select m.id, unhex(r.value ->> 1), cast(${dataSet} as integer)
    from json_each(${JSON.stringify(rows)}) r join temp.batch_directories m on m.position = r.value ->> 0`.execute(db);
}

/** Leaves in `temp.batch_directories` (made when the writer's connection opens) which directory stands at which position of `keys`. */
async function internDirectories(db: CatalogDatabase, dataSet: DataSetKey, keys: readonly Uint8Array[]): Promise<void> {
  const list = JSON.stringify(keys.map(hex));
  await sql`insert or ignore into directories(key) select unhex(value) from json_each(${list})`.execute(db);
  await sql`delete from temp.batch_directories`.execute(db);
  await sql`
    insert into temp.batch_directories(position, id)
    select j.key, d.id from json_each(${list}) j join directories d on d.key = unhex(j.value)`.execute(db);
  await sql`
    insert or ignore into contents(data_set, directory)
    select cast(${dataSet} as integer), id from temp.batch_directories`.execute(db);
}

async function changedRows(db: CatalogDatabase): Promise<number> {
  const { rows } = await sql<{ n: number }>`select changes() as n`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Directories whose versions are looked through in one transaction of the sweep. */
const directoriesPerSweep = 200;

/**
 * Removes what a crashed run left of a data set: versions whose segment was never staged, and those that begin in a staged segment but go on into one
 * that was not.
 */
export async function sweepVersions(context: SqlContext, dataSet: DataSetKey): Promise<void> {
  const [torn] = await context.read((db) => tornTails(db, [dataSet]));
  let after = -1;
  for (;;) {
    const last = await context.write(async (db) => {
      const page = await db
        .selectFrom('contents')
        .select('directory')
        .where('data_set', '=', dataSet)
        .where('directory', '>', after)
        .orderBy('directory')
        .limit(directoriesPerSweep)
        .execute();
      const ids = JSON.stringify(page.map((row) => row.directory));
      await sql`
        delete from versions
        where directory in (select value from json_each(${ids})) and data_set = ${dataSet} and (
          (segment = ${torn?.segment ?? -1} and offset = ${torn?.offset ?? -1}) or not exists (
            select 1 from segments s where s.data_set = versions.data_set and s.number = versions.segment and s.state <> 'filling'))`.execute(
        db,
      );
      return page.at(-1)?.directory;
    });
    if (last === undefined) return;
    after = last;
  }
}
