import { type ByteString, bytesOf, splitPath } from '#src/archive/byte-string';
import type { SegmentCut } from '#src/archive/segment-placer';
import type { SegmentSink } from '#src/archive/segment-sink';
import type { PackReport } from '#src/archive/thread-outlet';
import type { VersionReport } from '#src/archive/version-rows';
import { interrupted } from '#src/base/errors';
import type { SegmentPlace } from '#src/catalog/data-sets';
import type { VersionWriter } from '#src/catalog/files';

export interface RecorderOptions {
  readonly sink: SegmentSink;
  readonly versions: Pick<VersionWriter, 'add'>;
  /** A report has been dealt with. */
  readonly onDone: (reports: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/** What the writer says of a segment that it has closed. */
export interface ClosedSegment {
  readonly segment: number;
  readonly payloadBytes: number;
  readonly xxh64: string;
}

interface Promised<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function promised<T>(): Promised<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Rows that are given to the catalog together: every commit synchronises its disk. */
const rowsPerCommit = 1024;
/** Commits under way. */
const commitsInFlight = 2;

/**
 * Takes what fillers and writer report, and brings it to catalog and sink in the order of the stream: rows before the segment is staged in which their
 * content ends. Until then the catalog hides them (`tornTails`), so that a crash in between neither loses a file nor shows half of one.
 */
export class StreamRecorder {
  readonly #options: RecorderOptions;
  readonly #waiting = new Map<number, PackReport>();
  readonly #begun = new Map<number, Promised<void>>();
  readonly #closed = new Map<number, Promised<ClosedSegment>>();
  #gathered: VersionReport[] = [];
  /** One that failed stays, so that nothing is called staged after it. */
  readonly #inFlight = new Set<Promise<void>>();
  readonly #crossing = new Set<ByteString>();
  readonly #awaited: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #active = new Set<Promise<void>>();
  #isStopped = false;
  #nextReport = 0;
  #done = 0;
  #working: Promise<void> = Promise.resolve();
  #finishing: Promise<void> = Promise.resolve();
  #startsInside: SegmentPlace | undefined;
  #split: VersionReport[] = [];
  files = 0;
  contentBytes = 0;
  segments = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Begins nothing more, and resolves when nothing is under way in sink and catalog. */
  async quiesce(): Promise<void> {
    this.#isStopped = true;
    while (this.#active.size > 0) await Promise.allSettled(this.#active);
  }

  /** Every call of sink and catalog goes through here, so that nobody tidies up while one is under way. */
  async #tracked(call: () => Promise<void>): Promise<void> {
    if (this.#isStopped) throw interrupted('archiving was stopped');
    const active = call();
    this.#active.add(active);
    try {
      await active;
    } finally {
      this.#active.delete(active);
    }
  }

  segmentBegun(segment: number): void {
    entry(this.#begun, segment).resolve();
  }

  segmentClosed(closed: ClosedSegment): void {
    entry(this.#closed, closed.segment).resolve(closed);
  }

  add(report: PackReport): void {
    this.#waiting.set(report.number, report);
    for (let next = this.#waiting.get(this.#nextReport); next; next = this.#waiting.get(this.#nextReport)) {
      this.#waiting.delete(this.#nextReport);
      this.#nextReport += 1;
      const current = next;
      this.#working = this.#working.then(() => this.#record(current));
      this.#working.catch(this.#options.onFailure);
    }
  }

  /** Directories that have content on both sides of a cut, in byte order. */
  crossingDirectories(): readonly ByteString[] {
    return [...this.#crossing].sort();
  }

  /** Resolves when so many reports have been dealt with, and the catalog has their rows. */
  async settleReports(count: number): Promise<void> {
    if (this.#done < count) await new Promise<void>((resolve) => this.#awaited.push({ count, resolve }));
    await this.#commitAll();
  }

  /** The last segment, which nothing cut. */
  async finish(last: SegmentCut): Promise<void> {
    this.#cut(last);
    await this.#finishing;
  }

  async #record(report: PackReport): Promise<void> {
    const batches = [...report.versions];
    for (const cut of report.cuts) {
      // What lies behind the cut has to wait for room in the next segment; the cut must not.
      for (; batches[0] && batches[0].partSegment <= cut.segment; batches.shift()) await this.#recordBatch(batches[0]);
      await this.#commitAll();
      this.#cut(cut);
    }
    for (const batch of batches) await this.#recordBatch(batch);
    this.#done += 1;
    this.#options.onDone(this.#done);
    for (const { count, resolve } of this.#awaited) if (this.#done >= count) resolve();
  }

  async #recordBatch(batch: VersionReport): Promise<void> {
    await entry(this.#begun, batch.partSegment).promise;
    await this.#tracked(() => this.#options.sink.index(batch.partSegment, batch.indexLines));
    this.files += batch.rowCount;
    this.contentBytes += batch.contentBytes;
    if (batch.holdUntil > 0) this.#split.push(batch);
    else await this.#addRows(batch);
  }

  async #addRows(batch: VersionReport): Promise<void> {
    this.#gathered.push(batch);
    const rows = this.#gathered.reduce((sum, { rowCount }) => sum + rowCount, 0);
    if (rows < rowsPerCommit) return;
    this.#commitGathered();
    const [oldest] = this.#inFlight;
    if (this.#inFlight.size >= commitsInFlight) await oldest;
  }

  #commitGathered(): void {
    const batches = this.#gathered;
    if (batches.length === 0) return;
    this.#gathered = [];
    const added = this.#tracked(() => this.#options.versions.add(...batches));
    this.#inFlight.add(added);
    // Where nobody waits for it yet, a failure must not end the process.
    added.then(() => this.#inFlight.delete(added), this.#options.onFailure);
  }

  async #commitAll(): Promise<void> {
    this.#commitGathered();
    await Promise.all(this.#inFlight);
  }

  #cut({ segment, firstHeader, inside, nextPath, isLast = false }: SegmentCut): void {
    const endsInside = inside && { path: bytesOf(inside.path), offset: inside.offset };
    const startsInside = this.#startsInside;
    this.#startsInside = endsInside;
    this.segments = segment;
    for (let path = nextPath; !isLast && path !== '/'; ) {
      path = splitPath(path).directory;
      this.#crossing.add(path);
    }
    const split = this.#split.filter((batch) => batch.holdUntil <= segment);
    this.#split = this.#split.filter((batch) => batch.holdUntil > segment);
    this.#finishing = this.#finishing.then(async () => {
      const { payloadBytes, xxh64 } = await entry(this.#closed, segment).promise;
      this.#closed.delete(segment);
      this.#begun.delete(segment);
      for (const batch of split) await this.#addRows(batch);
      await this.#commitAll();
      const finished = { number: segment, payloadBytes, xxh64, startsInside, endsInside, firstHeader };
      await this.#tracked(() => this.#options.sink.finish(finished));
    });
    this.#finishing.catch(this.#options.onFailure);
  }
}

function entry<T>(map: Map<number, Promised<T>>, key: number): Promised<T> {
  let found = map.get(key);
  if (!found) {
    found = promised<T>();
    map.set(key, found);
  }
  return found;
}
