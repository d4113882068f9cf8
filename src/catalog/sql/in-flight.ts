import { bug } from '#src/base/errors';

/** Counts what is being done, so that closing can wait for it. A thread that is ended with a statement in flight would take the process with it. */
export class InFlight {
  #count = 0;
  #closed = false;
  #ended: (() => void) | undefined;

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw bug('the catalog was used after it was closed');
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#ended?.();
    }
  }

  /** Refuses what comes from now on, and resolves when the rest is done. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#ended = resolve));
  }
}
