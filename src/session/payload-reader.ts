import { on, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type ReadingJob, type ReadingMessage, ringPieces, stopped } from '#src/session/reading-job';
import {
  assertDigest,
  type ExpectedPayload,
  openFilePayload,
  openPayloadFile,
  type PayloadFile,
  type PayloadSource,
  unreadable,
} from '#src/session/tape-file-source';

/** Starting a thread takes some 40 ms, as long as reading and digesting so many bytes. */
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

  async *#pieces(
    worker: Worker,
    { fd, name, payloadBytes }: PayloadFile,
    { expected, pieceBytes }: { readonly expected: ExpectedPayload; readonly pieceBytes: number },
  ): AsyncGenerator<Buffer, void, void> {
    if (this.#failure !== undefined) throw this.#failure;
    const ring = new SharedArrayBuffer(ringPieces * pieceBytes);
    const taken = new Int32Array(new SharedArrayBuffer(4));
    const messages = on(worker, 'message', { close: ['exit'] }) as AsyncIterableIterator<[ReadingMessage]>;
    const job: ReadingJob = { fd, payloadBytes, pieceBytes, ring, taken };
    worker.postMessage(job);
    let isAtWork = true;
    try {
      for (let number = 0; ; number += 1) {
        const message = await nextMessage(messages);
        isAtWork = message.kind === 'piece';
        if (message.kind === 'failed') throw unreadable(name, message.why);
        if (message.kind === 'end') assertDigest(name, message.xxh64, expected);
        if (message.kind !== 'piece') return;
        yield Buffer.from(ring, (number % ringPieces) * pieceBytes, message.bytes);
        tell(taken, number + 1);
      }
    } finally {
      // The thread reads from a descriptor that the caller closes next, so it has to have left off by then.
      if (isAtWork) tell(taken, stopped);
      while (isAtWork) isAtWork = (await nextMessage(messages)).kind === 'piece';
      await messages.return?.();
    }
  }
}

/** Rejects where the thread failed; one that is gone is no longer at work. */
async function nextMessage(messages: AsyncIterableIterator<[ReadingMessage]>): Promise<ReadingMessage> {
  const next = await messages.next();
  return next.done ? { kind: 'stopped' } : next.value[0];
}

function tell(taken: Int32Array, pieces: number): void {
  Atomics.store(taken, 0, pieces);
  Atomics.notify(taken, 0);
}
