/** Pieces that the reader of payloads may be ahead of the writer. */
export const ringPieces = 4;

/** Words that both sides share; all are read and written with `Atomics`. */
export const jobWords = {
  /** Pieces that the thread has put into the ring. */
  given: 0,
  /** Pieces that the writer has done with, or `stopped`. */
  taken: 1,
} as const;

/** In the word of pieces taken: the rest is not wanted. */
export const stopped = -1;

/** A payload that the reading thread is to read. */
export interface ReadingJob {
  /** File descriptors are the process's, so the thread needs no name; it stays open until the thread has said how the job ended. */
  readonly fd: number;
  readonly payloadBytes: number;
  readonly pieceBytes: number;
  /** Room for `ringPieces`; piece n lies at n modulo that. */
  readonly ring: SharedArrayBuffer;
  readonly words: Int32Array;
}

/** How a job ended: the one message of it. */
export type ReadingEnd =
  | { readonly kind: 'read'; readonly xxh64: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'stopped' };
