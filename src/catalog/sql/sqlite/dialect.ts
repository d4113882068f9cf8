import { type Dialect, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { GrandsireError } from '#src/base/errors';
import type { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import type { ConnectionPool } from '#src/catalog/sql/sqlite/connection-pool';

/** Kysely over `sqlite3`. A writer takes its lock at the beginning: one that began by reading could not wait for another's commit. */
export function createSqliteDialect(pool: ConnectionPool, begin: 'begin' | 'begin immediate'): Dialect {
  const on = (connection: unknown) => connection as SqliteConnection;
  return {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createDriver: () => ({
      init: async () => {},
      acquireConnection: () => pool.acquire(),
      releaseConnection: async (connection) => pool.release(on(connection)),
      beginTransaction: (connection) => on(connection).execute(begin),
      commitTransaction: (connection) => on(connection).execute('commit'),
      rollbackTransaction: (connection) => rollback(on(connection)),
      destroy: () => pool.close(),
    }),
  };
}

/** SQLite has rolled back by itself after a full disk or an I/O error; then there is nothing left to do, and the first error counts. */
async function rollback(connection: SqliteConnection): Promise<void> {
  try {
    await connection.execute('rollback');
  } catch (error) {
    if (!(error instanceof GrandsireError) || !error.message.includes('no transaction is active')) throw error;
  }
}
