import { interrupted } from '#src/base/errors';

/** Words of the memory that all threads of one archiving share; all are read and written with `Atomics`. */
export const controlWords = {
  /** 1 from the moment when everybody is to stop. */
  aborted: 0,
  /** Tasks that the walker has put into the queue, and a bit that says that it has finished. */
  tasksProduced: 1,
  /** Tasks that fillers have claimed, by numbers from 0. */
  tasksClaimed: 2,
  /** Number of the task whose packs take their places now. */
  turn: 3,
  /** Extents given to the writer, with a bit that says that there will be no more; and written by it. */
  extentsGiven: 4,
  extentsWritten: 5,
  /** What the main thread answers the writer: 0 nothing yet, else a file descriptor + 1. */
  writerAnswer: 6,
  /** Counts the answers that the walker has got. */
  walkerAnswers: 7,
  /** Reports that the main thread has dealt with: fillers do not run far ahead of the catalog. */
  reportsDone: 8,
} as const;

/** Values that outgrow 32 bits; touched only by the thread whose turn it is. */
export const placementWords = {
  segment: 0,
  usedBytes: 1,
  /** Offset of the first header in the segment, −1 while there is none. */
  firstHeader: 2,
  /** Reports sent. */
  reports: 3,
} as const;

export const packBytes = 4 * 1024 * 1024;
export const buffersPerFiller = 4;
const extentRingEntries = 1024;
/** Buffer, start, length, segment, and whether the buffer is free afterwards. */
export const extentWords = 5;
export const taskSlots = 16;
export const taskSlotBytes = 64 * 1024;
/** Reports that may wait for the main thread. */
export const reportsAhead = 24;

export interface PipelineMemory {
  readonly control: Int32Array;
  readonly placement: Float64Array;
  readonly extents: Int32Array;
  /** For each buffer 1 while it belongs to the writer. */
  readonly bufferStates: Int32Array;
  readonly buffers: readonly SharedArrayBuffer[];
  /** For each slot of the queue of tasks: number of the task in it + 1; 0 while it is free. */
  readonly slotStates: Int32Array;
  readonly slots: SharedArrayBuffer;
  readonly segmentBytes: number;
}

export function createPipelineMemory(fillers: number, segmentBytes: number): PipelineMemory {
  const buffers = fillers * buffersPerFiller;
  const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
  const placement = new Float64Array(new SharedArrayBuffer(8 * 8));
  placement[placementWords.segment] = 1;
  placement[placementWords.firstHeader] = -1;
  return {
    control: words(16),
    placement,
    extents: words(extentRingEntries * extentWords),
    bufferStates: words(buffers),
    buffers: Array.from({ length: buffers }, () => new SharedArrayBuffer(packBytes)),
    slotStates: words(taskSlots),
    slots: new SharedArrayBuffer(taskSlots * taskSlotBytes),
    segmentBytes,
  };
}

export const extentRing = extentRingEntries;

/** A wake-up that falls between the look and the wait is lost when everybody is told to stop; only then does this time matter. */
const lostWakeUp = 200;

/** Waits until the word has another value than `value`, and returns it. Throws when everybody is to stop. */
export function waitWhile(memory: PipelineMemory, words: Int32Array, index: number, value: number): number {
  for (;;) {
    const now = Atomics.load(words, index);
    throwIfStopped(memory);
    if (now !== value) return now;
    Atomics.wait(words, index, value, lostWakeUp);
  }
}

export function publish(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
  Atomics.notify(words, index);
}

/** In a word that counts what somebody hands on: there will be no more. In the same word, so that nobody can miss it between looking and waiting. */
export const finishedBit = 0x4000_0000;

/** The writer ends when it has written what it was given. */
export function endStream(control: Int32Array): void {
  Atomics.or(control, controlWords.extentsGiven, finishedBit);
  Atomics.notify(control, controlWords.extentsGiven);
}

export const isStopped = ({ control }: PipelineMemory): boolean => Atomics.load(control, controlWords.aborted) !== 0;

export function throwIfStopped(memory: PipelineMemory): void {
  if (isStopped(memory)) throw interrupted('archiving was stopped');
}

export function stopEverybody(memory: PipelineMemory): void {
  Atomics.store(memory.control, controlWords.aborted, 1);
  for (const words of [memory.control, memory.bufferStates, memory.slotStates]) {
    for (let index = 0; index < words.length; index += 1) Atomics.notify(words, index);
  }
}
