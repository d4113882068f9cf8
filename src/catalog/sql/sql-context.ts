import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely } from 'kysely';
import { bug } from '#src/base/errors';
import type { CatalogSchema } from '#src/catalog/sql/schema';

export type CatalogDatabase = Kysely<CatalogSchema>;

/** How repositories reach the database: the same code works by itself and inside a transaction. */
export interface SqlContext {
  /** One statement on the last commit; inside a transaction, on what it sees. */
  read<T>(work: (db: CatalogDatabase) => Promise<T>): Promise<T>;
  /** Several statements that must see one state. */
  snapshot<T>(work: (db: CatalogDatabase) => Promise<T>): Promise<T>;
  /** One transaction, durable when the promise resolves; inside a transaction, a part of it. */
  write<T>(work: (db: CatalogDatabase) => Promise<T>): Promise<T>;
  /** For work on a connection of its own: throws inside a transaction, where it would not see what was written. */
  assertOutside(): void;
}

interface TransactionMark {
  readonly gate: TransactionGate;
  open: boolean;
  /** Of another catalog, from inside whose transaction this one was begun. */
  readonly outer: TransactionMark | undefined;
}

/** One for all catalogs. While it is in use it costs every promise of the process something: it is switched off while no transaction is open. */
const transactions = new AsyncLocalStorage<TransactionMark>();
let openTransactions = 0;

/**
 * Tells whether the running code was called from inside a transaction. Without it a write through the outer repositories would wait for the
 * queue that its own transaction holds, for ever, and a read would silently see the state before it.
 */
export class TransactionGate {
  assertOutside(): void {
    for (let mark = transactions.getStore(); mark; mark = mark.outer) {
      if (mark.gate !== this || !mark.open) continue;
      throw bug(
        'the catalog was used from inside its own transaction; use the repositories that the transaction hands in',
      );
    }
  }

  async inside<T>(db: CatalogDatabase, work: (context: SqlContext) => Promise<T>): Promise<T> {
    const mark: TransactionMark = { gate: this, open: true, outer: transactions.getStore() };
    openTransactions += 1;
    try {
      return await transactions.run(mark, () => work(boundContext(db, mark)));
    } finally {
      mark.open = false;
      openTransactions -= 1;
      if (openTransactions === 0) transactions.disable();
    }
  }
}

function boundContext(db: CatalogDatabase, mark: { readonly open: boolean }): SqlContext {
  const use = async <T>(work: (db: CatalogDatabase) => Promise<T>): Promise<T> => {
    if (!mark.open) throw bug('repositories of a transaction were used after its end; await all that it does');
    return await work(db);
  };
  return {
    read: use,
    snapshot: use,
    write: use,
    assertOutside: () => {
      throw bug('this walks the catalog on a connection of its own and cannot be used inside a transaction');
    },
  };
}
