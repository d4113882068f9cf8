import type { Wire } from '#drivers/iscsi/connection';
import { type Request, RequestReader } from '#test/drivers/iscsi/figures';

/** A socket without a network: requests are handed over whole, and nothing waits for a clock. */
export class MemoryWire implements Wire {
  readonly reader = new RequestReader();
  isDestroyed = false;
  /** While set, what is written stays in the memory of its owner, as when the peer does not read. */
  isStuck = false;
  readonly #onRequest: (request: Request) => void;
  readonly #unsent: (() => void)[] = [];

  constructor(onRequest: (request: Request) => void) {
    this.#onRequest = onRequest;
  }

  cork(): void {
    // Requests are handed over when they are whole.
  }

  uncork(): void {
    // As above.
  }

  write(bytes: Uint8Array, onSent?: () => void): void {
    if (onSent) {
      this.#unsent.push(onSent);
      if (!this.isStuck || this.isDestroyed) queueMicrotask(() => this.#sent());
    }
    if (this.isDestroyed) return;
    for (let request = this.reader.take(bytes); request; request = this.reader.take()) this.#onRequest(request);
  }

  end(): void {
    this.destroy();
  }

  destroySoon(): void {
    this.destroy();
  }

  /** As a socket does: every write that was waiting is given up. */
  destroy(): void {
    this.isDestroyed = true;
    queueMicrotask(() => this.#sent());
  }

  /** The peer reads again. */
  release(): void {
    this.isStuck = false;
    this.#sent();
  }

  #sent(): void {
    for (const onSent of this.#unsent.splice(0)) onSent();
  }
}
