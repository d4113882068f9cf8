import type { StreamPlace } from '#src/archive/tar/damaged';

/**
 * The payloads of a data set's segments, one after the other, read once from some place on. Buffers are views that hold until the next call. What has already been
 * read ahead comes without a promise: `await` both.
 */
export interface PayloadStream extends AsyncDisposable {
  /** Of the next byte. Behind the last byte of a segment it is the first of the next one, where there is one. */
  readonly place: StreamPlace;
  /** Exactly so many bytes; `archive.truncated` where there are fewer. For headers: all are in memory at once. */
  read(lengthBytes: number): Buffer | Promise<Buffer>;
  /** At least one and at most so many; none only at the end of the stream. */
  readSome(maximumBytes: number): Buffer | Promise<Buffer>;
  /** Passes over so many bytes, which are not read where the source can seek; `archive.truncated` where there are fewer. */
  skip(lengthBytes: number): void | Promise<void>;
  /** Goes to a place, forwards or backwards. */
  seek(place: StreamPlace): void | Promise<void>;
}
