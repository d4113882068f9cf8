import { parentPort } from 'node:worker_threads';
import { bug } from '#src/base/errors';
import { Xxh64Stream } from '#src/base/xxh64';
import { type ReadingJob, type ReadingMessage, ringPieces, stopped } from '#src/session/reading-job';
import { endsEarly, readAt } from '#src/session/tape-file-source';

/** Reads one payload into the ring, as far ahead of the writer as the ring allows, and digests it while the bytes are still in this processor's cache. */
function readPayload(job: ReadingJob, send: (message: ReadingMessage) => void): ReadingMessage {
  const { fd, payloadBytes, pieceBytes, ring, taken } = job;
  const hash = new Xxh64Stream();
  let offset = 0;
  for (let number = 0; offset < payloadBytes; number += 1) {
    if (!awaitRoom(taken, number)) return { kind: 'stopped' };
    const length = Math.min(pieceBytes, payloadBytes - offset);
    const piece = Buffer.from(ring, (number % ringPieces) * pieceBytes, length);
    const filled = readAt(fd, piece, offset);
    offset += filled;
    if (filled < length) return { kind: 'failed', why: endsEarly(offset, payloadBytes) };
    hash.update(piece);
    send({ kind: 'piece', bytes: length });
  }
  return { kind: 'end', xxh64: hash.digest() };
}

/** False: nobody wants the rest. */
function awaitRoom(taken: Int32Array, number: number): boolean {
  for (;;) {
    const now = Atomics.load(taken, 0);
    if (now === stopped) return false;
    if (number - now < ringPieces) return true;
    Atomics.wait(taken, 0, now);
  }
}

const port = parentPort;
if (!port) throw bug('the reader of payloads runs as a thread');
const send = (message: ReadingMessage): void => port.postMessage(message);
port.on('message', (job: ReadingJob | 'end') => {
  if (job === 'end') {
    port.close();
    return;
  }
  try {
    send(readPayload(job, send));
  } catch (error) {
    send({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  }
});
