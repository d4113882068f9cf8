import { closeSync, openSync, readSync } from 'node:fs';
import { GrandsireError } from '#src/base/errors';
import { Xxh64Stream } from '#src/base/xxh64';

/** The payload of a tape file that is to be written: read once, from the beginning to the end. */
export interface PayloadSource extends Disposable {
  /** For messages. */
  readonly name: string;
  readonly payloadBytes: number;
  /**
   * The bytes in order, in pieces of this length, the last as long as what is left; each is valid until the next is asked for. Where they are not the bytes
   * that they should be (XXH64), `staging.unreadable` is thrown in place of the end: what did not come to the end may not be committed.
   */
  pieces(pieceBytes: number): AsyncIterable<Buffer>;
}

/** What the bytes of a payload must be. */
export interface ExpectedPayload {
  readonly payloadBytes: number;
  /** 16 hexadecimal digits. */
  readonly payloadXxh64: string;
}

/** A file that holds a payload, open for reading. */
export interface PayloadFile extends Disposable {
  readonly name: string;
  readonly fd: number;
  readonly payloadBytes: number;
  /** Fills the buffer as far as there are bytes; returns how many. 0 only at the end. */
  read(buffer: Uint8Array): number;
}

/** Throws `staging.unreadable` where the file is not there; `read` does where it is too short. */
export function openPayloadFile(path: string, payloadBytes: number): PayloadFile {
  const fd = readStaged(path, () => openSync(path, 'r'));
  let offset = 0;
  return {
    name: path,
    fd,
    payloadBytes,
    read(buffer) {
      const wanted = Math.min(buffer.length, payloadBytes - offset);
      const filled = readStaged(path, () => readAt(fd, buffer.subarray(0, wanted), offset));
      offset += filled;
      if (filled < wanted) throw unreadable(path, endsEarly(offset, payloadBytes));
      return filled;
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/** A payload that lies in a file and is small (packed indexes): it is read by the thread that asks. Large ones are for a `PayloadReader`. */
export function openFilePayload(path: string, expected: ExpectedPayload): PayloadSource {
  const file = openPayloadFile(path, expected.payloadBytes);
  return {
    name: path,
    payloadBytes: expected.payloadBytes,
    async *pieces(pieceBytes) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, expected.payloadBytes));
      const hash = new Xxh64Stream();
      for (let got = file.read(buffer); got > 0; got = file.read(buffer)) {
        hash.update(buffer.subarray(0, got));
        yield buffer.subarray(0, got);
      }
      assertDigest(path, hash.digest(), expected);
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

export function memoryPayload(name: string, bytes: Uint8Array, payloadXxh64: string): PayloadSource {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    name,
    payloadBytes: whole.length,
    async *pieces(pieceBytes) {
      const hash = new Xxh64Stream();
      hash.update(whole);
      for (let at = 0; at < whole.length; at += pieceBytes) yield whole.subarray(at, at + pieceBytes);
      assertDigest(name, hash.digest(), { payloadXxh64 });
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** Fills the buffer from this place of the file; fewer bytes than it holds only where the file ends. */
export function readAt(fd: number, buffer: Uint8Array, offset: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const got = readSync(fd, buffer, filled, buffer.length - filled, offset + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}

export const endsEarly = (offset: number, payloadBytes: number): string =>
  `it ends at byte ${offset} of ${payloadBytes}`;

export function assertDigest(
  name: string,
  found: string,
  { payloadXxh64 }: Pick<ExpectedPayload, 'payloadXxh64'>,
): void {
  if (found === payloadXxh64) return;
  throw unreadable(name, `its XXH64 is ${found}, and should be ${payloadXxh64}`);
}

function readStaged(path: string, read: () => number): number {
  try {
    return read();
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
