import type { Clock } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import { schema1 } from '#src/catalog/sql/sqlite/schema-1';
import { schema2 } from '#src/catalog/sql/sqlite/schema-2';

/** `GRSC`: what `file` and our own check tell a catalog from any other database by. */
const applicationId = 0x47525343;

/** Statements that lead from version n (index) to n + 1. Never changed once released: what follows is appended. */
const migrations: readonly string[] = [schema1, schema2];

const schemaVersion = migrations.length;

/** Brings an existing catalog, or an empty file, to this program's schema; refuses what is not ours or newer than the program. */
export async function migrate(connection: SqliteConnection, path: string, clock: Clock): Promise<void> {
  if ((await readVersion(connection, path)) === schemaVersion) return;
  await connection.execute('begin immediate');
  try {
    // Read again under the lock: another process may have come first.
    for (let version = await readVersion(connection, path); version < schemaVersion; version += 1) {
      await connection.execute(migrations[version] ?? '');
      await connection.run('insert into schema_versions(version, applied_at) values (?, ?)', [
        version + 1,
        clock.now(),
      ]);
      await connection.execute(`pragma user_version = ${version + 1}; pragma application_id = ${applicationId}`);
    }
    await connection.execute('commit');
  } catch (error) {
    await connection.execute('rollback');
    throw error;
  }
}

/** Before anything is changed in a file that is there. */
export async function assertNotForeign(connection: SqliteConnection, path: string): Promise<void> {
  await readVersion(connection, path);
}

/** For those who only read: a catalog of an older schema is not theirs to change. */
export async function assertCurrent(connection: SqliteConnection, path: string): Promise<void> {
  const version = await readVersion(connection, path);
  if (version === schemaVersion) return;
  throw new GrandsireError('catalog.older-schema', {
    message: `the catalog ${path} has schema version ${version}, this program reads version ${schemaVersion}`,
    remedy: "Run a command that may write once, and it is brought up to date: 'grandsire library inventory'.",
    details: { path, version },
  });
}

async function readVersion(connection: SqliteConnection, path: string): Promise<number> {
  const [row] = await connection.rows<{ id: number; version: number; tables: number }>(
    `select (select application_id from pragma_application_id) as id, (select user_version from pragma_user_version) as version,
       (select count(*) from sqlite_schema) as tables`,
  );
  const { id, version, tables } = row ?? { id: 0, version: 0, tables: 0 };
  if (id !== applicationId && (tables > 0 || id !== 0)) {
    throw new GrandsireError('catalog.foreign', {
      message: `${path} is a database of another program, not a catalog`,
      remedy: `Name another folder under 'state:' in grandsire.yaml, or move the file away: 'mv ${path} ${path}.other'.`,
      details: { path },
    });
  }
  if (version > schemaVersion) {
    throw new GrandsireError('catalog.newer-schema', {
      message: `the catalog ${path} has schema version ${version}; this program knows versions up to ${schemaVersion}`,
      remedy: "Use the newer program that wrote it ('grandsire --version' tells which one this is).",
      details: { path, version },
    });
  }
  return version;
}
