import { sql } from 'kysely';
import type { DataSetKey } from '#src/catalog/data-sets';
import { directoryKey, splitPath } from '#src/catalog/sql/directory-key';
import type { CatalogDatabase } from '#src/catalog/sql/sql-context';

/** The place of a member that begins in a staged segment and goes on into one that is not staged. */
export interface TornTail {
  readonly dataSet: DataSetKey;
  readonly segment: number;
  readonly offset: number;
}

/**
 * A version is visible when all of it is staged. Its segment tells of where it begins; only the last member of a segment can go on in the next, and
 * `endsInside` names it. So a data set that is being written, or was killed, has at most a few such places (one for each staged segment that the
 * same member fills), and further names of the same content share them.
 */
export async function tornTails(db: CatalogDatabase, dataSets: readonly DataSetKey[]): Promise<readonly TornTail[]> {
  const { rows } = await sql<{ dataSet: DataSetKey; path: Uint8Array }>`
    select s.data_set as "dataSet", s.ends_inside_path as path from segments s
    where s.data_set in (${dataSets.length === 0 ? sql`null` : sql.join(dataSets)}) and s.state <> 'filling' and s.ends_inside_path is not null
      and not exists (
        select 1 from segments n where n.data_set = s.data_set and n.number = s.number + 1 and n.state <> 'filling')`.execute(
    db,
  );
  const torn: TornTail[] = [];
  for (const { dataSet, path } of rows) {
    const { directory, name } = splitPath(path);
    const version = await db
      .selectFrom('versions')
      .innerJoin('directories', 'directories.id', 'versions.directory')
      .select(['segment', 'offset'])
      .where('directories.key', '=', directoryKey(directory))
      .where('name', '=', name)
      .where('data_set', '=', dataSet)
      .executeTakeFirst();
    if (version) torn.push({ dataSet, ...version });
  }
  return torn;
}
