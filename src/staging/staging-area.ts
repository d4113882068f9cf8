import { constants, existsSync } from 'node:fs';
import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchPrefix } from '#src/archive/scratch-file';
import type { SegmentSink } from '#src/archive/segment-sink';
import { isDiskFull } from '#src/base/disk-full';
import { GrandsireError, interrupted } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { Finding } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord, DataSetRepository, SegmentRecord } from '#src/catalog/data-sets';
import type { TapeFileRepository } from '#src/catalog/tape-files';
import { Admission } from '#src/staging/admission';
import { DataSetSink, sizeOf } from '#src/staging/data-set-sink';
import { replaceDurably, syncDirectory } from '#src/staging/durable';
import { isDataSetName, parseStagedName, type StagedPaths, stagedPaths } from '#src/staging/staged-paths';
import { type DataSetIndexRecord, encodeIndexRecord } from '#src/volume/index-record';

export interface StagingAreaOptions {
  readonly path: string;
  readonly sizeBytes: number;
  readonly dataSets: DataSetRepository;
  readonly tapeFiles: Pick<TapeFileRepository, 'copiesOf'>;
  /**
   * A segment waits for room: whoever can writes staged segments to cartridges and evicts them, or calls `refuse`, or `refuseIfStuck` where nothing was
   * to be had. Without it what waits is refused as soon as nothing moves.
   */
  readonly onShortage?: (shortBytes: number) => void;
}

/** As `staging status` prints it (docs/cli). */
export interface StagingStatus {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly segments: readonly {
    readonly dataSet: string;
    readonly number: number;
    readonly bytes: number;
    readonly state: 'filling' | 'staged' | 'written';
  }[];
}

/**
 * The disk before the cartridges. The process that uses it holds its lock (`state/locks`); `recover` comes before the first use.
 */
export class StagingArea {
  readonly paths: StagedPaths;
  readonly #options: StagingAreaOptions;
  readonly #admission: Admission;
  /** Who waits because the disk itself is full. */
  readonly #roomMade = new Set<() => void>();
  #isRefusing = false;
  #sink: DataSetSink | undefined;
  #evictedBytes = 0;

  constructor(options: StagingAreaOptions) {
    this.#options = options;
    this.paths = stagedPaths(options.path);
    this.#admission = new Admission({ sizeBytes: options.sizeBytes, onShortage: (bytes) => this.#tellShortage(bytes) });
  }

  /** What has left since it was opened. */
  get evictedBytes(): number {
    return this.#evictedBytes;
  }

  /** Nobody gets room any more. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  segment(dataSet: string, number: number): string {
    return this.paths.segment(dataSet, number);
  }

  indexPart(dataSet: string, number: number): string {
    return this.paths.indexPart(dataSet, number);
  }

  deletions(dataSet: string): string {
    return this.paths.deletions(dataSet);
  }

  scratch(dataSet: string, name: string): string {
    return this.paths.scratch(dataSet, name);
  }

  /**
   * Keeps what a data set is beside what is staged of it, durably, so that a rebuild knows it when the catalog is lost. Before its first segment is begun, and when it has
   * ended, before the catalog says so. Throws `staging.full`.
   */
  async keepRecord(record: DataSetIndexRecord): Promise<void> {
    const { dataSet } = record;
    try {
      await mkdir(this.paths.folder(dataSet), { recursive: true, mode: 0o700 });
      await syncDirectory(this.#options.path);
      const temporary = this.paths.scratch(dataSet, 'data-set.json');
      await replaceDurably(this.paths.record(dataSet), temporary, encodeIndexRecord(record));
    } catch (error) {
      throw this.asFailure(error);
    }
  }

  /** Whether anything of it lies here. */
  holds({ id }: DataSetRecord): boolean {
    return existsSync(this.paths.folder(id));
  }

  /** Takes the segments of one data set, each admitted with `segmentBytes` of room. */
  sink(
    dataSet: DataSetRecord,
    { segmentBytes, signal }: { readonly segmentBytes: number; readonly signal?: AbortSignal | undefined },
  ): SegmentSink {
    this.#sink = new DataSetSink({
      dataSet,
      paths: this.paths,
      admission: this.#admission,
      dataSets: this.#options.dataSets,
      segmentBytes,
      onDiskFull: (waiting) => this.#onDiskFull(waiting),
      onStaged: () => {
        if (this.#roomMade.size > 0) this.#tellShortage(1);
      },
      signal,
    });
    return this.#sink;
  }

  /** Nothing will leave any more: segments that wait for room fail with `staging.full`. */
  refuse(): void {
    this.#isRefusing = true;
    this.#admission.refuseAll(this.#full('the staging area is full, and nothing in it is being written to cartridges'));
    for (const wake of this.#roomMade) wake();
  }

  /** Whoever despools found nothing to write: where no segment moves by itself either, nobody gets room any more. */
  refuseIfStuck(): void {
    if (this.#sink?.isStuck !== false) this.refuse();
  }

  /** What the system says of a write here, as the area's own failure where its disk is full; anything else as it is. */
  asFailure(error: unknown): unknown {
    return isDiskFull(error) ? this.#full('the file system of the staging area has no room left', error) : error;
  }

  /** Deletes a segment's bytes; its index part stays. The catalog knows it first (invariant 8). */
  async evict(segment: SegmentRecord, dataSet: DataSetRecord): Promise<void> {
    await this.#options.dataSets.leftStaging(segment.dataSet, segment.number);
    trace('segment.evicting');
    const path = this.paths.segment(dataSet.id, segment.number);
    const bytes = await sizeOf(path);
    await rm(path, { force: true });
    trace('segment.evicted');
    this.#leave(bytes);
  }

  /** Takes away what is left of a data set of which everything is on cartridges. Segments that the catalog does not know stay, with all that tells of them. */
  async finish(dataSet: DataSetRecord): Promise<void> {
    trace('data-set.leaving');
    const folder = this.paths.folder(dataSet.id);
    if ((await readdir(folder)).some((name) => parseStagedName(name)?.kind === 'segment')) return;
    const bytes = await folderBytes(folder);
    await rm(folder, { recursive: true, force: true });
    this.#leave(bytes);
  }

  async status(): Promise<StagingStatus> {
    const { path, sizeBytes, dataSets } = this.#options;
    const segments: StagingStatus['segments'][number][] = [];
    let usedBytes = 0;
    for (const dataSet of await stagedDataSets(path)) {
      usedBytes += await folderBytes(this.paths.folder(dataSet));
      const record = await dataSets.byId(dataSet);
      for (const segment of record ? await dataSets.segments(record.key) : []) {
        if (segment.state !== 'filling' && !segment.inStaging) continue;
        const { number, state } = segment;
        const file = state === 'filling' ? this.paths.partial(dataSet, number) : this.paths.segment(dataSet, number);
        segments.push({ dataSet, number, bytes: await sizeOf(file), state });
      }
    }
    return { path, sizeBytes, usedBytes, segments };
  }

  /**
   * Puts the area in order after a crash and counts what is in it: what was being filled goes. A segment that the catalog does not know stays and is
   * reported; so is a row whose file is missing.
   */
  async recover(): Promise<readonly Finding[]> {
    const { path, dataSets } = this.#options;
    await this.#ensureWritable();
    for (const name of await readdir(path)) {
      if (name.startsWith(scratchPrefix)) await rm(join(path, name), { recursive: true });
    }
    const findings: Finding[] = [];
    for (const dataSet of await stagedDataSets(path)) findings.push(...(await this.#recoverFolder(dataSet)));
    const names = new Map<DataSetKey, string>();
    for (const segment of await dataSets.inStaging()) {
      const name = names.get(segment.dataSet) ?? (await dataSets.get(segment.dataSet))?.id;
      if (name === undefined) continue;
      names.set(segment.dataSet, name);
      const bytes = await sizeOf(this.paths.segment(name, segment.number));
      if (bytes !== segment.payloadBytes) findings.push(missingFile(name, segment, bytes));
    }
    return findings;
  }

  /** Before anything is begun: a file system that was mounted read-only, or turned so after an error, takes nothing. */
  async #ensureWritable(): Promise<void> {
    const { path } = this.#options;
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await access(path, constants.W_OK | constants.X_OK);
    } catch (cause) {
      if (isDiskFull(cause)) throw this.asFailure(cause);
      throw new GrandsireError('staging.not-writable', {
        message: `the staging area ${path} cannot be written to: ${cause instanceof Error ? cause.message : String(cause)}`,
        remedy: `See how it is mounted, and whose it is: 'findmnt -T ${path}; ls -ld ${path}'. Then run the command again.`,
        cause,
      });
    }
  }

  async #recoverFolder(dataSet: string): Promise<readonly Finding[]> {
    const { dataSets, tapeFiles } = this.#options;
    const record = await dataSets.byId(dataSet);
    const copied = new Set((record ? await tapeFiles.copiesOf(record.key) : []).map(({ number }) => number));
    const folder = this.paths.folder(dataSet);
    const known = new Map((record ? await dataSets.segments(record.key) : []).map((row) => [row.number, row]));
    const unknown: number[] = [];
    for (const name of await readdir(folder)) {
      const staged = parseStagedName(name);
      const row = staged && known.get(staged.number);
      // It left staging, and the process died before the unlink.
      const isEvicted =
        staged?.kind === 'segment' && row?.inStaging === false && (row.state === 'staged' || copied.has(row.number));
      const isTorn = staged && (staged.kind === 'partial' || row?.state === 'filling');
      // What the catalog does not look for here was staged under another one (that was lost, perhaps): its bytes may be the only ones.
      if (staged?.kind === 'segment' && !row?.inStaging && !isEvicted && !isTorn) unknown.push(staged.number);
      if (!record) continue;
      const isStale = name === 'deletions.jsonl' && record.state !== 'complete';
      if (name.startsWith('.') || isTorn || isEvicted || isStale) {
        await rm(join(folder, name), { recursive: true, force: true });
      }
    }
    // The rows last: as long as they are there, the files are known for what they are.
    if (record) await dataSets.abandonFilling(record.key);
    // Killed behind the last eviction: bytes leave only when copies and indexes are on media, so that nobody needs what is left.
    const rows = [...known.values()];
    const hasLeft = rows.every(({ state, inStaging }) => state !== 'filling' && !inStaging);
    // What its last index is made of is needed until that is on a medium.
    const isEnded = record?.state === 'interrupted' || (record?.state === 'complete' && record.concluded);
    const isOver = isEnded && hasLeft && unknown.length === 0;
    if (isOver || (await readdir(folder)).length === 0) await rm(folder, { recursive: true });
    else this.#admission.count(await folderBytes(folder));
    return unknown.length > 0 ? [unknownSegments(folder, dataSet, unknown)] : [];
  }

  #leave(bytes: number): void {
    this.#evictedBytes += bytes;
    this.#admission.leave(bytes);
    for (const wake of this.#roomMade) wake();
  }

  #tellShortage(bytes: number): void {
    if (this.#options.onShortage) this.#options.onShortage(bytes);
    else this.refuseIfStuck();
  }

  /** The file system has less room than the configuration promises. Somebody else may hold it: only an eviction of ours is waited for. */
  async #onDiskFull(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw interrupted();
    if (!this.#isRefusing) {
      await new Promise<void>((resolve, reject) => {
        const settle = (how: () => void) => (): void => {
          this.#roomMade.delete(wake);
          signal?.removeEventListener('abort', onAbort);
          how();
        };
        const wake = settle(resolve);
        const onAbort = settle(() => reject(interrupted()));
        signal?.addEventListener('abort', onAbort, { once: true });
        this.#roomMade.add(wake);
        this.#tellShortage(1);
      });
    }
    if (this.#isRefusing) throw this.#full('the file system of the staging area has no room left');
  }

  #full(why: string, cause?: unknown): GrandsireError {
    return new GrandsireError('staging.full', {
      message: `${this.#options.path}: ${why}`,
      remedy: 'Make room on its disk, or write what is staged to cartridges: "grandsire staging flush".',
      cause,
    });
  }
}

const missingFile = (dataSet: string, { number, payloadBytes }: SegmentRecord, bytes: number): Finding => ({
  code: 'staging.segment-missing',
  subject: `${dataSet}, segment ${number}`,
  message: `the catalog says that ${payloadBytes} bytes are staged; there are ${bytes}`,
  repair: 'Back up the set again; copies on cartridges, if any, stay usable.',
  repairable: false,
});

const unknownSegments = (folder: string, dataSet: string, numbers: readonly number[]): Finding => ({
  code: 'staging.unknown-segment',
  subject: dataSet,
  message: `${folder} holds segments that the catalog does not know (${[...numbers].sort((a, b) => a - b).join(', ')}); they are left there`,
  repair:
    'Take in what is whole of them: "grandsire catalog rebuild". They are tar streams: put together in order, "tar -x" reads them. Delete the folder when nobody needs them.',
  repairable: false,
});

async function stagedDataSets(path: string): Promise<readonly string[]> {
  return (await readdir(path)).filter(isDataSetName).sort();
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  // Only what stays until somebody evicts it; scratch files come and go.
  for (const name of await readdir(folder)) {
    const staged = parseStagedName(name);
    if (staged && staged.kind !== 'facts') bytes += await sizeOf(join(folder, name));
  }
  return bytes;
}
