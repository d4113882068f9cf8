import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import { type ByteString, byteStringOf, bytesOf } from '#src/archive/byte-string';
import { controlWords, type PipelineMemory, waitWhile } from '#src/archive/pipeline-memory';
import type { WalkerAnswer, WalkerMessage } from '#src/archive/thread-messages';
import { bug } from '#src/base/errors';
import { type EntryType, entryTypes, type ReferenceEntry } from '#src/catalog/files';

/** What the chain of data sets knows of one name. */
export interface KnownEntry {
  readonly name: ByteString;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly inode: string;
  readonly flags: number;
}

const directoriesAhead = 32;
/** Rows kept for directories that the walk has not come to yet. */
const cachedRows = 65_536;

type Row = readonly [string, number, number, number, number, number, number, string, number];

/** Tables of the reference on their way between threads: text that both sides handle fast. */
export function encodeReference(tables: readonly (readonly ReferenceEntry[])[]): string {
  return JSON.stringify(
    tables.map((entries) =>
      entries.map(
        ({ name, type, sizeBytes, mtime, ctime, inode, flags }): Row => [
          byteStringOf(name),
          entryTypes.indexOf(type),
          sizeBytes,
          mtime.seconds,
          mtime.nanoseconds,
          ctime.seconds,
          ctime.nanoseconds,
          inode,
          flags,
        ],
      ),
    ),
  );
}

const decodeRow = (row: Row): KnownEntry => ({
  name: row[0],
  type: entryTypes[row[1]] ?? 'file',
  sizeBytes: row[2],
  mtimeSeconds: row[3],
  mtimeNanoseconds: row[4],
  ctimeSeconds: row[5],
  ctimeNanoseconds: row[6],
  inode: row[7],
  flags: row[8],
});

const decodeReference = (text: string): readonly (readonly KnownEntry[])[] =>
  (JSON.parse(text) as readonly (readonly Row[])[]).map((table) => table.map(decodeRow));

/** What the walker asks of the reference. */
export interface Reference {
  /**
   * Names of a directory in byte order.
   * @param upcoming directories that will be asked for next, in their order
   */
  entries(directory: ByteString, upcoming: readonly ByteString[]): Iterable<KnownEntry>;
}

/** The reference as the main thread answers for it: a few directories ahead. */
export class ReferenceReader implements Reference {
  readonly #ask: (directories: readonly ByteString[]) => readonly (readonly KnownEntry[])[];
  readonly #cache = new Map<ByteString, readonly KnownEntry[]>();
  #rows = 0;

  constructor(ask: (directories: readonly ByteString[]) => readonly (readonly KnownEntry[])[]) {
    this.#ask = ask;
  }

  entries(directory: ByteString, upcoming: readonly ByteString[]): readonly KnownEntry[] {
    return this.#take(directory) ?? this.#fetch(directory, upcoming);
  }

  #take(directory: ByteString): readonly KnownEntry[] | undefined {
    const page = this.#cache.get(directory);
    if (page) {
      this.#cache.delete(directory);
      this.#rows -= page.length;
    }
    return page;
  }

  #fetch(directory: ByteString, upcoming: readonly ByteString[]): readonly KnownEntry[] {
    const ahead = upcoming.slice(0, directoriesAhead - 1).filter((path) => !this.#cache.has(path));
    const [page = [], ...others] = this.#ask([directory, ...ahead]);
    others.forEach((entries, index) => {
      this.#cache.set(ahead[index] as ByteString, entries);
      this.#rows += entries.length;
    });
    for (const [path, entries] of this.#cache) {
      if (this.#rows <= cachedRows) break;
      this.#cache.delete(path);
      this.#rows -= entries.length;
    }
    return page;
  }
}

/** Sends a request to the main thread, and waits for the answer without an event loop. */
export function askMainThread(memory: PipelineMemory, port: MessagePort, message: WalkerMessage): WalkerAnswer {
  const before = Atomics.load(memory.control, controlWords.walkerAnswers);
  port.postMessage(message);
  waitWhile(memory, memory.control, controlWords.walkerAnswers, before);
  const received = receiveMessageOnPort(port);
  if (!received) throw bug('an answer was announced and did not come');
  return received.message as WalkerAnswer;
}

export function createReferenceReader(memory: PipelineMemory, port: MessagePort): ReferenceReader {
  return new ReferenceReader((directories) => {
    const answer = askMainThread(memory, port, { kind: 'reference', directories: directories.map(bytesOf) });
    if (answer.kind !== 'reference') throw bug('the answer is to another question');
    return decodeReference(answer.tables);
  });
}
