import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Kysely, sql } from 'kysely';
import type { Clock } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { Catalog, Repositories } from '#src/catalog/catalog';
import { createActionRepository } from '#src/catalog/sql/action-repository';
import { createAllocationRepository } from '#src/catalog/sql/allocation-repository';
import { createCartridgeRepository } from '#src/catalog/sql/cartridge-repository';
import { createDataSetRepository } from '#src/catalog/sql/data-set-repository';
import { InFlight } from '#src/catalog/sql/in-flight';
import { createLeaseRepository } from '#src/catalog/sql/lease-repository';
import { createLibraryRepository } from '#src/catalog/sql/library-repository';
import type { CatalogSchema } from '#src/catalog/sql/schema';
import { type SqlContext, TransactionGate } from '#src/catalog/sql/sql-context';
import { backupTo } from '#src/catalog/sql/sqlite/backup';
import { checkCatalog, repairCatalog } from '#src/catalog/sql/sqlite/check';
import { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import { ConnectionPool } from '#src/catalog/sql/sqlite/connection-pool';
import { createSqliteDialect } from '#src/catalog/sql/sqlite/dialect';
import { createFileRepository } from '#src/catalog/sql/sqlite/file-repository';
import { assertLocalFileSystem } from '#src/catalog/sql/sqlite/local-file-system';
import { assertCurrent, assertNotForeign, migrate } from '#src/catalog/sql/sqlite/migrations';
import { sweepVersions } from '#src/catalog/sql/sqlite/version-writer';
import { createTapeFileRepository } from '#src/catalog/sql/tape-file-repository';
import { createVolumeRepository } from '#src/catalog/sql/volume-repository';

export interface SqliteCatalogOptions {
  /** `state/catalog.sqlite`; its folder exists. */
  readonly path: string;
  readonly clock: Clock;
  /** Writes nothing, not even the schema; the file must be there. */
  readonly readOnly?: boolean;
}

/** How long a statement waits for another process's transaction; bulk transactions end within 100 ms, so this is many of them. */
const busyTimeout = 'pragma busy_timeout = 30000';
const readers = 3;

/** Opens the catalog in one SQLite file, makes it where there is none, and brings its schema up to date. */
export async function openSqliteCatalog({ path, clock, readOnly = false }: SqliteCatalogOptions): Promise<Catalog> {
  await assertUsablePlace(path, readOnly);
  await prepareFile(path, clock, readOnly);
  const mode = readOnly ? 'read-only' : 'read-write';
  const writerSetup = [
    busyTimeout,
    'pragma synchronous = full',
    'pragma foreign_keys = on',
    'pragma temp_store = memory',
    // Versions come in nearly in the order of the table: a larger cache is not quicker (the system caches too), and adds to what a run takes.
    'pragma cache_size = -4096',
    // Four times the default: fewer synchronisations of the whole file while versions come in bulk.
    'pragma wal_autocheckpoint = 4000',
    'pragma journal_size_limit = 67108864',
    'create temp table batch_directories(position integer primary key, id integer not null)',
  ];
  const readerSetup = [busyTimeout, 'pragma query_only = on', 'pragma cache_size = -16384'];
  const writer = new Kysely<CatalogSchema>({
    dialect: createSqliteDialect(new ConnectionPool({ path, mode, setup: writerSetup }, 1), 'begin immediate'),
  });
  const reader = new Kysely<CatalogSchema>({
    dialect: createSqliteDialect(new ConnectionPool({ path, mode, setup: readerSetup }, readers), 'begin'),
  });
  const openScratch = () =>
    SqliteConnection.open({
      path,
      mode,
      setup: [busyTimeout, 'pragma temp_store = file', 'pragma cache_size = -16384'],
    });

  const gate = new TransactionGate();
  const inFlight = new InFlight();
  const context = outerContext({ writer, reader, gate, inFlight, path, readOnly });
  return {
    ...createRepositories(context, openScratch),
    transaction: (work) =>
      context.write((db) => gate.inside(db, (inner) => work(createRepositories(inner, openScratch)))),
    stats: () => context.snapshot((db) => readStats(db)),
    check: () => checkCatalog(context, clock),
    repair: (findings) => repairCatalog(context, clock, findings),
    async backupTo(target) {
      gate.assertOutside();
      await inFlight.run(() => backupTo(openScratch, target));
    },
    async [Symbol.asyncDispose]() {
      await inFlight.close();
      await writer.destroy();
      await reader.destroy();
    },
  };
}

function createRepositories(context: SqlContext, openScratch: () => Promise<SqliteConnection>): Repositories {
  return {
    cartridges: createCartridgeRepository(context),
    volumes: createVolumeRepository(context),
    tapeFiles: createTapeFileRepository(context),
    dataSets: createDataSetRepository(context, (dataSet) => sweepVersions(context, dataSet)),
    files: createFileRepository(context, openScratch),
    libraries: createLibraryRepository(context),
    leases: createLeaseRepository(context),
    allocations: createAllocationRepository(context),
    actions: createActionRepository(context),
  };
}

interface OuterOptions {
  readonly writer: Kysely<CatalogSchema>;
  readonly reader: Kysely<CatalogSchema>;
  readonly gate: TransactionGate;
  readonly inFlight: InFlight;
  readonly path: string;
  readonly readOnly: boolean;
}

function outerContext({ writer, reader, gate, inFlight, path, readOnly }: OuterOptions): SqlContext {
  return {
    async read(work) {
      gate.assertOutside();
      return await inFlight.run(() => work(reader));
    },
    async snapshot(work) {
      gate.assertOutside();
      return await inFlight.run(() => reader.transaction().execute(work));
    },
    async write(work) {
      gate.assertOutside();
      if (readOnly) {
        throw new GrandsireError('catalog.read-only', {
          message: `the catalog ${path} was opened for reading only`,
          remedy: 'Run a command that may write.',
        });
      }
      return await inFlight.run(() => writer.transaction().execute(work));
    },
    assertOutside: () => gate.assertOutside(),
  };
}

async function assertUsablePlace(path: string, readOnly: boolean): Promise<void> {
  const folder = dirname(path);
  const exists = (what: string) =>
    stat(what).then(
      () => true,
      () => false,
    );
  if (!(await exists(folder)) || (readOnly && !(await exists(path)))) {
    throw new GrandsireError('catalog.missing', {
      message: `there is no catalog ${path}`,
      remedy: "Name the right folder under 'state:' in grandsire.yaml, or begin a new installation: 'grandsire init'.",
      details: { path },
    });
  }
  await assertLocalFileSystem(folder);
}

/** On a connection of its own, so that nothing else sees a file that turns out not to be ours. */
async function prepareFile(path: string, clock: Clock, readOnly: boolean): Promise<void> {
  const mode = readOnly ? 'read-only' : 'create';
  const connection = await SqliteConnection.open({ path, mode, setup: [busyTimeout, 'pragma synchronous = full'] });
  try {
    if (readOnly) {
      await assertCurrent(connection, path);
      return;
    }
    await assertNotForeign(connection, path);
    const [journal] = await connection.rows<{ journal_mode: string }>('pragma journal_mode = wal');
    if (journal?.journal_mode !== 'wal') {
      throw new GrandsireError('catalog.unreachable', {
        message: `the catalog ${path} cannot have a write-ahead log: its file system lacks shared memory maps`,
        remedy: "Set 'state:' in grandsire.yaml to a folder on a local disk.",
        details: { path },
      });
    }
    await migrate(connection, path, clock);
  } finally {
    await connection.close();
  }
}

async function readStats(db: Kysely<CatalogSchema>): Promise<Awaited<ReturnType<Catalog['stats']>>> {
  const { rows } = await sql<Awaited<ReturnType<Catalog['stats']>>>`
    select
      (select count(*) from (select 1 from versions group by directory, name)) as files,
      (select count(*) from versions) as versions,
      (select count(*) from data_sets) as "dataSets",
      (select count(*) from cartridges) as cartridges,
      (select page_count from pragma_page_count) * (select page_size from pragma_page_size) as bytes`.execute(db);
  return rows[0] ?? { files: 0, versions: 0, dataSets: 0, cartridges: 0, bytes: 0 };
}
