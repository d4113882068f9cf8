import { writeSync } from 'node:fs';
import {
  controlWords,
  extentRing,
  extentWords,
  finishedBit,
  type PipelineMemory,
  publish,
  waitWhile,
} from '#src/archive/pipeline-memory';
import type { WriterData, WriterMessage } from '#src/archive/thread-messages';
import { areaIsFree } from '#src/archive/thread-outlet';
import { runThread } from '#src/archive/thread-start';
import { Xxh64Stream } from '#src/base/xxh64';

interface OpenSegment {
  readonly number: number;
  readonly fd: number;
  readonly digest: Xxh64Stream;
  payloadBytes: number;
}

/** The thread that writes packs into segments in the order of the stream, and computes their XXH64. */
class SegmentWriter {
  readonly #memory: PipelineMemory;
  readonly #buffers: readonly Buffer[];
  readonly #send: (message: WriterMessage) => void;
  #open: OpenSegment | undefined;

  constructor(memory: PipelineMemory, send: (message: WriterMessage) => void) {
    this.#memory = memory;
    this.#buffers = memory.buffers.map((shared) => Buffer.from(shared));
    this.#send = send;
  }

  run(): void {
    const { control, extents, bufferStates } = this.#memory;
    for (let written = 0; ; written += 1) {
      const given = Atomics.load(control, controlWords.extentsGiven);
      if (given === written) waitWhile(this.#memory, control, controlWords.extentsGiven, written);
      if (Atomics.load(control, controlWords.extentsGiven) === (written | finishedBit)) break;
      const at = (written % extentRing) * extentWords;
      const [buffer = 0, start = 0, length = 0, segment = 0, after = 0] = extents.subarray(at, at + extentWords);
      this.#write(segment, (this.#buffers[buffer] as Buffer).subarray(start, start + length));
      if (after === areaIsFree) publish(bufferStates, buffer, 0);
      publish(control, controlWords.extentsWritten, written + 1);
    }
    this.#close();
  }

  #write(segment: number, bytes: Buffer): void {
    if (this.#open?.number !== segment) {
      this.#close();
      this.#send({ kind: 'open', segment });
      this.#open = { number: segment, fd: this.#answer() - 1, digest: new Xxh64Stream(), payloadBytes: 0 };
    }
    const open = this.#open;
    open.digest.update(bytes);
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(open.fd, bytes, done, bytes.length - done, open.payloadBytes + done);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
        // The same bytes go to the same place again once there is room, so that nothing is torn.
        this.#send({ kind: 'disk-full', segment });
        this.#answer();
      }
    }
    open.payloadBytes += bytes.length;
  }

  #close(): void {
    if (!this.#open) return;
    const { number, payloadBytes, digest } = this.#open;
    this.#send({ kind: 'close', segment: number, payloadBytes, xxh64: digest.digest() });
    this.#open = undefined;
  }

  #answer(): number {
    const { control } = this.#memory;
    const answer = waitWhile(this.#memory, control, controlWords.writerAnswer, 0);
    Atomics.store(control, controlWords.writerAnswer, 0);
    return answer;
  }
}

await runThread<WriterData>(({ memory }, port) =>
  new SegmentWriter(memory, (message) => port.postMessage(message)).run(),
);
