import type { Deletion } from '#src/archive/thread-messages';
import type { SegmentFacts } from '#src/catalog/data-sets';

/** A segment whose bytes are all written, as the catalog takes it. */
export type FinishedSegment = Omit<SegmentFacts, 'dataSet'>;

/**
 * Where segments go. Law:
 * - `begin(n)` for n = 1, 2, …, each once; it may wait for room. Then bytes are written to the descriptor it gave, by another thread and without gaps;
 *   `diskFull(n)` when the disk has no room for them: it returns when there may be room again, or throws.
 * - `index(n, lines)` between `begin(n)` and `finish(n)`, in order.
 * - `finish(n)` in order, each after `begin(n)`, possibly while segment n + 1 is being written: makes it durable, then known as staged. It closes the descriptor.
 * - `stop()` when the run has failed: whatever waits for room throws `command.interrupted`, and nothing waits from then on.
 * - `abandon()` at the end of a run that failed: forgets what was begun and not finished.
 */
export interface SegmentSink {
  /** A file descriptor, open for writing. */
  begin(number: number): Promise<number>;
  diskFull(number: number): Promise<void>;
  /** JSON lines of the files whose content ends in the segment, as UTF-8. */
  index(number: number, lines: Uint8Array): Promise<void>;
  finish(segment: FinishedSegment): Promise<void>;
  /** Names that are gone; kept until the run is complete. */
  addDeletions(deletions: readonly Deletion[]): Promise<void>;
  /** What `addDeletions` was given, a page at a time. */
  deletions(): AsyncIterable<readonly Deletion[]>;
  stop(): void;
  abandon(): Promise<void>;
}
