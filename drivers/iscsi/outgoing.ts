/** What a connection needs of a socket. */
export interface Wire {
  /** `onSent`: the bytes have left, or never will. */
  write(bytes: Uint8Array, onSent: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
  destroySoon(): void;
}

/** A burst of what targets usually ask for, 256 KiB in segments of 8 KiB with their headers, fits. */
const usualBytes = 320 * 1024;
/** More are in use only while a target is slow. */
const keptBuffers = 4;

/** Memory in which PDUs are put together, and what became of it: used again when it was sent. */
export class Outgoing {
  readonly #wire: Wire;
  readonly #free: ArrayBufferLike[] = [];
  #waitingWrites = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Of what was there before; goes to `send`, or is dropped. */
  take(lengthBytes: number): Buffer {
    const kept = this.#free.pop();
    const memory = kept && kept.byteLength >= lengthBytes ? kept : newMemory(lengthBytes);
    return Buffer.from(memory, 0, lengthBytes);
  }

  /** Leaves at once, and belongs to nobody but this afterwards. */
  send(bytes: Buffer): void {
    this.#waitingWrites += 1;
    this.#wire.write(bytes, () => {
      this.#waitingWrites -= 1;
      if (this.#free.length < keptBuffers) this.#free.push(bytes.buffer);
    });
  }

  /** Pieces that the target has not taken yet: each holds a whole buffer. */
  get waitingWrites(): number {
    return this.#waitingWrites;
  }
}

const newMemory = (lengthBytes: number): ArrayBufferLike =>
  Buffer.allocUnsafeSlow(Math.max(usualBytes, lengthBytes)).buffer;
