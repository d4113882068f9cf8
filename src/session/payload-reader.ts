import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { publish } from '#src/archive/pipeline-memory';
import { jobWords, type ReadingEnd, type ReadingJob, ringPieces, stopped } from '#src/session/reading-job';
import {
  assertDigest,
  type ExpectedPayload,
  openFilePayload,
  openPayloadFile,
  type PayloadFile,
  type PayloadSource,
  unreadable,
} from '#src/session/tape-file-source';

/** A thread costs some 40 ms of a processor; reading and digesting less than this ahead does not win them back. */
const leastBytes = 64 * 2 ** 20;

/** It makes next to no garbage. */
const heapLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

/**
 * Reads payloads ahead of the writer on a thread of its own: while one piece goes to the drive the next are read and digested. One payload at a time.
 * Small payloads are read where they are asked for; no thread is started for them.
 */
export class PayloadReader implements AsyncDisposable {
  #worker: Worker | undefined;
  #failure: unknown;
  #ring: SharedArrayBuffer | undefined;

  /** A payload of this length will be opened: the thread, if it needs one, starts while other things are done. */
  expect(payloadBytes: number): void {
    if (payloadBytes < leastBytes || this.#worker) return;
    this.#worker = new Worker(new URL('./payload-reader-thread.js', import.meta.url), { resourceLimits: heapLimits });
    this.#worker.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** Throws `staging.unreadable` where the file is not there. */
  open(path: string, expected: ExpectedPayload): PayloadSource {
    this.expect(expected.payloadBytes);
    const worker = this.#worker;
    if (!worker || expected.payloadBytes < leastBytes) return openFilePayload(path, expected);
    const file = openPayloadFile(path, expected.payloadBytes);
    return {
      name: path,
      payloadBytes: expected.payloadBytes,
      pieces: (pieceBytes) => this.#pieces(worker, file, { expected, pieceBytes }),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    if (!worker || this.#failure !== undefined) return;
    const exit = once(worker, 'exit');
    worker.postMessage('end');
    await exit;
  }

  /** The same for all payloads: fresh memory costs more than reading into it. */
  #ringOf(bytes: number): SharedArrayBuffer {
    if (this.#ring?.byteLength !== bytes) this.#ring = new SharedArrayBuffer(bytes);
    return this.#ring;
  }

  async *#pieces(
    worker: Worker,
    { fd, name, payloadBytes }: PayloadFile,
    { expected, pieceBytes }: { readonly expected: ExpectedPayload; readonly pieceBytes: number },
  ): AsyncGenerator<Buffer, void, void> {
    if (this.#failure !== undefined) throw this.#failure;
    const ring = this.#ringOf(ringPieces * pieceBytes);
    const words = new Int32Array(new SharedArrayBuffer(8));
    // Rejects where the thread itself fails; that is heard where the next piece is waited for.
    const ended = once(worker, 'message') as Promise<[ReadingEnd]>;
    ended.catch(() => undefined);
    const job: ReadingJob = { fd, payloadBytes, pieceBytes, ring, words };
    worker.postMessage(job);
    try {
      for (let number = 0; await isGiven(words, number, ended); number += 1) {
        const length = Math.min(pieceBytes, payloadBytes - number * pieceBytes);
        yield Buffer.from(ring, (number % ringPieces) * pieceBytes, length);
        publish(words, jobWords.taken, number + 1);
      }
      const [end] = await ended;
      if (end.kind === 'failed') throw unreadable(name, end.why);
      if (end.kind === 'read') assertDigest(name, end.xxh64, expected);
    } finally {
      // The thread reads from a descriptor that the caller closes next, so it has to have left off by then.
      publish(words, jobWords.taken, stopped);
      await Promise.allSettled([ended]);
    }
  }
}

/** Waits until the piece is in the ring; false where the job ended without it. */
async function isGiven(words: Int32Array, number: number, ended: Promise<unknown>): Promise<boolean> {
  for (;;) {
    const given = Atomics.load(words, jobWords.given);
    if (given > number) return true;
    const more = Atomics.waitAsync(words, jobWords.given, given);
    const hasEnded = await Promise.race([more.value, ended.then(() => true)]);
    if (hasEnded === true) return Atomics.load(words, jobWords.given) > number;
  }
}
