import { sql } from 'kysely';
import { hex } from '#src/base/bytes';
import type { DataSetKey } from '#src/catalog/data-sets';
import { entryTypes, type ReferenceEntry, type ReferencePage, type ReferencePlace } from '#src/catalog/files';
import { directoryKey, splitPath } from '#src/catalog/sql/directory-key';
import type { CatalogDatabase } from '#src/catalog/sql/sql-context';
import { tornTails } from '#src/catalog/sql/torn-tail';

/** hexadecimal name, data set, segment, offset, kind, size, mtime, ns, ctime − mtime, ns, inode */
type VersionTuple = readonly [string, number, number, number, number, number, number, number, number, number, string];
type DeletionTuple = readonly [string, number];

interface DirectoryRow {
  readonly position: number;
  readonly versions: string;
  readonly deletions: string;
}

export interface ReferenceRequest {
  readonly places: readonly ReferencePlace[];
  readonly limit: number;
}

/**
 * One row a directory, its versions as JSON built by SQLite on its own thread: rows as objects would cost this thread four times as much. Both tables are
 * clustered by directory and name, so that rows come in this order without sorting, and a page costs what it holds.
 */
export async function readReference(
  db: CatalogDatabase,
  chain: readonly DataSetKey[],
  { places, limit }: ReferenceRequest,
): Promise<readonly ReferencePage[]> {
  const ranks = new Map(chain.map((dataSet, rank) => [dataSet as number, rank]));
  const hidden = await hiddenPlaces(db, chain);
  const directories = places.map(({ directory }) => directory);
  const buried = await readBuried(db, ranks, directories);
  const from = JSON.stringify(places.map((place) => [hex(directoryKey(place.directory)), hex(place.from)]));
  const sets = JSON.stringify(chain);
  // A name has a row in each data set at most: a page has room for all of one name, and one more row is read to see where the next begins.
  const mostRows = Math.max(limit, chain.length);
  const { rows } = await sql<DirectoryRow>`
    select j.key as position,
      (select json_group_array(json_array(hex(v.name), v.data_set, v.segment, v.offset, v.kind, v.size, v.mtime, v.mtime_ns,
          v.ctime_delta, v.ctime_delta_ns, cast(v.inode as text)))
        from (select name, data_set, segment, offset, kind, size, mtime, mtime_ns, ctime_delta, ctime_delta_ns, inode from versions
          where directory = d.id and name >= unhex(j.value ->> 1) and data_set in (select value from json_each(${sets}))
          order by name limit ${mostRows + 1}) v) as versions,
      (select json_group_array(json_array(hex(x.name), x.data_set))
        from (select name, data_set from deletions
          where directory = d.id and name >= unhex(j.value ->> 1) and data_set in (select value from json_each(${sets}))
          order by name limit ${mostRows + 1}) x) as deletions
    from json_each(${from}) j join directories d on d.key = unhex(j.value ->> 0)`.execute(db);
  const result: ReferencePage[] = places.map(() => ({ entries: [], next: undefined }));
  for (const row of rows) {
    const { position } = row;
    const versions: readonly VersionTuple[] = JSON.parse(row.versions);
    const deletions: readonly DeletionTuple[] = JSON.parse(row.deletions);
    const next = leastName(cutName(versions, mostRows), cutName(deletions, mostRows));
    const isWithin = ([name]: VersionTuple | DeletionTuple): boolean => next === undefined || name < next;
    const grave = buried(position);
    const visible = versions.filter(
      (version) => isWithin(version) && !hidden(version) && (ranks.get(version[1]) ?? 0) <= grave,
    );
    const directory = directories[position] as Uint8Array;
    result[position] = {
      entries: newestOfEach(visible, deletions.filter(isWithin), ranks).map((version) => toEntry(directory, version)),
      next: next === undefined ? undefined : Buffer.from(next, 'hex'),
    };
  }
  return result;
}

/** The name of which perhaps not all rows are there: the last, where there are more than a page has room for. */
const cutName = (rows: readonly (VersionTuple | DeletionTuple)[], mostRows: number): string | undefined =>
  rows.length > mostRows ? rows.at(-1)?.[0] : undefined;

const leastName = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

/** Versions that are not to be seen: their segment is not staged, or not all of them is. */
async function hiddenPlaces(
  db: CatalogDatabase,
  chain: readonly DataSetKey[],
): Promise<(version: VersionTuple) => boolean> {
  const staged = await db
    .selectFrom('segments')
    .select(['data_set', 'number'])
    .where('data_set', 'in', [...chain])
    .where('state', '<>', 'filling')
    .execute();
  const visible = new Map<number, Set<number>>(chain.map((dataSet) => [dataSet, new Set()]));
  for (const { data_set, number } of staged) visible.get(data_set)?.add(number);
  const torn = await tornTails(db, chain);
  return ([, dataSet, segment, offset]) =>
    !visible.get(dataSet)?.has(segment) ||
    torn.some((tail) => tail.dataSet === dataSet && tail.segment === segment && tail.offset === offset);
}

/**
 * For each directory the rank of the newest data set in which it or a directory above it was deleted: what older ones hold in it is gone with it, what
 * that data set itself holds came afterwards.
 */
async function readBuried(
  db: CatalogDatabase,
  ranks: ReadonlyMap<number, number>,
  directories: readonly Uint8Array[],
): Promise<(position: number) => number> {
  const numbers = new Map<string, number>();
  const above = directories.map((directory) => ancestors(directory));
  const places: [string, string][] = [];
  for (const path of above.flat()) {
    if (numbers.has(path)) continue;
    const { directory, name } = splitPath(Buffer.from(path, 'latin1'));
    numbers.set(path, places.push([hex(directoryKey(directory)), hex(name)]) - 1);
  }
  const { rows } = await sql<{ place: number; dataSet: number }>`
    select j.key as place, x.data_set as "dataSet"
    from json_each(${JSON.stringify(places)}) j
      join directories d on d.key = unhex(j.value ->> 0)
      join deletions x on x.directory = d.id and x.name = unhex(j.value ->> 1)
    where x.data_set in (select value from json_each(${JSON.stringify([...ranks.keys()])}))`.execute(db);
  const graves = new Map<number, number>();
  for (const { place, dataSet } of rows) {
    graves.set(place, Math.min(graves.get(place) ?? Number.POSITIVE_INFINITY, ranks.get(dataSet) ?? 0));
  }
  const graveOf = (path: string) => graves.get(numbers.get(path) ?? -1) ?? Number.POSITIVE_INFINITY;
  return (position) => Math.min(Number.POSITIVE_INFINITY, ...(above[position] ?? []).map(graveOf));
}

/** A directory and all above it but the root, byte by byte as characters. */
function ancestors(directory: Uint8Array): readonly string[] {
  const paths: string[] = [];
  for (let path = Buffer.from(directory).toString('latin1'); path.length > 1; ) {
    paths.push(path);
    path = path.slice(0, Math.max(1, path.lastIndexOf('/')));
  }
  return paths;
}

/** Of versions in the order of names. A name deleted after its newest version is left out. */
function newestOfEach(
  versions: readonly VersionTuple[],
  deletions: readonly DeletionTuple[],
  ranks: ReadonlyMap<number, number>,
): readonly VersionTuple[] {
  const rank = (dataSet: number) => ranks.get(dataSet) ?? Number.POSITIVE_INFINITY;
  const deleted = new Map<string, number>();
  for (const [name, dataSet] of deletions) {
    deleted.set(name, Math.min(rank(dataSet), deleted.get(name) ?? Number.POSITIVE_INFINITY));
  }
  const newest: VersionTuple[] = [];
  for (const version of versions) {
    const known = newest.at(-1);
    if (known?.[0] !== version[0]) newest.push(version);
    else if (rank(version[1]) < rank(known[1])) newest[newest.length - 1] = version;
  }
  if (deleted.size === 0) return newest;
  return newest.filter(([name, dataSet]) => rank(dataSet) <= (deleted.get(name) ?? Number.POSITIVE_INFINITY));
}

function toEntry(directory: Uint8Array, version: VersionTuple): ReferenceEntry {
  const [name, dataSet, , , kind, sizeBytes, seconds, nanoseconds, ctimeDelta, ctimeDeltaNs, inode] = version;
  return {
    directory,
    name: Buffer.from(name, 'hex'),
    dataSet: dataSet as DataSetKey,
    type: entryTypes[kind & 7] ?? 'file',
    sizeBytes,
    mtime: { seconds, nanoseconds },
    ctime: { seconds: seconds + ctimeDelta, nanoseconds: nanoseconds + ctimeDeltaNs },
    inode,
    flags: kind >> 3,
  };
}
