import { createRequire } from 'node:module';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type * as ZstdNapi from 'zstd-napi';

const require = createRequire(import.meta.url);

/** Node's own zstd (from 22.15 on), as far as it is used here. */
interface NodeZstd {
  createZstdCompress?(options?: { params?: Record<number, number> }): Transform;
  createZstdDecompress?(): Transform;
}

const own = zlib as unknown as NodeZstd;
const addOn = (): typeof ZstdNapi => require('zstd-napi') as typeof ZstdNapi;

/** One zstd frame (RFC 8878) of whatever is written, at level 3. */
export function createZstdCompressor(): Transform {
  return own.createZstdCompress?.() ?? new (addOn().CompressStream)();
}

/** The content of one or more zstd frames. Ends with an error where they are damaged or cut. */
export function createZstdDecompressor(): Transform {
  return own.createZstdDecompress?.() ?? new (addOn().DecompressStream)();
}
