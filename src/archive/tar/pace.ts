import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '#src/base/errors';

const turnBytes = 64 * 1024 * 1024;

/** What a member costs beside its data, in bytes: other things have their turn at least every thousand members. */
export const memberWorkBytes = turnBytes / 1000;

/** Told of work done, lets other things have their turn now and then (a signal among them), and throws when the signal has fired. */
export type Pace = (workBytes: number) => void | Promise<void>;

export function createPace(signal: AbortSignal | undefined): Pace {
  let doneBytes = 0;
  return (workBytes) => {
    throwIfAborted(signal);
    doneBytes += workBytes;
    if (doneBytes < turnBytes) return;
    doneBytes = 0;
    return setImmediate();
  };
}

const zeroArea = Buffer.alloc(256 * 1024);

/** A hole's bytes, piece by piece. */
export async function* zeroChunks(lengthBytes: number, pace: Pace): AsyncGenerator<Buffer> {
  for (let left = lengthBytes; left > 0; left -= zeroArea.length) {
    yield zeroArea.subarray(0, Math.min(left, zeroArea.length));
    await pace(zeroArea.length);
  }
}
