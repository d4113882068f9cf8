import { bug } from '#src/base/errors';
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
  #lent = 0;
  #closing = false;
  #emptied: (() => void) | undefined;

  constructor(options: ConnectionOptions, size: number) {
    this.#options = options;
    this.#size = size;
  }

  async acquire(): Promise<SqliteConnection> {
    if (this.#closing) throw bug('the catalog was used after it was closed');
    this.#lent += 1;
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#open >= this.#size) return await new Promise((resolve) => this.#waiting.push(resolve));
    this.#open += 1;
    try {
      return await SqliteConnection.open(this.#options);
    } catch (error) {
      this.#open -= 1;
      this.#returned();
      throw error;
    }
  }

  release(connection: SqliteConnection): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
    this.#returned();
  }

  /** Waits until all that was asked for before is done, then closes. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#lent > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
    for (const connection of this.#idle.splice(0)) await connection.close();
  }

  #returned(): void {
    this.#lent -= 1;
    if (this.#lent === 0) this.#emptied?.();
  }
}
