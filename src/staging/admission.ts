import { GrandsireError, interrupted } from '#src/base/errors';

interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
}

export interface AdmissionOptions {
  readonly sizeBytes: number;
  /** Somebody waits for this much room; whoever can, despools. Told again whenever a segment was staged or left and that was not enough. */
  readonly onShortage?: ((shortBytes: number) => void) | undefined;
}

/** Keeps account of the room in the staging area: who needs some waits until it is free, first come, first served. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #waiting: Waiting[] = [];
  #usedBytes = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What lies there already, whether it fits or not. */
  count(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Reserves room. Throws `staging.too-small` where it can never be had. */
  async enter(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (bytes > this.#options.sizeBytes) {
      throw new GrandsireError('staging.too-small', {
        message: `a segment of ${bytes} bytes does not fit into a staging area of ${this.#options.sizeBytes} bytes`,
        remedy: 'Set staging.size in grandsire.yaml to at least twice staging.segmentSize.',
      });
    }
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#usedBytes += bytes;
      return;
    }
    await this.#wait(bytes, signal);
  }

  /** Gives room back. */
  leave(bytes: number): void {
    this.#usedBytes -= bytes;
    for (let first = this.#waiting[0]; first && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#usedBytes += first.bytes;
      first.admit();
    }
    this.#tellShortage();
  }

  #tellShortage(): void {
    const first = this.#waiting[0];
    if (first) this.#options.onShortage?.(this.#usedBytes + first.bytes - this.#options.sizeBytes);
  }

  /** Nobody will make room any more: all who wait fail with this error. */
  refuseAll(error: GrandsireError): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(error);
  }

  #fits(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.#options.sizeBytes;
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = { bytes, admit: done(resolve), refuse: done(reject) };
      const onAbort = (): void => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(interrupted());
      };
      function done<T>(settle: (value: T) => void): (value: T) => void {
        return (value) => {
          signal?.removeEventListener('abort', onAbort);
          settle(value);
        };
      }
      if (signal?.aborted) {
        reject(interrupted());
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#tellShortage();
    });
  }
}
