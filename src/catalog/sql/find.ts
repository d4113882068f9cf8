import { type RawBuilder, sql } from 'kysely';
import type { FileVersion, FindQuery } from '#src/catalog/files';
import { directoryKey, joinPath, keysBelow, parseDirectoryKey, splitPath } from '#src/catalog/sql/directory-key';
import { toFileVersion, type VersionRow } from '#src/catalog/sql/file-version';
import { compileGlob } from '#src/catalog/sql/glob';
import { announcedSegment, liveSegment } from '#src/catalog/sql/live-segment';
import type { CatalogDatabase } from '#src/catalog/sql/sql-context';

/** What an engine says in its own words. */
export interface FindDialect {
  /** Whether the bytes of a column contain these bytes. */
  contains(column: RawBuilder<unknown>, bytes: Uint8Array): RawBuilder<boolean>;
}

interface FoundRow extends VersionRow {
  readonly directory: number;
  readonly startedAt: number;
  readonly endsInsidePath: Uint8Array | null;
}

type Matcher = {
  /** Directories that can hold a match. */
  readonly below: Uint8Array;
  readonly directory: (path: Uint8Array) => boolean;
  readonly name: RawBuilder<boolean> | undefined;
  readonly path: (path: Uint8Array) => boolean;
};

/** It can be read, now or when its cartridge has been. */
const reachableSegment = sql<boolean>`(${liveSegment} or ${announcedSegment})`;

const directoriesPerPage = 500;
const versionsPerPage = 5000;

export async function findVersions(
  db: CatalogDatabase,
  query: FindQuery,
  dialect: FindDialect,
): Promise<{ readonly versions: readonly FileVersion[]; readonly truncated: boolean }> {
  const best = new NewestFirst(query);
  if (query.match.kind === 'path') {
    const { directory, name } = splitPath(query.match.path);
    const place = sql<boolean>`d.key = ${directoryKey(directory)} and v.name = ${name}`;
    best.add(await visibleRows(db, query, await selectVersions(db, query, place)));
  } else {
    const matcher = matcherOf(query.match, dialect);
    for await (const rows of scan(db, query, matcher)) {
      best.add(await visibleRows(db, query, rows));
    }
  }
  return best.result();
}

function matcherOf(match: Exclude<FindQuery['match'], { kind: 'path' }>, dialect: FindDialect): Matcher {
  const name = sql.ref('v.name');
  if (match.kind === 'part') {
    return {
      below: Buffer.from('/'),
      directory: () => true,
      name: dialect.contains(name, match.text),
      path: () => true,
    };
  }
  const glob = compileGlob(match.pattern);
  return {
    below: glob.below,
    directory: glob.directoryMayMatch,
    name: glob.nameContains.length > 0 ? dialect.contains(name, glob.nameContains) : undefined,
    path: glob.matches,
  };
}

/** Goes through directories, then through the versions in those that may hold a match, both by pages: bounded memory, and no long statement. */
async function* scan(db: CatalogDatabase, query: FindQuery, matcher: Matcher): AsyncGenerator<readonly FoundRow[]> {
  const { to } = keysBelow(matcher.below);
  let after: Uint8Array | undefined;
  for (;;) {
    const page = await db
      .selectFrom('directories')
      .select(['id', 'key'])
      .where('key', after ? '>' : '>=', after ?? directoryKey(matcher.below))
      .where('key', '<', to)
      .orderBy('key')
      .limit(directoriesPerPage)
      .execute();
    after = page.at(-1)?.key;
    if (after === undefined) return;
    const ids = page.filter((row) => matcher.directory(parseDirectoryKey(row.key))).map((row) => row.id);
    if (ids.length > 0) yield* scanDirectories(db, query, { matcher, ids });
  }
}

async function* scanDirectories(
  db: CatalogDatabase,
  query: FindQuery,
  { matcher, ids }: { readonly matcher: Matcher; readonly ids: readonly number[] },
): AsyncGenerator<readonly FoundRow[]> {
  const inThem = sql<boolean>`v.directory in (${sql.join(ids)}) and ${matcher.name ?? sql<boolean>`1 = 1`}`;
  let last: FoundRow | undefined;
  do {
    const behind: RawBuilder<boolean> = last
      ? sql`(v.directory, v.name, v.data_set) > (${last.directory}, ${last.name}, ${last.dataSet})`
      : sql`1 = 1`;
    const rows: readonly FoundRow[] = await selectVersions(
      db,
      query,
      sql`${inThem} and ${behind}`,
      sql`order by v.directory, v.name, v.data_set limit ${versionsPerPage}`,
    );
    yield rows.filter((row) => matcher.path(joinPath(parseDirectoryKey(row.directoryKey), row.name)));
    last = rows.length === versionsPerPage ? rows.at(-1) : undefined;
  } while (last);
}

async function selectVersions(
  db: CatalogDatabase,
  { backupSet, before, after, all }: FindQuery,
  condition: RawBuilder<boolean>,
  order: RawBuilder<unknown> = sql``,
): Promise<readonly FoundRow[]> {
  const conditions = [condition, sql<boolean>`s.state <> 'filling'`];
  if (backupSet !== undefined) conditions.push(sql`g.backup_set = ${backupSet}`);
  if (before !== undefined) conditions.push(sql`g.started_at <= ${before}`);
  if (after !== undefined) conditions.push(sql`g.started_at >= ${after}`);
  if (!all) conditions.push(reachableSegment);
  const { rows } = await sql<FoundRow>`
    select v.directory, d.key as "directoryKey", v.name, v.data_set as "dataSet", v.segment, v.offset, v.kind, v.size, v.mtime,
      v.mtime_ns as "mtimeNs", v.digest, g.started_at as "startedAt", s.ends_inside_path as "endsInsidePath"
    from versions v
      join directories d on d.id = v.directory
      join data_sets g on g.key = v.data_set
      join segments s on s.data_set = v.data_set and s.number = v.segment
    where ${sql.join(conditions, sql` and `)} ${order}`.execute(db);
  return rows;
}

/** Leaves out what goes on into segments that are not staged (or, unless all is wanted, have no live copy). */
async function visibleRows(
  db: CatalogDatabase,
  query: FindQuery,
  rows: readonly FoundRow[],
): Promise<readonly FoundRow[]> {
  const visible: FoundRow[] = [];
  const tails = new Map<string, Tail>();
  for (const row of rows) {
    if (row.endsInsidePath !== null) {
      const key = `${row.dataSet} ${row.segment}`;
      const tail = tails.get(key) ?? (await readTail(db, query, row));
      tails.set(key, tail);
      if (!tail.whole && row.offset === tail.offset) continue;
    }
    visible.push(row);
  }
  return visible;
}

/** The last member of a segment: where it begins, and whether the segments that it goes on in can be read. */
interface Tail {
  readonly offset: number;
  readonly whole: boolean;
}

async function readTail(db: CatalogDatabase, { all }: FindQuery, row: FoundRow): Promise<Tail> {
  const path = row.endsInsidePath as Uint8Array;
  const { directory, name } = splitPath(path);
  const version = await db
    .selectFrom('versions')
    .innerJoin('directories', 'directories.id', 'versions.directory')
    .select('offset')
    .where('directories.key', '=', directoryKey(directory))
    .where('name', '=', name)
    .where('data_set', '=', row.dataSet)
    .where('segment', '=', row.segment)
    .executeTakeFirst();
  if (!version) return { offset: -1, whole: true };
  for (let number = row.segment + 1; ; number += 1) {
    const { rows } = await sql<{ endsInsidePath: Uint8Array | null; live: number }>`
      select s.ends_inside_path as "endsInsidePath", case when ${reachableSegment} then 1 else 0 end as live from segments s
      where s.data_set = ${row.dataSet} and s.number = ${number} and s.state <> 'filling'`.execute(db);
    const next = rows[0];
    if (!next || (!all && next.live === 0)) return { offset: version.offset, whole: false };
    if (next.endsInsidePath === null || Buffer.compare(next.endsInsidePath, path) !== 0) {
      return { offset: version.offset, whole: true };
    }
  }
}

/** Keeps the newest of all that is added, up to the limit and one more. */
class NewestFirst {
  readonly #query: FindQuery;
  #rows: FoundRow[] = [];

  constructor(query: FindQuery) {
    this.#query = query;
  }

  add(rows: readonly FoundRow[]): void {
    this.#rows.push(...(this.#query.latest ? newestOfEachPath(rows) : rows));
    if (this.#rows.length > 4 * this.#query.limit + versionsPerPage) this.#trim();
  }

  result(): { readonly versions: readonly FileVersion[]; readonly truncated: boolean } {
    this.#trim();
    const { limit } = this.#query;
    return { versions: this.#rows.slice(0, limit).map(toFileVersion), truncated: this.#rows.length > limit };
  }

  #trim(): void {
    // A path's versions can come on two pages; only the newest may stay.
    if (this.#query.latest) this.#rows = [...newestOfEachPath(this.#rows)];
    this.#rows.sort(newerFirst);
    this.#rows.length = Math.min(this.#rows.length, this.#query.limit + 1);
  }
}

function newestOfEachPath(rows: readonly FoundRow[]): Iterable<FoundRow> {
  const newest = new Map<string, FoundRow>();
  for (const row of rows) {
    const path = `${row.directory}/${Buffer.from(row.name).toString('latin1')}`;
    const known = newest.get(path);
    if (!known || newerFirst(row, known) < 0) newest.set(path, row);
  }
  return newest.values();
}

const newerFirst = (a: FoundRow, b: FoundRow): number =>
  b.startedAt - a.startedAt ||
  b.dataSet - a.dataSet ||
  Buffer.compare(a.directoryKey, b.directoryKey) ||
  Buffer.compare(a.name, b.name);
