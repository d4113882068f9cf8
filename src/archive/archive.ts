import type { Worker } from 'node:worker_threads';
import { ArchiveThreads, type ThreadName } from '#src/archive/archive-threads';
import { type ByteString, bytesOf } from '#src/archive/byte-string';
import { closeLinkTableFiles, createLinkTableFiles } from '#src/archive/link-table';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import {
  controlWords,
  createPipelineMemory,
  endStream,
  type PipelineMemory,
  placementWords,
  publish,
  stopEverybody,
} from '#src/archive/pipeline-memory';
import { encodeReference } from '#src/archive/reference-reader';
import type { SegmentSink } from '#src/archive/segment-sink';
import type { Selection } from '#src/archive/selection';
import { StreamRecorder } from '#src/archive/stream-recorder';
import type {
  FillerData,
  FillerMessage,
  WalkerAnswer,
  WalkerData,
  WalkerMessage,
  WriterData,
  WriterMessage,
} from '#src/archive/thread-messages';
import { interrupted, throwIfAborted } from '#src/base/errors';
import type { WalkedFileSystem } from '#src/catalog/data-sets';
import type { ReferencePage, ReferencePlace, VersionWriter } from '#src/catalog/files';

export interface ArchiveOptions {
  readonly selection: Selection;
  /** The most that a segment may hold; at least 64 KiB. */
  readonly segmentBytes: number;
  readonly sink: SegmentSink;
  readonly versions: VersionWriter;
  /** What the chain holds (as `FileRepository.reference`); left out, everything is archived. */
  readonly reference?: Reference | undefined;
  /** Which file systems the base walked; the last complete run where everything is archived. */
  readonly previousFileSystems?: readonly WalkedFileSystem[];
  /** Whoever started the run says that the file systems that are there now are meant. */
  readonly acceptsFileSystems?: boolean;
  /** Inode numbers of the file system do not last: they are not compared. */
  readonly ignoreInode?: boolean;
  /** Threads that were made before; left out, it makes its own. All are taken. */
  readonly threads?: ArchiveThreads | undefined;
  /** A directory for files that have no name and vanish with the process. */
  readonly scratchDirectory: string;
  readonly signal?: AbortSignal | undefined;
  readonly onWarning: (warning: ArchiveWarning) => void;
  readonly onProgress?: ((progress: ArchiveProgress) => void) | undefined;
}

export type Reference = (places: readonly ReferencePlace[], limit: number) => Promise<readonly ReferencePage[]>;

export interface ArchiveProgress {
  readonly files: number;
  readonly bytes: number;
}

export interface ArchiveResult {
  /** Entries of all types that were archived. */
  readonly files: number;
  /** Of their contents. */
  readonly bytes: number;
  readonly segments: number;
  readonly warnings: number;
  readonly deletions: number;
  /** Roots and mount points, and the devices that the next run is to find there. */
  readonly fileSystems: readonly WalkedFileSystem[];
  /** Roots that are missing or cannot be read: the run may not be called complete. */
  readonly failedRoots: readonly Uint8Array[];
}

/**
 * Archives what is selected into segments: walker, fillers and writer are threads on synchronous calls, which are several times as fast as promises for small files; this side answers
 * them and brings rows and segments to catalog and sink in the order of the stream.
 *
 * Deletions are recorded at the end, and only when every root could be walked. Throws `command.interrupted` when the signal fires, and whatever the
 * sink, the catalog or the disk report; then nothing unfinished is left in the sink.
 */
export async function archive(options: ArchiveOptions): Promise<ArchiveResult> {
  throwIfAborted(options.signal);
  const run = new ArchiveRun(options);
  try {
    return await run.run();
  } finally {
    await run.end();
  }
}

class ArchiveRun {
  readonly #options: ArchiveOptions;
  readonly #memory: PipelineMemory;
  readonly #pool: ArchiveThreads;
  readonly #recorder: StreamRecorder;
  readonly #links: ReturnType<typeof createLinkTableFiles>;
  readonly #threads: Promise<void>[] = [];
  readonly #onAbort = (): void => this.#fail(interrupted());
  #walker: Worker | undefined;
  #failure: { readonly error: unknown } | undefined;
  #rejectFailed: (error: unknown) => void = () => undefined;
  readonly #failed: Promise<never>;
  #isComplete = false;
  #warnings = 0;
  #deletions = 0;
  #walked: Extract<WalkerMessage, { kind: 'walked' }> | undefined;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#pool = options.threads ?? new ArchiveThreads();
    this.#memory = createPipelineMemory(this.#pool.fillers, options.segmentBytes);
    this.#links = createLinkTableFiles(options.scratchDirectory);
    this.#failed = new Promise((_, reject) => {
      this.#rejectFailed = reject;
    });
    this.#failed.catch(() => undefined);
    this.#recorder = new StreamRecorder({
      sink: options.sink,
      versions: options.versions,
      onDone: (reports) => {
        publish(this.#memory.control, controlWords.reportsDone, reports);
        options.onProgress?.({ files: this.#recorder.files, bytes: this.#recorder.contentBytes });
      },
      onFailure: (error) => this.#fail(error),
    });
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  async run(): Promise<ArchiveResult> {
    this.#startWriter();
    const fillers = Array.from({ length: this.#pool.fillers }, (_, filler) => this.#startFiller(filler));
    this.#startWalker();
    await Promise.race([Promise.all(fillers), this.#failed]);
    this.#throwIfFailed();
    await Promise.race([this.#finishStream(), this.#failed]);
    const { fileSystems = [], failedRoots = [] } = this.#walked ?? {};
    // A run that could not see everything does not know what is gone.
    if (failedRoots.length === 0) await this.#recordDeletions();
    this.#throwIfFailed();
    this.#isComplete = true;
    const { files, contentBytes, segments } = this.#recorder;
    const deletions = failedRoots.length === 0 ? this.#deletions : 0;
    return { files, bytes: contentBytes, segments, warnings: this.#warnings, deletions, fileSystems, failedRoots };
  }

  /** Waits for the threads: one that is ended from outside takes the process with it. */
  async end(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    if (!this.#isComplete) stopEverybody(this.#memory);
    this.#pool[Symbol.dispose]();
    await Promise.allSettled(this.#threads);
    await this.#recorder.quiesce();
    closeLinkTableFiles(this.#links);
    if (!this.#isComplete) await this.#options.sink.abandon();
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    stopEverybody(this.#memory);
    this.#options.sink.stop();
    this.#rejectFailed(error);
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** A thread of this folder; resolves when it has ended. */
  #start<M>(
    name: ThreadName,
    data: unknown,
    onMessage: (message: M) => void,
  ): { readonly worker: Worker; readonly ended: Promise<void> } {
    const worker = this.#pool.take(name, data);
    worker.on('message', (message: M) => {
      try {
        onMessage(message);
      } catch (error) {
        this.#fail(error);
      }
    });
    worker.on('error', (error) => this.#fail(error));
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#threads.push(ended);
    return { worker, ended };
  }

  #startFiller(filler: number): Promise<void> {
    const data: FillerData = { memory: this.#memory, filler, links: this.#links };
    return this.#start<FillerMessage>('filler', data, (report) => {
      for (const warning of report.warnings) this.#warn(warning);
      this.#recorder.add(report);
    }).ended;
  }

  #startWriter(): void {
    const data: WriterData = { memory: this.#memory };
    this.#start<WriterMessage>('writer', data, (message) => {
      if (message.kind === 'close') this.#recorder.segmentClosed(message);
      else this.#answerWriter(message).catch((error) => this.#fail(error));
    });
  }

  async #answerWriter(message: Exclude<WriterMessage, { kind: 'close' }>): Promise<void> {
    const { sink } = this.#options;
    const { control } = this.#memory;
    if (message.kind === 'disk-full') {
      await sink.diskFull(message.segment);
      publish(control, controlWords.writerAnswer, 1);
      return;
    }
    const fd = await sink.begin(message.segment);
    this.#recorder.segmentBegun(message.segment);
    publish(control, controlWords.writerAnswer, fd + 1);
  }

  #startWalker(): void {
    const { selection, reference, ignoreInode = false, scratchDirectory } = this.#options;
    const { previousFileSystems = [], acceptsFileSystems = false } = this.#options;
    const data: WalkerData = {
      memory: this.#memory,
      selection,
      hasReference: reference !== undefined,
      ignoreInode,
      previousFileSystems,
      acceptsFileSystems,
      scratchDirectory,
    };
    this.#walker = this.#start<WalkerMessage>('walker', data, (message) => {
      this.#answerWalker(message).catch((error) => this.#fail(error));
    }).worker;
  }

  async #answerWalker(message: WalkerMessage): Promise<void> {
    switch (message.kind) {
      case 'warning':
        this.#warn(message.warning);
        return;
      case 'deletions':
        this.#deletions += message.deletions.length;
        await this.#options.sink.addDeletions(message.deletions);
        return;
      case 'reference': {
        const places = message.places.map(({ directory, from }) => ({
          directory: bytesOf(directory),
          from: bytesOf(from),
        }));
        const pages = await this.#options.reference?.(places, message.limit);
        this.#answer({ kind: 'reference', pages: encodeReference(pages ?? []) });
        return;
      }
      case 'walked':
        this.#walked = message;
        await this.#recorder.settleReports(this.#memory.placement[placementWords.reports] ?? 0);
        this.#answer({ kind: 'repeat', directories: this.#directoriesToRepeat(message.fileSystems) });
    }
  }

  /** Of the directories across a cut those that were walked: nothing above a root is in the data set. */
  #directoriesToRepeat(fileSystems: readonly WalkedFileSystem[]): readonly ByteString[] {
    const roots = fileSystems.map(({ path }) => Buffer.from(path).toString('latin1'));
    const isWalked = (directory: ByteString): boolean =>
      roots.some((root) => root === '/' || directory === root || directory.startsWith(`${root}/`));
    return this.#recorder.crossingDirectories().filter(isWalked);
  }

  #answer(answer: WalkerAnswer): void {
    this.#walker?.postMessage(answer);
    const { control } = this.#memory;
    publish(control, controlWords.walkerAnswers, Atomics.load(control, controlWords.walkerAnswers) + 1);
  }

  /** Everything has its place, the two zero blocks too; what is left is to write and to finish the last segment. */
  async #finishStream(): Promise<void> {
    const { control, placement } = this.#memory;
    endStream(control);
    await this.#recorder.settleReports(placement[placementWords.reports] ?? 0);
    const payloadBytes = placement[placementWords.usedBytes] as number;
    if (payloadBytes === 0) return;
    const first = placement[placementWords.firstHeader] as number;
    await this.#recorder.finish({
      segment: placement[placementWords.segment] as number,
      payloadBytes,
      firstHeader: first < 0 ? undefined : first,
      inside: undefined,
      nextPath: '/',
      isLast: true,
    });
  }

  async #recordDeletions(): Promise<void> {
    if (this.#deletions === 0) return;
    for await (const deletions of this.#options.sink.deletions()) await this.#options.versions.addDeletions(deletions);
  }

  #warn(warning: ArchiveWarning): void {
    this.#warnings += 1;
    this.#options.onWarning(warning);
  }
}
