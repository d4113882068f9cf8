import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import sqlite3 from 'sqlite3';
import { asBuffer } from '#src/base/bytes';
import { bug } from '#src/base/errors';
import { sqliteFailure } from '#src/catalog/sql/sqlite/sqlite-errors';

type Parameter = string | number | Buffer | null;

/** Statements kept prepared a connection; lists of other lengths make new ones, so the oldest go. */
const preparedStatements = 64;

export interface ConnectionOptions {
  readonly path: string;
  readonly mode: 'create' | 'read-write' | 'read-only';
  /** Statements run once when it is open. */
  readonly setup: readonly string[];
}

/** One connection to a SQLite file: statements run one after another on a thread of the pool, prepared once. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: sqlite3.Database;
  readonly #path: string;
  readonly #statements = new Map<string, sqlite3.Statement>();

  private constructor(database: sqlite3.Database, path: string) {
    this.#database = database;
    this.#path = path;
  }

  static async open({ path, mode, setup }: ConnectionOptions): Promise<SqliteConnection> {
    const flags = {
      create: sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE,
      'read-write': sqlite3.OPEN_READWRITE,
      'read-only': sqlite3.OPEN_READONLY,
    }[mode];
    const database = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened = new sqlite3.Database(path, flags, (error) => {
        if (error) reject(sqliteFailure(error, path));
        else resolve(opened);
      });
    });
    const connection = new SqliteConnection(database, path);
    try {
      for (const statement of setup) await connection.execute(statement);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const changes =
      query.kind === 'InsertQueryNode' || query.kind === 'UpdateQueryNode' || query.kind === 'DeleteQueryNode';
    if (!changes || ('returning' in query && query.returning)) return { rows: await this.rows<R>(sql, parameters) };
    return { rows: [], numAffectedRows: BigInt(await this.run(sql, parameters)) };
  }

  // biome-ignore lint/correctness/useYield: part of Kysely's contract; pages are read instead, so that nothing is held between them.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw bug('the catalog reads page by page');
  }

  async rows<R>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    const statement = await this.#prepare(sql);
    const bound = parameters.map(toParameter);
    return await new Promise((resolve, reject) => {
      statement.all<R>(bound, (error, rows) => (error ? reject(sqliteFailure(error, this.#path)) : resolve(rows)));
    });
  }

  /** Returns how many rows it changed. */
  async run(sql: string, parameters: readonly unknown[] = []): Promise<number> {
    const statement = await this.#prepare(sql);
    const path = this.#path;
    const bound = parameters.map(toParameter);
    return await new Promise((resolve, reject) => {
      statement.run(bound, function (error) {
        if (error) reject(sqliteFailure(error, path));
        else resolve(this.changes);
      });
    });
  }

  /** Statements without parameters and results. */
  async execute(sql: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(sqliteFailure(error, this.#path)) : resolve()));
    });
  }

  /** Waits for the statement in flight. */
  async close(): Promise<void> {
    for (const statement of this.#statements.values()) await finalize(statement);
    this.#statements.clear();
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error ? reject(sqliteFailure(error, this.#path)) : resolve()));
    });
  }

  async #prepare(sql: string): Promise<sqlite3.Statement> {
    const known = this.#statements.get(sql);
    if (known) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = await new Promise<sqlite3.Statement>((resolve, reject) => {
      const prepared = this.#database.prepare(sql, (error) => {
        if (error) reject(sqliteFailure(error, this.#path));
        else resolve(prepared);
      });
    });
    this.#statements.set(sql, statement);
    const [oldest] = this.#statements;
    if (oldest && this.#statements.size > preparedStatements) {
      this.#statements.delete(oldest[0]);
      await finalize(oldest[1]);
    }
    return statement;
  }
}

const finalize = (statement: sqlite3.Statement): Promise<void> =>
  new Promise((resolve) => statement.finalize(() => resolve()));

/** `sqlite3` stores NULL for what it does not know (a bigint, undefined) without a word. */
function toParameter(value: unknown): Parameter {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw bug(`${value} is too large for the catalog`);
    return value;
  }
  if (value instanceof Uint8Array) return asBuffer(value);
  throw bug(`a value of type ${typeof value} was handed to the catalog`);
}
