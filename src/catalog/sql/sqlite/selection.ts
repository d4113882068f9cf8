import { bug } from '#src/base/errors';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { FileVersion } from '#src/catalog/files';
import { directoryKey, keysBelow, splitPath } from '#src/catalog/sql/directory-key';
import { toFileVersion } from '#src/catalog/sql/file-version';
import type { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import type { TornTail } from '#src/catalog/sql/torn-tail';

export interface SelectionRequest {
  readonly chain: readonly DataSetKey[];
  /** What to take: these paths and all below them, or everything. */
  readonly paths: readonly Uint8Array[] | 'all';
}

const rowsPerPage = 2000;

/** data set, segment, offset, directory, hexadecimal name, kind, size, mtime, ns, hexadecimal digest */
type VersionTuple = readonly [number, number, number, number, string, number, number, number, number, string];

/**
 * Puts what is selected in order in a temporary table (on disk, so that memory does not grow with it) on a connection of its own, and hands it out page
 * by page; between pages nothing of the catalog is held.
 */
export async function* readSelection(
  connection: SqliteConnection,
  torn: readonly TornTail[],
  { chain, paths }: SelectionRequest,
): AsyncGenerator<readonly FileVersion[]> {
  if (chain.length === 0) return;
  await connection.execute('begin');
  await prepareChain(connection, chain, torn);
  await prepareDirectories(connection, paths);
  if (chain.length > 1) await prepareBuried(connection);
  await fillSelection(connection, chain.length > 1);
  await connection.execute('commit');
  let last: readonly unknown[] = [-1, -1, -1, -1, Buffer.alloc(0)];
  for (;;) {
    const page = await readPage(connection, last);
    const end = page.at(-1);
    if (!end) return;
    yield await toFileVersions(connection, page);
    const [dataSet, segment, offset, directory, name] = end;
    last = [dataSet, segment, offset, directory, Buffer.from(name, 'hex')];
  }
}

/** As one JSON text, made on SQLite's thread: rows as objects would cost this thread four times as much (measured). */
async function readPage(connection: SqliteConnection, after: readonly unknown[]): Promise<readonly VersionTuple[]> {
  const [row] = await connection.rows<{ page: string }>(
    `select json_group_array(json_array(data_set, segment, offset, directory, hex(name), kind, size, mtime, mtime_ns, hex(digest))) as page from (
       select * from temp.selection where (data_set, segment, offset, directory, name) > (?, ?, ?, ?, ?)
       order by data_set, segment, offset, directory, name limit ?)`,
    [...after, rowsPerPage],
  );
  return JSON.parse(row?.page ?? '[]');
}

async function toFileVersions(
  connection: SqliteConnection,
  page: readonly VersionTuple[],
): Promise<readonly FileVersion[]> {
  const rows = await connection.rows<{ id: number; key: Uint8Array }>(
    'select id, key from directories where id in (select value from json_each(?))',
    [JSON.stringify([...new Set(page.map((version) => version[3]))])],
  );
  const keys = new Map(rows.map(({ id, key }) => [id, key]));
  return page.map(([dataSet, segment, offset, directory, name, kind, size, mtime, mtimeNs, digest]) => {
    const directoryKey = keys.get(directory);
    if (!directoryKey) throw bug(`the catalog knows no directory number ${directory}`);
    return toFileVersion({
      directoryKey,
      name: Buffer.from(name, 'hex'),
      dataSet,
      segment,
      offset,
      kind,
      size,
      mtime,
      mtimeNs,
      digest: digest === '' ? null : Buffer.from(digest, 'hex'),
    });
  });
}

async function prepareChain(
  connection: SqliteConnection,
  chain: readonly DataSetKey[],
  torn: readonly TornTail[],
): Promise<void> {
  await connection.execute(`
    create temp table chain(data_set integer primary key, rank integer not null);
    create temp table torn(data_set integer, segment integer, offset integer, primary key (data_set, segment, offset)) without rowid;
    create temp table chosen(directory integer primary key);
    create temp table buried(directory integer primary key, rank integer not null);
    create temp table single(directory integer, name blob, primary key (directory, name)) without rowid`);
  await connection.run('insert into temp.chain select value, key from json_each(?)', [JSON.stringify(chain)]);
  for (const { dataSet, segment, offset } of torn) {
    await connection.run('insert or ignore into temp.torn values (?, ?, ?)', [dataSet, segment, offset]);
  }
}

/** `chosen` are the directories that are taken whole, `single` the entries that the paths name themselves. */
async function prepareDirectories(connection: SqliteConnection, paths: SelectionRequest['paths']): Promise<void> {
  if (paths === 'all') {
    await connection.run(
      'insert or ignore into temp.chosen select directory from contents where data_set in (select data_set from temp.chain)',
    );
    return;
  }
  for (const path of paths) {
    const { directory, name } = splitPath(path);
    const { from, to } = keysBelow(path);
    await connection.run('insert or ignore into temp.single select id, ? from directories where key = ?', [
      name,
      directoryKey(directory),
    ]);
    await connection.run(
      'insert or ignore into temp.chosen select id from directories where key = ? or (key >= ? and key < ?)',
      [directoryKey(path), from, to],
    );
  }
  // What lies in a directory that is taken whole comes with it.
  await connection.run('delete from temp.single where directory in (select directory from temp.chosen)');
}

/**
 * Directories that were deleted, or lie below one that was, with the rank of the newest data set that says so. A deletion's key, followed by a zero byte
 * or by nothing, begins the keys of all that it took with it.
 */
async function prepareBuried(connection: SqliteConnection): Promise<void> {
  await connection.execute(`
    create temp table deleted(key blob, rank integer);
    insert into temp.deleted
    select cast(case when d.key = x'00' then x'00' else d.key || x'00' end || x.name as blob), c.rank
    from temp.chain c
      join contents o on o.data_set = c.data_set
      join directories d on d.id = o.directory
      join deletions x on x.directory = o.directory and x.data_set = c.data_set;
    insert into temp.buried
    select directory, min(rank) from (
      select b.id as directory, t.rank from temp.deleted t join directories b on b.key = t.key
      union all
      select b.id, t.rank from temp.deleted t
        join directories b on b.key > cast(t.key || x'00' as blob) and b.key < cast(t.key || x'01' as blob))
    group by directory`);
}

async function fillSelection(connection: SqliteConnection, hasBase: boolean): Promise<void> {
  const columns = 'data_set, segment, offset, directory, name, kind, size, mtime, mtime_ns, digest';
  const staged = (version: string) => `
    exists (select 1 from segments s where s.data_set = ${version}.data_set and s.number = ${version}.segment and s.state <> 'filling')
    and not exists (select 1 from temp.torn t
      where t.data_set = ${version}.data_set and t.segment = ${version}.segment and t.offset = ${version}.offset)`;
  const newest = `
    and not exists (select 1 from versions n join temp.chain m on m.data_set = n.data_set
      where n.directory = v.directory and n.name = v.name and m.rank < c.rank and ${staged('n')})
    and not exists (select 1 from deletions n join temp.chain m on m.data_set = n.data_set
      where n.directory = v.directory and n.name = v.name and m.rank < c.rank)
    and not exists (select 1 from temp.buried b where b.directory = v.directory and b.rank < c.rank)`;
  const wanted = `join temp.chain c on c.data_set = v.data_set where ${staged('v')} ${hasBase ? newest : ''}`;
  const selected = columns.replaceAll(/\w+/g, 'v.$&');
  // In the order of the walk, which is nearly that of the offsets: most rows go to the end of the table, and nothing is sorted.
  await connection.execute(`
    create temp table selection(data_set integer, segment integer, offset integer, directory integer, name blob,
      kind integer, size integer, mtime integer, mtime_ns integer, digest blob,
      primary key (data_set, segment, offset, directory, name)) without rowid;
    insert into temp.selection(${columns}) select ${selected}
      from temp.chosen o cross join versions v on v.directory = o.directory ${wanted};
    insert into temp.selection(${columns}) select ${selected}
      from temp.single o cross join versions v on v.directory = o.directory and v.name = o.name ${wanted}`);
}
