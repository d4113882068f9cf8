import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import { type ByteString, byteStringOf } from '#src/archive/byte-string';
import { controlWords, type PipelineMemory, waitWhile } from '#src/archive/pipeline-memory';
import type { WalkerAnswer, WalkerMessage, WalkerPlace } from '#src/archive/thread-messages';
import { bug } from '#src/base/errors';
import { type EntryType, entryTypes, type ReferencePage } from '#src/catalog/files';

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

/** Some names of a directory in byte order, and the name to go on with. */
export interface KnownPage {
  readonly entries: readonly KnownEntry[];
  readonly next: ByteString | undefined;
}

/** Fetches a page for each of the places, of about `limit` rows each. */
export type AskReference = (places: readonly WalkerPlace[], limit: number) => readonly KnownPage[];

const directoriesAhead = 32;
/** Of one answer, whatever the number of directories: enough that the questions cost little, few enough that all their forms on the way are small. */
const rowsPerAnswer = 8192;
/** Rows kept for directories that the walk has not come to yet. */
const cachedRows = 32_768;

type Row = readonly [string, number, number, number, number, number, number, string, number];
type EncodedPage = readonly [rows: readonly Row[], next: ByteString | null];

/** Pages of the reference on their way between threads: text that both sides handle fast. */
export function encodeReference(pages: readonly ReferencePage[]): string {
  return JSON.stringify(
    pages.map(({ entries, next }): EncodedPage => {
      const rows = entries.map(
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
      );
      return [rows, next ? byteStringOf(next) : null];
    }),
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

const decodeReference = (text: string): readonly KnownPage[] =>
  (JSON.parse(text) as readonly EncodedPage[]).map(([rows, next]) => ({
    entries: rows.map(decodeRow),
    next: next ?? undefined,
  }));

/** What the walker asks of the reference. */
export interface Reference {
  /**
   * Names of a directory in byte order, to be gone through once.
   * @param upcoming directories that will be asked for next, in their order
   */
  entries(directory: ByteString, upcoming: () => readonly ByteString[]): Iterable<KnownEntry>;
}

/** The reference as the main thread answers for it: short directories a few ahead, long ones page by page. */
export class ReferenceReader implements Reference {
  readonly #ask: AskReference;
  readonly #rowsPerAnswer: number;
  /** First pages. */
  readonly #cache = new Map<ByteString, KnownPage>();
  #cachedRows = 0;

  constructor(ask: AskReference, mostRows = rowsPerAnswer) {
    this.#ask = ask;
    this.#rowsPerAnswer = mostRows;
  }

  entries(directory: ByteString, upcoming: () => readonly ByteString[]): Iterable<KnownEntry> {
    const first = this.#take(directory) ?? this.#fetch(directory, upcoming());
    return first.next === undefined ? first.entries : this.#readOn(directory, first);
  }

  *#readOn(directory: ByteString, first: KnownPage): Generator<KnownEntry> {
    for (let page: KnownPage | undefined = first; page; ) {
      yield* page.entries;
      if (page.next === undefined) return;
      [page] = this.#ask([{ directory, from: page.next }], this.#rowsPerAnswer);
    }
  }

  #take(directory: ByteString): KnownPage | undefined {
    const page = this.#cache.get(directory);
    if (page) this.#drop(directory, page);
    return page;
  }

  #fetch(directory: ByteString, upcoming: readonly ByteString[]): KnownPage {
    const ahead = upcoming.slice(0, directoriesAhead - 1).filter((path) => !this.#cache.has(path));
    const places = [directory, ...ahead].map((path) => ({ directory: path, from: '' }));
    const [page, ...others] = this.#ask(places, Math.max(1, Math.floor(this.#rowsPerAnswer / places.length)));
    others.forEach((other, index) => {
      this.#cache.set(ahead[index] as ByteString, other);
      this.#cachedRows += weightOf(other);
    });
    for (const [path, cached] of this.#cache) {
      if (this.#cachedRows <= cachedRows) break;
      this.#drop(path, cached);
    }
    return page ?? { entries: [], next: undefined };
  }

  #drop(directory: ByteString, page: KnownPage): void {
    this.#cache.delete(directory);
    this.#cachedRows -= weightOf(page);
  }
}

/** An empty page takes room too. */
const weightOf = ({ entries }: KnownPage): number => entries.length + 1;

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
  return new ReferenceReader((places, limit) => {
    const answer = askMainThread(memory, port, { kind: 'reference', places, limit });
    if (answer.kind !== 'reference') throw bug('the answer is to another question');
    return decodeReference(answer.pages);
  });
}
