import type { Wire } from '#drivers/iscsi/outgoing';
import { type Request, RequestReader } from '#test/drivers/iscsi/figures';

/** A socket without a network: requests are handed over whole, and nothing waits for a clock. */
export class MemoryWire implements Wire {
  readonly reader = new RequestReader();
  isDestroyed = false;
  readonly #onRequest: (request: Request) => void;
  readonly #unsent: (() => void)[] = [];

  constructor(onRequest: (request: Request) => void) {
    this.#onRequest = onRequest;
  }

  write(bytes: Uint8Array, onSent: () => void): void {
    this.#unsent.push(onSent);
    queueMicrotask(() => this.#sent());
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

  #sent(): void {
    for (const onSent of this.#unsent.splice(0)) onSent();
  }
}
