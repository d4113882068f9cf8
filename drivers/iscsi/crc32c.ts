import { createRequire } from 'node:module';
import type * as Crc32 from '@node-rs/crc32';

// A native add-on of CommonJS: required at first use, because most targets are used without digests.
const require = createRequire(import.meta.url);
let loaded: typeof Crc32 | undefined;

/** Digests of headers and data: CRC-32C (RFC 7143 13.1, RFC 3385), of bytes that come in pieces. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  loaded ??= require('@node-rs/crc32') as typeof Crc32;
  return loaded.crc32c(bytes, previous);
}

/** The digest of the bytes from `start` up to `at`, put there: in the order in which the polynomial's remainder leaves the shift register. */
export function putDigest(memory: Buffer, start: number, at: number): void {
  memory.writeUInt32LE(crc32c(memory.subarray(start, at)) >>> 0, at);
}
