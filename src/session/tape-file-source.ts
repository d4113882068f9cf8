import { closeSync, openSync, readSync } from 'node:fs';
import { GrandsireError } from '#src/base/errors';

/** The payload of a tape file that is to be written: read once, from the beginning to the end. */
export interface PayloadSource extends Disposable {
  /** For messages. */
  readonly name: string;
  readonly payloadBytes: number;
  /** XXH64 (16 hexadecimal digits) that the bytes must have; a source whose bytes differ must not be committed. */
  readonly payloadXxh64: string;
  /** Fills the buffer as far as there are bytes; returns how many. 0 only at the end. */
  read(buffer: Uint8Array): number;
}

/** A payload that lies in a file (staged segments, packed indexes). Throws `staging.unreadable` where the file is not there or too short. */
export function openFilePayload(
  path: string,
  expected: { readonly payloadBytes: number; readonly payloadXxh64: string },
): PayloadSource {
  const fd = open(path);
  let offset = 0;
  return {
    ...expected,
    name: path,
    read(buffer) {
      const wanted = Math.min(buffer.length, expected.payloadBytes - offset);
      let filled = 0;
      while (filled < wanted) {
        const got = readSync(fd, buffer, filled, wanted - filled, offset);
        if (got === 0) throw unreadable(path, `it ends at byte ${offset} of ${expected.payloadBytes}`);
        filled += got;
        offset += got;
      }
      return filled;
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

export function memoryPayload(name: string, bytes: Uint8Array, payloadXxh64: string): PayloadSource {
  let offset = 0;
  return {
    name,
    payloadBytes: bytes.length,
    payloadXxh64,
    read(buffer) {
      const piece = bytes.subarray(offset, offset + buffer.length);
      buffer.set(piece);
      offset += piece.length;
      return piece.length;
    },
    [Symbol.dispose]: () => undefined,
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

export const unreadable = (path: string, why: string, cause?: unknown): GrandsireError =>
  new GrandsireError('staging.unreadable', {
    message: `${path} cannot be read from staging: ${why}`,
    remedy: 'Run "grandsire catalog check"; then back the set up again, which reads the files anew.',
    cause,
  });
