import { createRequire } from 'node:module';
import type * as Xxhash from '@node-rs/xxhash';

// A native add-on of CommonJS: required at first use, so that commands that never hash do not pay for loading it.
const require = createRequire(import.meta.url);
let loaded: typeof Xxhash | undefined;
const xxhash = (): typeof Xxhash => {
  loaded ??= require('@node-rs/xxhash') as typeof Xxhash;
  return loaded;
};

const formatXxh64 = (digest: bigint): string => digest.toString(16).padStart(16, '0');

/** XXH64 (seed 0) of the bytes: 16 lower-case hexadecimal digits. */
export const xxh64 = (bytes: Uint8Array): string => formatXxh64(xxhash().xxh64(bytes, 0n));

/** XXH64 (seed 0) of bytes that come in pieces. */
export class Xxh64Stream {
  readonly #state = new (xxhash().Xxh64)(0n);

  update(bytes: Uint8Array): void {
    this.#state.update(bytes);
  }

  /** Of everything so far: 16 lower-case hexadecimal digits. */
  digest(): string {
    return formatXxh64(this.#state.digest());
  }
}
