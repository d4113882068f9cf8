import { sql } from 'kysely';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { FileRepository, FileVersion } from '#src/catalog/files';
import { directoryKey, keysBelow, parseDirectoryKey } from '#src/catalog/sql/directory-key';
import { type FindDialect, findVersions } from '#src/catalog/sql/find';
import type { SqlContext } from '#src/catalog/sql/sql-context';
import type { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import { readReference } from '#src/catalog/sql/sqlite/reference';
import { readSelection, type SelectionRequest } from '#src/catalog/sql/sqlite/selection';
import { openVersionWriter } from '#src/catalog/sql/sqlite/version-writer';
import { tornTails } from '#src/catalog/sql/torn-tail';

const directoriesPerPage = 1000;

const dialect: FindDialect = {
  contains: (column, bytes) => sql`instr(${column}, ${bytes}) > 0`,
};

/** `openScratch` opens a connection for one long walk that may have temporary tables. */
export function createFileRepository(
  context: SqlContext,
  openScratch: () => Promise<SqliteConnection>,
): FileRepository {
  async function* selection(request: SelectionRequest): AsyncGenerator<readonly FileVersion[]> {
    context.assertOutside();
    const torn = await context.read((db) => tornTails(db, request.chain));
    const connection = await openScratch();
    try {
      yield* readSelection(connection, torn, request);
    } finally {
      await connection.close();
    }
  }

  return {
    openWriter: (dataSet) => openVersionWriter(context, dataSet),
    reference: (chain, places, limit) => context.snapshot((db) => readReference(db, chain, { places, limit })),
    directoriesOf: (chain, below) => directoriesOf(context, chain, below),
    find: (query) => context.snapshot((db) => findVersions(db, query, dialect)),
    selection: (chain, paths) => selection({ chain, paths }),
    ofDataSet: (dataSet) => selection({ chain: [dataSet], paths: 'all' }),
  };
}

async function* directoriesOf(
  context: SqlContext,
  chain: readonly DataSetKey[],
  below: Uint8Array,
): AsyncGenerator<readonly Uint8Array[]> {
  context.assertOutside();
  const { to } = keysBelow(below);
  const sets = JSON.stringify(chain);
  let after: Uint8Array | undefined;
  for (;;) {
    const behind = after ? sql`d.key > ${after}` : sql`d.key >= ${directoryKey(below)}`;
    const { rows } = await context.read((db) =>
      sql<{ key: Uint8Array }>`
        select d.key from directories d
        where ${behind} and d.key < ${to} and exists (
          select 1 from json_each(${sets}) j join contents c on c.data_set = j.value and c.directory = d.id)
        order by d.key limit ${directoriesPerPage}`.execute(db),
    );
    after = rows.at(-1)?.key;
    if (after === undefined) return;
    yield rows.map((row) => parseDirectoryKey(row.key));
  }
}
