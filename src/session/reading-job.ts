/** Pieces that the reader of payloads may be ahead of the writer. */
export const ringPieces = 4;

/** In the word of pieces taken: the rest is not wanted. */
export const stopped = -1;

/** A payload that the reading thread is to read. */
export interface ReadingJob {
  /** File descriptors are the process's, so the thread needs no name; it stays open until the job's last message. */
  readonly fd: number;
  readonly payloadBytes: number;
  readonly pieceBytes: number;
  /** Room for `ringPieces`; piece n lies at n modulo that. */
  readonly ring: SharedArrayBuffer;
  /** One word: how many pieces the writer has done with, or `stopped`. */
  readonly taken: Int32Array;
}

/** `piece`: the next one is in the ring. Every other is the last of its job. */
export type ReadingMessage =
  | { readonly kind: 'piece'; readonly bytes: number }
  | { readonly kind: 'end'; readonly xxh64: string }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'stopped' };
