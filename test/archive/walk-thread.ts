import { tmpdir } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createDirectoryListing } from '#src/archive/directory-listing';
import { systemFileOperations } from '#src/archive/file-operations';
import { emptyFileStat } from '#src/archive/file-stat';
import { PendingDirectories } from '#src/archive/pending-directories';
import { type AskReference, type KnownEntry, ReferenceReader } from '#src/archive/reference-reader';
import { Walker } from '#src/archive/walker';

/** What a thread is to walk: a folder with `names` directories or links in it, all named by `nameOf`. */
export interface WalkOrder {
  readonly root: string;
  readonly names: number;
  /** Each second name is known, and as many that are not there. */
  readonly isIncremental: boolean;
  readonly mostHeld: number;
}

export interface WalkOutcome {
  readonly added: number;
  readonly deleted: number;
}

/** In the order of numbers; long, so that many of them do not fit into a small heap. */
export const nameOf = (number: number): string => `${String(number).padStart(7, '0')}-${'long'.repeat(60)}`;

/** Answers page by page from nothing but numbers: even ones are as they are on disk, odd ones below zero do not exist. */
function reference({ root, names }: WalkOrder): AskReference {
  const stat = emptyFileStat();
  const known = (number: number): KnownEntry => {
    const name = number % 2 === 0 ? nameOf(number) : `${nameOf(number)}-gone`;
    if (number % 2 === 0) systemFileOperations.lstat(`${root}/${name}`, stat);
    return { ...stat, name, flags: 0 };
  };
  return (places, limit) =>
    places.map(({ directory, from }) => {
      if (directory !== root) return { entries: [], next: undefined };
      const first = from === '' ? 0 : Number(from.slice(0, 7));
      const count = Math.min(limit, names - first);
      const next = first + count < names ? String(first + count).padStart(7, '0') : undefined;
      return { entries: Array.from({ length: count }, (_, index) => known(first + index)), next };
    });
}

function walk(order: WalkOrder): WalkOutcome {
  const { root, isIncremental, mostHeld } = order;
  let added = 0;
  let deleted = 0;
  using pending = new PendingDirectories(tmpdir(), mostHeld);
  new Walker({
    files: systemFileOperations,
    list: createDirectoryListing(tmpdir(), mostHeld),
    pending,
    selection: { roots: [Buffer.from(root)], excludes: [], never: [], oneFileSystem: false },
    reference: isIncremental ? new ReferenceReader(reference(order), 1024) : undefined,
    ignoreInode: false,
    previousFileSystems: [],
    acceptsFileSystems: false,
    add: () => {
      added += 1;
    },
    warn: ({ message }) => {
      throw new TypeError(message);
    },
    deleted: () => {
      deleted += 1;
    },
  }).walk();
  return { added, deleted };
}

parentPort?.postMessage(walk(workerData as WalkOrder));
