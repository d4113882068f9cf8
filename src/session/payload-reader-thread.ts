import { parentPort } from 'node:worker_threads';
import { publish } from '#src/archive/pipeline-memory';
import { bug } from '#src/base/errors';
import { Xxh64Stream } from '#src/base/xxh64';
import { jobWords, type ReadingEnd, type ReadingJob, ringPieces, stopped } from '#src/session/reading-job';
import { endsEarly, readAt } from '#src/session/tape-file-source';

/** Read at once: what is digested next is then still in the processor's nearest cache. */
const strideBytes = 256 * 1024;

/** Reads one payload into the ring, as far ahead of the writer as the ring allows, and digests it. */
function readPayload({ fd, payloadBytes, pieceBytes, ring, words }: ReadingJob): ReadingEnd {
  const hash = new Xxh64Stream();
  let offset = 0;
  for (let number = 0; offset < payloadBytes; number += 1) {
    if (!awaitRoom(words, number)) return { kind: 'stopped' };
    const length = Math.min(pieceBytes, payloadBytes - offset);
    const piece = Buffer.from(ring, (number % ringPieces) * pieceBytes, length);
    for (let at = 0; at < length; at += strideBytes) {
      const stride = piece.subarray(at, at + strideBytes);
      const filled = readAt(fd, stride, offset);
      offset += filled;
      if (filled < stride.length) return { kind: 'failed', why: endsEarly(offset, payloadBytes) };
      hash.update(stride);
    }
    publish(words, jobWords.given, number + 1);
  }
  return { kind: 'read', xxh64: hash.digest() };
}

/** False: nobody wants the rest. */
function awaitRoom(words: Int32Array, number: number): boolean {
  for (;;) {
    const taken = Atomics.load(words, jobWords.taken);
    if (taken === stopped) return false;
    if (number - taken < ringPieces) return true;
    Atomics.wait(words, jobWords.taken, taken);
  }
}

const port = parentPort;
if (!port) throw bug('the reader of payloads runs as a thread');
const send = (end: ReadingEnd): void => port.postMessage(end);
port.on('message', (job: ReadingJob | 'end') => {
  if (job === 'end') {
    port.close();
    return;
  }
  try {
    send(readPayload(job));
  } catch (error) {
    send({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  }
});
