import { createHash, type Hash, hash } from 'node:crypto';
import type { FileOperations } from '#src/archive/file-operations';
import type { PackBuilder } from '#src/archive/pack-builder';

/** So much is read and hashed at a time: it is still in the processor's cache when it is hashed. */
const sliceBytes = 512 * 1024;
const zeros = Buffer.alloc(sliceBytes);

/** Copies one file's content into packs, hashing it on the way. What cannot be read becomes zeros, so that the member keeps the size of its header. */
export class ContentReader {
  readonly #files: FileOperations;
  readonly #builder: PackBuilder;
  readonly #fd: number;
  #hash: Hash | undefined;
  #digest: string | undefined;
  /** Bytes that were missing at the end. */
  missingBytes = 0;
  /** The first failure of reading. */
  failure: unknown;

  constructor(files: FileOperations, builder: PackBuilder, fd: number) {
    this.#files = files;
    this.#builder = builder;
    this.#fd = fd;
  }

  /** The only region of a file: small ones are hashed at one go, which is cheaper. */
  copyWhole(length: number): void {
    const window = this.#builder.window(length);
    if (window.length < length || length > sliceBytes) {
      this.copy(0, length);
      return;
    }
    this.#fill(window, 0);
    this.#digest = hash('sha256', window, 'hex');
    this.#builder.advance(length);
  }

  copy(position: number, length: number): void {
    this.#hash ??= createHash('sha256');
    for (let done = 0; done < length; ) {
      const window = this.#builder.window(Math.min(sliceBytes, length - done));
      this.#fill(window, position + done);
      this.#hash.update(window);
      this.#builder.advance(window.length);
      done += window.length;
    }
  }

  /** Zeros that belong to the content, but are not stored. */
  skipHole(length: number): void {
    this.#hash ??= createHash('sha256');
    for (let left = length; left > 0; left -= sliceBytes) {
      this.#hash.update(left >= sliceBytes ? zeros : zeros.subarray(0, left));
    }
  }

  /** Hexadecimal: as text it costs less than a buffer for each file, and the index wants it so. */
  digest(): string {
    return this.#digest ?? (this.#hash ?? createHash('sha256')).digest('hex');
  }

  #fill(area: Buffer, position: number): void {
    let done = 0;
    while (done < area.length && this.failure === undefined) {
      try {
        const length = this.#files.read(this.#fd, done === 0 ? area : area.subarray(done), position + done);
        if (length <= 0) break;
        done += length;
      } catch (error) {
        this.failure = error;
      }
    }
    if (done < area.length) {
      area.fill(0, done);
      this.missingBytes += area.length - done;
    }
  }
}
