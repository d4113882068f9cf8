import { NameFile, type NamePage, type TaggedName } from '#src/archive/name-file';

export interface SortingLimits {
  /** Names that are held at a time. */
  readonly mostHeld: number;
  /** Where names are put when there are more. */
  readonly scratchDirectory: string;
}

/** Names in byte order, to be gone through once. Disposing gives back what they lie in. */
export interface SortedNames extends Iterable<TaggedName>, Disposable {}

const mostBufferBytes = 65_536;
const leastBufferBytes = 1024;
/** Of all runs together, unless there are thousands. */
const buffersBytes = 1 << 20;

const inByteOrder = (a: TaggedName, b: TaggedName): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Takes all names, and then gives them in byte order, however many they are: more than may be held are written to a scratch file in sorted runs, which
 * are merged. What `names` throws, it throws, before there is a first name.
 */
export function sortNames(names: Iterable<TaggedName>, { mostHeld, scratchDirectory }: SortingLimits): SortedNames {
  let held: TaggedName[] = [];
  let runs: SortedRuns | undefined;
  try {
    for (const name of names) {
      if (held.length >= mostHeld) {
        runs ??= new SortedRuns(scratchDirectory);
        runs.add(held.sort(inByteOrder));
        held = [];
      }
      held.push(name);
    }
    held.sort(inByteOrder);
    if (!runs) return new HeldNames(held);
    runs.add(held);
    return runs;
  } catch (error) {
    runs?.[Symbol.dispose]();
    throw error;
  }
}

class HeldNames implements SortedNames {
  readonly #names: readonly TaggedName[];

  constructor(names: readonly TaggedName[]) {
    this.#names = names;
  }

  [Symbol.iterator](): Iterator<TaggedName> {
    return this.#names[Symbol.iterator]();
  }

  [Symbol.dispose](): void {}
}

class SortedRuns implements SortedNames {
  readonly #file: NameFile;
  readonly #starts: number[] = [];

  constructor(scratchDirectory: string) {
    this.#file = new NameFile(scratchDirectory);
  }

  add(sorted: readonly TaggedName[]): void {
    this.#starts.push(this.#file.end);
    for (const name of sorted) this.#file.append(name);
  }

  *[Symbol.iterator](): Generator<TaggedName> {
    const bufferBytes = Math.min(
      mostBufferBytes,
      Math.max(leastBufferBytes, Math.floor(buffersBytes / this.#starts.length)),
    );
    const heap = this.#starts.map(
      (start, index) =>
        new RunCursor(this.#file, { start, end: this.#starts[index + 1] ?? this.#file.end, bufferBytes }),
    );
    for (let root = heap.length >> 1; root >= 0; root -= 1) siftDown(heap, root);
    for (let first = heap[0]; first; first = heap[0]) {
      yield first.current;
      if (!first.advance()) {
        const last = heap.pop() as RunCursor;
        if (heap.length === 0) return;
        heap[0] = last;
      }
      siftDown(heap, 0);
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** A run while it is merged with the others: the names that were read of it, and where it goes on. */
class RunCursor {
  readonly #file: NameFile;
  readonly #end: number;
  readonly #bufferBytes: number;
  #page: NamePage;
  #next = 1;
  current: TaggedName;

  constructor(
    file: NameFile,
    { start, end, bufferBytes }: { readonly start: number; readonly end: number; readonly bufferBytes: number },
  ) {
    this.#file = file;
    this.#end = end;
    this.#bufferBytes = bufferBytes;
    this.#page = file.read(start, end, bufferBytes);
    this.current = this.#page.names[0] as TaggedName;
  }

  /** False at the end of the run. */
  advance(): boolean {
    if (this.#next >= this.#page.names.length) {
      if (this.#page.end >= this.#end) return false;
      this.#page = this.#file.read(this.#page.end, this.#end, this.#bufferBytes);
      this.#next = 0;
    }
    this.current = this.#page.names[this.#next] as TaggedName;
    this.#next += 1;
    return true;
  }
}

/** Restores the order of a heap, the least name first, below a place. */
function siftDown(heap: RunCursor[], from: number): void {
  const moved = heap[from] as RunCursor;
  let at = from;
  for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
    const left = heap[child] as RunCursor;
    const right = heap[child + 1];
    const isRight = right !== undefined && right.current.name < left.current.name;
    const least = isRight ? right : left;
    if (least.current.name >= moved.current.name) break;
    heap[at] = least;
    at = isRight ? child + 1 : child;
  }
  heap[at] = moved;
}
