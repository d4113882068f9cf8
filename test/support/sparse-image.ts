import { closeSync, openSync, writeSync } from 'node:fs';

const wordBytes = 4;

/**
 * Writes a SIMH image, by the description of the format and with nothing of the program's. Blocks whose content does not matter
 * are holes in the file: they read as zeros, and gigabytes of them take next to no room.
 */
export class SparseImage implements Disposable {
  readonly #fd: number;
  #endBytes = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
  }

  /** Where the next object begins. */
  get endBytes(): number {
    return this.#endBytes;
  }

  block(bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.length, this.#endBytes + wordBytes);
    this.zeros(1, bytes.length);
  }

  zeros(count: number, lengthBytes: number): void {
    const spanBytes = 2 * wordBytes + lengthBytes + (lengthBytes % 2);
    for (let left = count; left > 0; left -= 1) {
      this.#word(lengthBytes, this.#endBytes);
      this.#endBytes += spanBytes;
      this.#word(lengthBytes, this.#endBytes - wordBytes);
    }
  }

  filemark(): void {
    this.#word(0, this.#endBytes);
    this.#endBytes += wordBytes;
  }

  #word(value: number, offset: number): void {
    const word = Buffer.alloc(wordBytes);
    word.writeUInt32LE(value);
    writeSync(this.#fd, word, 0, wordBytes, offset);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
