import { type ConnectionOptions, SqliteConnection } from '#src/catalog/sql/sqlite/connection';

/**
 * Up to `size` connections, lent in the order of asking. With one it is the queue of the writer: whoever holds the connection has it until the end of
 * the transaction, so that no other task's statement can fall into it (and be lost in its ROLLBACK).
 */
export class ConnectionPool {
  readonly #options: ConnectionOptions;
  readonly #size: number;
  readonly #idle: SqliteConnection[] = [];
  readonly #waiting: ((connection: SqliteConnection) => void)[] = [];
  #open = 0;

  constructor(options: ConnectionOptions, size: number) {
    this.#options = options;
    this.#size = size;
  }

  async acquire(): Promise<SqliteConnection> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#open >= this.#size) return await new Promise((resolve) => this.#waiting.push(resolve));
    this.#open += 1;
    try {
      return await SqliteConnection.open(this.#options);
    } catch (error) {
      this.#open -= 1;
      throw error;
    }
  }

  release(connection: SqliteConnection): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
  }

  /** Called when nobody has a connection any more. */
  async close(): Promise<void> {
    for (const connection of this.#idle.splice(0)) await connection.close();
  }
}
