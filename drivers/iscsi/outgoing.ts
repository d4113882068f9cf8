/** What a connection needs of a socket. */
export interface Wire {
  /** `onSent`: the bytes have left, or never will. */
  write(bytes: Uint8Array, onSent: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
  destroySoon(): void;
}

/** A burst of what targets usually ask for, 256 KiB in segments of 8 KiB with their headers, fits. */
const bufferBytes = 320 * 1024;
/** The target can begin with this while the rest is put together. */
const firstBytes = 64 * 1024;
/** More are in use only while a target is slow. */
const keptBuffers = 4;

/**
 * PDUs that follow each other leave in one piece: a target that takes 8 KiB at a time gets a block of 512 KiB in 64 PDUs, and as many writes
 * would cost more than copying them together. The memory of the caller is free again when `append` returns.
 */
export class Outgoing {
  readonly #wire: Wire;
  readonly #free: Buffer[] = [];
  #current: Buffer | undefined;
  #filledBytes = 0;
  /** How much of the current buffer is filled before it leaves. */
  #limitBytes = firstBytes;
  #waitingWrites = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      this.#current ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
      const count = Math.min(bytes.length - at, this.#limitBytes - this.#filledBytes);
      this.#current.set(count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#filledBytes);
      this.#filledBytes += count;
      at += count;
      if (this.#filledBytes === this.#limitBytes) {
        this.#write();
        this.#limitBytes = bufferBytes;
      }
    }
  }

  /** What was appended leaves now. */
  flush(): void {
    this.#write();
    this.#limitBytes = firstBytes;
  }

  #write(): void {
    const buffer = this.#current;
    if (!buffer) return;
    const bytes = buffer.subarray(0, this.#filledBytes);
    this.#current = undefined;
    this.#filledBytes = 0;
    this.#waitingWrites += 1;
    this.#wire.write(bytes, () => {
      this.#waitingWrites -= 1;
      if (this.#free.length < keptBuffers) this.#free.push(buffer);
    });
  }

  /** Pieces that the target has not taken yet: each holds a whole buffer. */
  get waitingWrites(): number {
    return this.#waitingWrites;
  }

  /** Nothing leaves any more. */
  drop(): void {
    this.#current = undefined;
    this.#filledBytes = 0;
  }
}
