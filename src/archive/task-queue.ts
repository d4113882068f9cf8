import type { ByteString } from '#src/archive/byte-string';
import {
  controlWords,
  finishedBit,
  type PipelineMemory,
  publish,
  taskSlotBytes,
  taskSlots,
  throwIfStopped,
  waitWhile,
} from '#src/archive/pipeline-memory';
import { bug } from '#src/base/errors';

/** `directory`: where the following names are. `name`: an entry to read. `repeat`: the member of a directory once more, without a row. `close`: the two zero blocks. */
export type TaskRecord =
  | { readonly kind: 'directory'; readonly path: ByteString }
  | { readonly kind: 'name'; readonly name: ByteString; readonly isFile: boolean }
  | { readonly kind: 'repeat'; readonly path: ByteString }
  | { readonly kind: 'close' };

const kinds = { end: 0, directory: 1, file: 2, other: 3, repeat: 4, close: 5 } as const;
const recordHeaderBytes = 5;
/**
 * Names of one task. Few enough that several fillers find work in a small tree, many enough that a pack is worth its turn.
 */
const namesPerTask = 512;

/** The walker's end of the queue: consecutive entries of the walk, a task at a time. */
export class TaskProducer {
  readonly #memory: PipelineMemory;
  readonly #area = Buffer.alloc(taskSlotBytes);
  #used = 0;
  #names = 0;
  #directory: ByteString | undefined;

  constructor(memory: PipelineMemory) {
    this.#memory = memory;
  }

  addName(directory: ByteString, name: ByteString, isFile: boolean): void {
    const needed = recordHeaderBytes * 2 + directory.length + name.length;
    if (this.#names >= namesPerTask || this.#used + needed >= taskSlotBytes) this.flush();
    if (this.#directory !== directory) {
      this.#put(kinds.directory, directory);
      this.#directory = directory;
    }
    this.#put(isFile ? kinds.file : kinds.other, name);
    this.#names += 1;
  }

  addRepeat(path: ByteString): void {
    if (this.#used + recordHeaderBytes + path.length >= taskSlotBytes) this.flush();
    this.#put(kinds.repeat, path);
    this.#names += 1;
  }

  addClose(): void {
    if (this.#used + recordHeaderBytes >= taskSlotBytes) this.flush();
    this.#put(kinds.close, '');
    this.#names += 1;
  }

  #put(kind: number, text: ByteString): void {
    const area = this.#area;
    if (this.#used + recordHeaderBytes + text.length >= taskSlotBytes) throw bug('a path is longer than a task');
    area[this.#used] = kind;
    area.writeUInt32LE(text.length, this.#used + 1);
    area.write(text, this.#used + recordHeaderBytes, 'latin1');
    this.#used += recordHeaderBytes + text.length;
  }

  /** Hands over what has been added; waits while all slots are taken. */
  flush(): void {
    if (this.#names === 0) return;
    const { control, slotStates, slots } = this.#memory;
    const number = Atomics.load(control, controlWords.tasksProduced);
    const slot = number % taskSlots;
    for (let state = Atomics.load(slotStates, slot); state !== 0; ) {
      state = waitWhile(this.#memory, slotStates, slot, state);
    }
    this.#area[this.#used] = kinds.end;
    Buffer.from(slots, slot * taskSlotBytes, taskSlotBytes).set(this.#area.subarray(0, this.#used + 1));
    Atomics.store(slotStates, slot, number + 1);
    publish(control, controlWords.tasksProduced, number + 1);
    this.#used = 0;
    this.#names = 0;
    this.#directory = undefined;
  }

  finish(): void {
    this.flush();
    const { control } = this.#memory;
    Atomics.or(control, controlWords.tasksProduced, finishedBit);
    Atomics.notify(control, controlWords.tasksProduced);
  }
}

export interface Task {
  /** From 0, in the order of the walk. */
  readonly number: number;
  readonly records: readonly TaskRecord[];
}

/**
 * Claims the next task; undefined when the walk is over.
 * @param beforeWaiting called when there is none yet: a filler that waits here must not hold packs that others wait for
 */
export function takeTask(memory: PipelineMemory, beforeWaiting: () => void): Task | undefined {
  const { control, slotStates, slots } = memory;
  const number = Atomics.add(control, controlWords.tasksClaimed, 1);
  for (;;) {
    const produced = Atomics.load(control, controlWords.tasksProduced);
    throwIfStopped(memory);
    if ((produced & ~finishedBit) > number) break;
    if ((produced & finishedBit) !== 0) return undefined;
    beforeWaiting();
    waitWhile(memory, control, controlWords.tasksProduced, produced);
  }
  const slot = number % taskSlots;
  const records = decodeTask(Buffer.from(slots, slot * taskSlotBytes, taskSlotBytes));
  publish(slotStates, slot, 0);
  return { number, records };
}

function decodeTask(area: Buffer): readonly TaskRecord[] {
  const records: TaskRecord[] = [];
  for (let at = 0; area[at] !== kinds.end; ) {
    const kind = area[at];
    const start = at + recordHeaderBytes;
    const end = start + area.readUInt32LE(at + 1);
    const text = area.toString('latin1', start, end);
    if (kind === kinds.directory) records.push({ kind: 'directory', path: text });
    else if (kind === kinds.close) records.push({ kind: 'close' });
    else if (kind === kinds.repeat) records.push({ kind: 'repeat', path: text });
    else records.push({ kind: 'name', name: text, isFile: kind === kinds.file });
    at = end;
  }
  return records;
}
