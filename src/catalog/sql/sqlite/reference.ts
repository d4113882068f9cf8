import { sql } from 'kysely';
import { hex } from '#src/base/bytes';
import type { DataSetKey } from '#src/catalog/data-sets';
import { entryTypes, type ReferenceEntry } from '#src/catalog/files';
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

/**
 * One row a directory, its versions as JSON built by SQLite on its own thread: rows as objects would cost this thread four times as much.
 */
export async function readReference(
  db: CatalogDatabase,
  chain: readonly DataSetKey[],
  directories: readonly Uint8Array[],
): Promise<readonly (readonly ReferenceEntry[])[]> {
  const ranks = new Map(chain.map((dataSet, rank) => [dataSet as number, rank]));
  const hidden = await hiddenPlaces(db, chain);
  const buried = await readBuried(db, ranks, directories);
  const keys = JSON.stringify(directories.map((directory) => hex(directoryKey(directory))));
  const sets = JSON.stringify(chain);
  const { rows } = await sql<DirectoryRow>`
    select j.key as position,
      (select json_group_array(json_array(hex(v.name), v.data_set, v.segment, v.offset, v.kind, v.size, v.mtime, v.mtime_ns,
          v.ctime_delta, v.ctime_delta_ns, cast(v.inode as text)))
        from versions v where v.directory = d.id and v.data_set in (select value from json_each(${sets}))) as versions,
      (select json_group_array(json_array(hex(x.name), x.data_set))
        from deletions x where x.directory = d.id and x.data_set in (select value from json_each(${sets}))) as deletions
    from json_each(${keys}) j join directories d on d.key = unhex(j.value)`.execute(db);
  const result: (readonly ReferenceEntry[])[] = directories.map(() => []);
  for (const { position, versions, deletions } of rows) {
    const grave = buried(position);
    const visible = (JSON.parse(versions) as VersionTuple[]).filter(
      (version) => !hidden(version) && (ranks.get(version[1]) ?? 0) <= grave,
    );
    const current = newestOfEach(visible, JSON.parse(deletions), ranks);
    const directory = directories[position] as Uint8Array;
    result[position] = current.map((version) => toEntry(directory, version));
  }
  return result;
}

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

/** In byte order of names, which is that of their hexadecimal digits; a name deleted after its newest version is left out. */
function newestOfEach(
  versions: readonly VersionTuple[],
  deletions: readonly DeletionTuple[],
  ranks: ReadonlyMap<number, number>,
): readonly VersionTuple[] {
  const rank = (dataSet: number) => ranks.get(dataSet) ?? Number.POSITIVE_INFINITY;
  const newest = new Map<string, VersionTuple>();
  let sorted = true;
  let last = '';
  for (const version of versions) {
    const name = version[0];
    sorted &&= name >= last;
    last = name;
    const known = newest.get(name);
    if (!known || rank(version[1]) < rank(known[1])) newest.set(name, version);
  }
  for (const [name, dataSet] of deletions) {
    const known = newest.get(name);
    if (known && rank(dataSet) < rank(known[1])) newest.delete(name);
  }
  const current = [...newest.values()];
  // The table is clustered by name, so that this order is what comes; SQL promises it nowhere.
  return sorted ? current : current.sort((a, b) => (a[0] < b[0] ? -1 : 1));
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
