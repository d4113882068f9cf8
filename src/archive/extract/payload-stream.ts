import { type StreamPlace, truncated } from '#src/archive/tar/damaged';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { asBuffer } from '#src/base/bytes';
import { bug } from '#src/base/errors';

interface CommonSource {
  /** Number of the segment in its data set. */
  readonly segment: number;
  /** Of the payload, as the catalog or the descriptor says; what comes beyond it is not read. */
  readonly payloadBytes: number;
}

/** A segment that can be read anywhere: a file in staging. */
export interface PositionedSource extends CommonSource {
  /** Fills `target` from an offset of the payload on; returns how many bytes came, 0 only at the end. */
  readInto(target: Buffer, offset: number): number | Promise<number>;
}

/** A segment that is read in order: a tape file. */
export interface SequentialSource extends CommonSource {
  /** Blocks from an offset of the payload on. Called again to go elsewhere, after the earlier one was ended. Buffers may be reused after the next step. */
  open(offset: number): AsyncIterable<Uint8Array>;
  /** From how many bytes on it is better to go there than to read through (default 64 MiB; what a drive reads while it locates). */
  readonly jumpBytes?: number;
}

export type PayloadSource = PositionedSource | SequentialSource;

const bufferBytes = 256 * 1024;
const defaultJumpBytes = 64 * 1024 * 1024;
const nothing = Buffer.alloc(0);

/**
 * The segments' payloads in the order given as one stream, which begins at the first. Only segments that something is read from are opened. Disposing ends the reading;
 * the sources' own resources stay their owner's.
 */
export function createPayloadStream(sources: readonly PayloadSource[]): PayloadStream {
  return new SegmentedStream(sources);
}

class SegmentedStream implements PayloadStream {
  readonly #sources: readonly PayloadSource[];
  /** Which of the sources, and the offset in it of the byte after `#chunk`. */
  #index = 0;
  #next = 0;
  /** Bytes read and not yet passed on: from `#at` to the end of `#chunk`. */
  #chunk: Buffer = nothing;
  #at = 0;
  /** Of a sequential source that is being read. */
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #buffer: Buffer | undefined;
  #gathered = Buffer.alloc(0);

  constructor(sources: readonly PayloadSource[]) {
    if (sources.length === 0) throw bug('a stream of no segments');
    this.#sources = sources;
  }

  get place(): StreamPlace {
    const offset = this.#next - (this.#chunk.length - this.#at);
    const source = this.#sources[this.#index] as PayloadSource;
    const following = this.#sources[this.#index + 1];
    if (offset < source.payloadBytes || following === undefined) return { segment: source.segment, offset };
    return { segment: following.segment, offset: 0 };
  }

  read(lengthBytes: number): Buffer | Promise<Buffer> {
    const from = this.#at;
    if (lengthBytes > this.#chunk.length - from) return this.#gather(lengthBytes);
    this.#at = from + lengthBytes;
    return this.#chunk.subarray(from, this.#at);
  }

  readSome(maximumBytes: number): Buffer | Promise<Buffer> {
    const from = this.#at;
    if (from === this.#chunk.length) return this.#readSomeMore(maximumBytes);
    this.#at = Math.min(from + maximumBytes, this.#chunk.length);
    return this.#chunk.subarray(from, this.#at);
  }

  skip(lengthBytes: number): void | Promise<void> {
    if (lengthBytes > this.#chunk.length - this.#at) return this.#skipFurther(lengthBytes);
    this.#at += lengthBytes;
  }

  seek(place: StreamPlace): void | Promise<void> {
    const index = this.#sources.findIndex((source) => source.segment === place.segment);
    if (index < 0) throw bug(`segment ${place.segment} is not in this stream`);
    if (place.offset > (this.#sources[index] as PayloadSource).payloadBytes)
      throw truncated(place, 'this is behind its end');
    const ahead = place.offset - this.#next;
    if (index === this.#index && ahead <= 0 && -ahead <= this.#chunk.length) {
      this.#at = this.#chunk.length + ahead;
      return;
    }
    return this.#goTo(index, place.offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
    await this.#endReading();
  }

  async #gather(lengthBytes: number): Promise<Buffer> {
    const start = this.place;
    if (this.#gathered.length < lengthBytes) this.#gathered = Buffer.alloc(Math.max(lengthBytes, 4096));
    let length = 0;
    while (length < lengthBytes) {
      if (this.#at === this.#chunk.length && !(await this.#fill())) throw tooShort(start, lengthBytes);
      const taken = Math.min(lengthBytes - length, this.#chunk.length - this.#at);
      this.#chunk.copy(this.#gathered, length, this.#at, this.#at + taken);
      this.#at += taken;
      length += taken;
    }
    return this.#gathered.subarray(0, lengthBytes);
  }

  async #readSomeMore(maximumBytes: number): Promise<Buffer> {
    return (await this.#fill()) ? this.readSome(maximumBytes) : nothing;
  }

  async #skipFurther(lengthBytes: number): Promise<void> {
    const start = this.place;
    let index = this.#index;
    let offset = this.#next - (this.#chunk.length - this.#at) + lengthBytes;
    for (;;) {
      const source = this.#sources[index];
      if (source === undefined) throw tooShort(start, lengthBytes);
      if (offset < source.payloadBytes || (offset === source.payloadBytes && index === this.#sources.length - 1)) break;
      offset -= source.payloadBytes;
      index += 1;
    }
    await this.#goTo(index, offset);
  }

  async #goTo(index: number, offset: number): Promise<void> {
    const ahead = offset - this.#next;
    this.#drop();
    const source = this.#sources[index] as PayloadSource;
    const readsThrough = index === this.#index && this.#iterator !== undefined && ahead >= 0;
    if (readsThrough && ahead < (('open' in source && source.jumpBytes) || defaultJumpBytes)) {
      await this.#readThrough(offset);
      return;
    }
    await this.#endReading();
    this.#index = index;
    this.#next = offset;
  }

  async #readThrough(offset: number): Promise<void> {
    while (this.#next < offset) {
      if (!(await this.#fill())) return;
    }
    this.#at = this.#chunk.length - (this.#next - offset);
  }

  #drop(): void {
    this.#chunk = nothing;
    this.#at = 0;
  }

  async #endReading(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    await iterator?.return?.();
  }

  /** Reads the next chunk, from the next segment where one is used up; false at the end of the last. */
  async #fill(): Promise<boolean> {
    this.#drop();
    for (;;) {
      const source = this.#sources[this.#index] as PayloadSource;
      if (this.#next < source.payloadBytes) break;
      if (this.#index === this.#sources.length - 1) return false;
      await this.#endReading();
      this.#index += 1;
      this.#next = 0;
    }
    const source = this.#sources[this.#index] as PayloadSource;
    const chunk = 'open' in source ? await this.#step(source) : await this.#readPositioned(source);
    if (chunk === undefined || chunk.length === 0) {
      const what = `its payload ends here, and should have ${source.payloadBytes} bytes`;
      throw truncated({ segment: source.segment, offset: this.#next }, what);
    }
    this.#chunk = chunk.subarray(0, source.payloadBytes - this.#next);
    this.#next += this.#chunk.length;
    return true;
  }

  async #step(source: SequentialSource): Promise<Buffer | undefined> {
    this.#iterator ??= source.open(this.#next)[Symbol.asyncIterator]();
    for (;;) {
      const step = await this.#iterator.next();
      if (step.done) return undefined;
      if (step.value.length > 0) return asBuffer(step.value);
    }
  }

  async #readPositioned(source: PositionedSource): Promise<Buffer> {
    this.#buffer ??= Buffer.alloc(bufferBytes);
    const length = await source.readInto(this.#buffer, this.#next);
    return this.#buffer.subarray(0, length);
  }
}

const tooShort = (start: StreamPlace, lengthBytes: number): Error =>
  truncated(start, `the data set ends within the ${lengthBytes} bytes that follow`);
