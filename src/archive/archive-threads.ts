import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { bug } from '#src/base/errors';

export type ThreadName = 'walker' | 'filler' | 'writer';

const mostFillers = 4;

/**
 * Threads make much short-lived garbage: with a small nursery and a small heap they are as fast, and the process does not grow with the tree. The
 * walker holds the most: a run of names, which may be long ones, beside the rows of the reference.
 */
const nurseryMb = 8;
const heapLimits = {
  filler: { maxYoungGenerationSizeMb: nurseryMb, maxOldGenerationSizeMb: 64 },
  writer: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
  walker: { maxYoungGenerationSizeMb: nurseryMb, maxOldGenerationSizeMb: 192 },
} as const;

/**
 * The threads of one archiving. They load their modules from now on, and wait for what they are to do: whoever makes them early has them ready when it
 * knows. Disposing ends those that nobody took; one that was taken ends when its work does.
 */
export class ArchiveThreads implements Disposable {
  readonly fillers: number;
  readonly #idle: { readonly name: ThreadName; readonly worker: Worker }[];

  /** @param fillers threads that read files; by default one a processor, at most four */
  constructor(fillers = Math.min(mostFillers, availableParallelism())) {
    // The threads keep every processor busy, and their nurseries are small: helpers that collect them would only take time from them.
    setFlagsFromString('--no-parallel-scavenge');
    this.fillers = fillers;
    const names: readonly ThreadName[] = [
      'walker',
      'writer',
      ...Array.from({ length: fillers }, () => 'filler' as const),
    ];
    this.#idle = names.map((name) => ({ name, worker: startThread(name) }));
  }

  /** Hands a thread what it is to do, in the form of its data type in `thread-messages.ts`. */
  take(name: ThreadName, data: unknown): Worker {
    const index = this.#idle.findIndex((thread) => thread.name === name);
    const [thread] = index < 0 ? [] : this.#idle.splice(index, 1);
    if (!thread) throw bug(`no ${name} is left`);
    thread.worker.postMessage(data);
    return thread.worker;
  }

  [Symbol.dispose](): void {
    for (const { worker } of this.#idle.splice(0)) worker.postMessage(undefined);
  }
}

const startThread = (name: ThreadName): Worker =>
  new Worker(new URL(`./${name}-thread.js`, import.meta.url), { resourceLimits: heapLimits[name] });
