import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { byteStringOf, bytesOf, joinPath, splitPath } from '#src/archive/byte-string';
import type { FinishedSegment, SegmentSink } from '#src/archive/segment-sink';
import type { Deletion } from '#src/archive/thread-messages';
import { escapePath, isUtf8Text, parseEscapedPath } from '#src/base/bytes';
import { isDiskFull } from '#src/base/disk-full';
import { bug } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { DataSetRecord, DataSetRepository } from '#src/catalog/data-sets';
import type { Admission } from '#src/staging/admission';
import { syncDirectory, writeSynced } from '#src/staging/durable';
import { encodeSegmentRecord } from '#src/staging/segment-record';
import type { StagedPaths } from '#src/staging/staged-paths';

export interface DataSetSinkOptions {
  readonly dataSet: Pick<DataSetRecord, 'key' | 'id'>;
  readonly paths: StagedPaths;
  readonly admission: Admission;
  readonly dataSets: Pick<DataSetRepository, 'beginSegment' | 'segmentStaged' | 'abandonFilling'>;
  /** Room that a segment is admitted with. */
  readonly segmentBytes: number;
  /** The disk is full although the account says that there is room: returns when some was made, or throws. */
  readonly onDiskFull: (signal: AbortSignal | undefined) => Promise<void>;
  /** A segment was staged: there is something more to despool. */
  readonly onStaged: () => void;
  readonly signal?: AbortSignal | undefined;
}

interface OpenSegment {
  readonly data: FileHandle;
  readonly index: FileHandle;
}

const deletionsPerPage = 1000;

/**
 * Segments of one data set on their way into the staging area. A segment counts as staged when its bytes, its index part and their names are durable
 * and the catalog has it, in this order: a crash at any instant then loses nothing that the catalog calls staged.
 */
export class DataSetSink implements SegmentSink {
  readonly #options: DataSetSinkOptions;
  readonly #stopping = new AbortController();
  /** Of the operator, or of a run that failed elsewhere. */
  readonly #signal: AbortSignal;
  readonly #open = new Map<number, OpenSegment>();
  /** What waits because the disk is full: bytes of segments, and lines of their index parts. */
  readonly #waits = new Set<{ readonly segment: number }>();
  #deletions: FileHandle | undefined;
  #hasFolder = false;

  constructor(options: DataSetSinkOptions) {
    this.#options = options;
    const { signal } = this.#stopping;
    this.#signal = options.signal ? AbortSignal.any([options.signal, signal]) : signal;
  }

  /** No segment that was begun will be staged by itself: they are finished in order, and the first waits for room on the disk. */
  get isStuck(): boolean {
    const [first] = this.#open.keys();
    return first === undefined || [...this.#waits].some(({ segment }) => segment === first);
  }

  async begin(number: number): Promise<number> {
    const { admission, dataSets, dataSet, paths, segmentBytes } = this.#options;
    await admission.enter(segmentBytes, this.#signal);
    try {
      await this.#ensureFolder();
      await dataSets.beginSegment(dataSet.key, number);
      const files = await openBoth(paths.partial(dataSet.id, number), paths.indexPart(dataSet.id, number));
      this.#open.set(number, files);
      trace('segment.filling');
      return files.data.fd;
    } catch (error) {
      admission.leave(segmentBytes);
      throw error;
    }
  }

  async diskFull(segment: number): Promise<void> {
    const wait = { segment };
    this.#waits.add(wait);
    try {
      await this.#options.onDiskFull(this.#signal);
    } finally {
      this.#waits.delete(wait);
    }
  }

  async index(number: number, lines: Uint8Array): Promise<void> {
    const { index } = this.#segment(number);
    for (let done = 0; done < lines.length; ) {
      await this.#whenThereIsRoom(number, async () => {
        done += (await index.write(lines, done)).bytesWritten;
      });
    }
  }

  /** Writes, as often as room was made for it. */
  async #whenThereIsRoom(segment: number, write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        await this.diskFull(segment);
      }
    }
  }

  async finish(segment: FinishedSegment): Promise<void> {
    const { admission, dataSets, dataSet, paths, segmentBytes } = this.#options;
    const { data, index } = this.#segment(segment.number);
    const { size: indexBytes } = await index.stat();
    const facts = encodeSegmentRecord(segment, indexBytes);
    const factsPath = paths.facts(dataSet.id, segment.number);
    const keepFacts = this.#whenThereIsRoom(segment.number, () => writeSynced(factsPath, facts));
    await Promise.all([data.sync(), index.sync(), keepFacts]);
    trace('segment.synced');
    await Promise.all([data.close(), index.close()]);
    const path = paths.segment(dataSet.id, segment.number);
    await rename(paths.partial(dataSet.id, segment.number), path);
    trace('segment.renamed');
    await syncDirectory(dirname(path));
    await dataSets.segmentStaged({ ...segment, dataSet: dataSet.key });
    trace('segment.staged');
    this.#open.delete(segment.number);
    admission.count(segment.payloadBytes + indexBytes);
    admission.leave(segmentBytes);
    this.#options.onStaged();
  }

  async addDeletions(deletions: readonly Deletion[]): Promise<void> {
    const { dataSet, paths } = this.#options;
    await this.#ensureFolder();
    this.#deletions ??= await open(paths.deletions(dataSet.id), 'w', 0o600);
    await this.#deletions.appendFile(deletions.map(deletionLine).join(''));
  }

  async *deletions(): AsyncGenerator<readonly Deletion[]> {
    if (!this.#deletions) return;
    await this.#deletions.sync();
    await this.#deletions.close();
    this.#deletions = undefined;
    const { dataSet, paths } = this.#options;
    await syncDirectory(paths.folder(dataSet.id));
    let page: Deletion[] = [];
    for await (const line of createInterface({ input: createReadStream(paths.deletions(dataSet.id)) })) {
      page.push(parseDeletion(line));
      if (page.length < deletionsPerPage) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async abandon(): Promise<void> {
    const { admission, dataSets, dataSet, paths, segmentBytes } = this.#options;
    for (const [number, { data, index }] of this.#open) {
      await Promise.allSettled([data.close(), index.close()]);
      await rm(paths.partial(dataSet.id, number), { force: true });
      await rm(paths.segment(dataSet.id, number), { force: true });
      await rm(paths.indexPart(dataSet.id, number), { force: true });
      await rm(paths.facts(dataSet.id, number), { force: true });
      admission.leave(segmentBytes);
    }
    this.#open.clear();
    await this.#deletions?.close();
    this.#deletions = undefined;
    await rm(paths.deletions(dataSet.id), { force: true });
    await dataSets.abandonFilling(dataSet.key);
  }

  #segment(number: number): OpenSegment {
    const open = this.#open.get(number);
    if (!open) throw bug(`segment ${number} was not begun`);
    return open;
  }

  async #ensureFolder(): Promise<void> {
    if (this.#hasFolder) return;
    const folder = this.#options.paths.folder(this.#options.dataSet.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncDirectory(dirname(folder));
    this.#hasFolder = true;
  }
}

/** Both, or neither. */
async function openBoth(data: string, index: string): Promise<OpenSegment> {
  const opened = await open(data, 'wx', 0o600);
  try {
    return { data: opened, index: await open(index, 'wx', 0o600) };
  } catch (error) {
    await opened.close();
    await rm(data);
    throw error;
  }
}

function deletionLine({ directory, name }: Deletion): string {
  const path = bytesOf(joinPath(byteStringOf(directory), byteStringOf(name)));
  const shown = { path: escapePath(path) };
  return `${JSON.stringify(isUtf8Text(path) ? shown : { ...shown, pathBytes: path.toString('base64') })}\n`;
}

function parseDeletion(line: string): Deletion {
  const { path, pathBytes } = JSON.parse(line) as { readonly path: string; readonly pathBytes?: string };
  const bytes = pathBytes === undefined ? parseEscapedPath(path) : Buffer.from(pathBytes, 'base64');
  const { directory, name } = splitPath(byteStringOf(bytes));
  return { directory: bytesOf(directory), name: bytesOf(name) };
}

/** Size of a file, 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
