import { createExtractor, type Extractor, type WantedVersion } from '#src/archive/extract/extractor';
import { groupMembers } from '#src/archive/extract/group-members';
import { createPayloadStream } from '#src/archive/extract/payload-stream';
import type { FailedEntry } from '#src/archive/extract/target-failure';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { bug, GrandsireError, throwIfAborted } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import { versionFlags } from '#src/catalog/files';
import {
  CopyReader,
  type CopySource,
  isAtHand,
  isCopyFault,
  rankCopies,
  type SegmentCopies,
  type SegmentCopy,
  unreadSource,
} from '#src/jobs/copy-sources';
import { MemberSpans } from '#src/jobs/member-spans';
import type { MountCartridge } from '#src/jobs/mounting';
import { planRestore } from '#src/jobs/plan-restore';
import { nothingFound, type RestoreRequest, type TreeSelection } from '#src/jobs/select-trees';

export interface RestorePorts {
  readonly repositories: Repositories;
  readonly mount: MountCartridge;
  readonly stagedSegment: (dataSet: string, number: number) => string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}

export interface RestoreProgress {
  readonly files: number;
  readonly bytes: number;
  /** What the plan comes to. */
  readonly totalBytes: number;
}

export interface RestoreResult {
  readonly files: number;
  readonly bytes: number;
  readonly failed: readonly FailedEntry[];
  /** Restored from a copy that was made while the file was being changed. */
  readonly fuzzy: readonly Uint8Array[];
  /** Those from which something was restored, in order. */
  readonly cartridges: readonly string[];
}

/**
 * Restores the trees below `directory`. Cartridges that no library holds are asked for before anything is written (`restore.cartridges-missing`, kind waiting). What a
 * copy fails to give is read from another one; what none gives, and what cannot be put in place, is in the result, and the rest is restored.
 */
export async function restore(
  request: RestoreRequest & { readonly directory: string; readonly overwrite: boolean },
  ports: RestorePorts,
): Promise<RestoreResult> {
  const plan = await planRestore(request, ports.repositories);
  if (plan.requests.length > 0) throw cartridgesMissing(plan.requests);
  const { directory, overwrite } = request;
  const { signal } = ports;
  const failures = new Failures();
  await using reader = new CopyReader(ports.mount, 'restoring', signal);
  using extractor = createExtractor({ directory, overwrite, ...(signal ? { signal } : {}), onFailed: failures.add });
  const totals = { files: 0, bytes: 0, totalBytes: plan.bytes, versions: 0 };
  const spans = new MemberSpans(ports.repositories);
  const run: Run = { ports, extractor, reader, totals, failures, spans, fuzzy: [], used: new Set() };
  try {
    for (const tree of plan.trees) await restoreTree(tree, run);
  } catch (error) {
    if (!(error instanceof GrandsireError) || error.code !== 'restore.disk-full') throw error;
    await nameTheRest(plan.trees, run);
  } finally {
    await extractor.finish();
  }
  for (const path of plan.missing) failures.add(failureOf(path, nothingFound([path])));
  return {
    files: totals.files,
    bytes: totals.bytes,
    failed: failures.all,
    fuzzy: run.fuzzy,
    cartridges: [...run.used],
  };
}

interface Run {
  readonly ports: RestorePorts;
  readonly extractor: Extractor;
  readonly reader: CopyReader;
  readonly totals: {
    files: number;
    bytes: number;
    readonly totalBytes: number /** Restored or failed. */;
    versions: number;
  };
  readonly failures: Failures;
  readonly spans: MemberSpans;
  readonly fuzzy: Uint8Array[];
  /** Barcodes. */
  readonly used: Set<string>;
}

async function restoreTree({ chain, paths }: TreeSelection, run: Run): Promise<void> {
  let open: { readonly key: DataSetKey; readonly copies: DataSetCopies } | undefined;
  try {
    for await (const version of groupMembers(run.ports.repositories.files.selection(chain, paths))) {
      throwIfAborted(run.ports.signal);
      if (open?.key !== version.dataSet) {
        await open?.copies[Symbol.asyncDispose]();
        open = { key: version.dataSet, copies: await openDataSet(version.dataSet, run) };
      }
      await restoreVersion(open.copies, version, run);
      run.totals.versions += 1;
    }
  } finally {
    await open?.copies[Symbol.asyncDispose]();
  }
}

/** The target is full: whatever has not been restored is named as failed, and nothing more is read. */
async function nameTheRest(trees: readonly TreeSelection[], run: Run): Promise<void> {
  const settled = run.totals.versions;
  const message =
    'there is no room left where it is restored to; make some, or restore it to another directory with `--to DIR`';
  let version = 0;
  for (const { chain, paths } of trees) {
    for await (const wanted of groupMembers(run.ports.repositories.files.selection(chain, paths))) {
      throwIfAborted(run.ports.signal);
      version += 1;
      if (version <= settled) continue;
      for (const path of [wanted.path, ...(wanted.names ?? [])])
        run.failures.add({ path, code: 'restore.disk-full', message });
    }
  }
}

async function restoreVersion(copies: DataSetCopies, version: WantedVersion, run: Run): Promise<void> {
  const segments = await run.spans.of(version);
  const choices = copies.choices(segments);
  const first = copies.preferred(version.segment);
  for (let tried = 1; ; tried += 1) {
    const choice = (first + tried - 1) % choices;
    const { files, bytes, failed } = await extractFrom(await copies.stream(choice), version, run);
    run.totals.files += files;
    run.totals.bytes += bytes;
    const isUnread = failed.some(({ code }) => isRetried(code));
    // A source that failed has ended, wherever the stream believes to be.
    if (isUnread) await copies[Symbol.asyncDispose]();
    if (isUnread && files === 0 && tried < choices) continue;
    for (const failure of failed) run.failures.add(failure);
    if (files > 0) {
      for (const barcode of copies.barcodes(segments, choice)) run.used.add(barcode);
      if (version.flags & versionFlags.fuzzy) run.fuzzy.push(version.path, ...(version.names ?? []));
    }
    if (failed.length === 0) copies.prefer(version.segment, choice);
    run.ports.onProgress?.(run.totals);
    return;
  }
}

/** One attempt: what it restored, and what it failed at. What is not the copy's fault is thrown. */
async function extractFrom(stream: PayloadStream, version: WantedVersion, run: Run) {
  const attempt = run.failures.begin();
  try {
    await stream.seek({ segment: version.segment, offset: version.offset });
    return { ...(await run.extractor.extract(stream, version)), failed: attempt };
  } catch (error) {
    if (!isCopyFault(error)) throw error;
    const failed = [version.path, ...(version.names ?? [])].map((path) => failureOf(path, error));
    return { files: 0, bytes: 0, failed };
  } finally {
    run.failures.end();
  }
}

/** What the extractor finds wrong with the bytes, or what kept them from being read. */
const isRetried = (code: string): boolean => !code.startsWith('restore.') || code === 'restore.digest-differs';

const failureOf = (path: Uint8Array, { code, message }: GrandsireError): FailedEntry => ({ path, code, message });

/** Failures of an attempt are kept apart until it is known that no other follows. */
class Failures {
  readonly all: FailedEntry[] = [];
  #attempt: FailedEntry[] | undefined;

  readonly add = (failure: FailedEntry): void => {
    (this.#attempt ?? this.all).push(failure);
  };

  begin(): readonly FailedEntry[] {
    this.#attempt = [];
    return this.#attempt;
  }

  end(): void {
    this.#attempt = undefined;
  }
}

/** The copies of one data set as streams: choice 0 is the best copy of each segment, choice 1 the next best, and so on. One stream is open at a time. */
class DataSetCopies implements AsyncDisposable {
  readonly #segments: ReadonlyMap<number, SegmentCopies>;
  readonly #source: (segment: SegmentCopies, choice: number) => CopySource;
  readonly #preferred = new Map<number, number>();
  #open:
    | { readonly choice: number; readonly stream: PayloadStream; readonly sources: readonly CopySource[] }
    | undefined;

  constructor(segments: readonly SegmentCopies[], source: (segment: SegmentCopies, choice: number) => CopySource) {
    this.#segments = new Map(segments.map((copies) => [copies.segment.number, copies]));
    this.#source = source;
  }

  /** How many attempts there are for what lies in these segments, without fetching anything more. */
  choices(numbers: readonly number[]): number {
    return Math.max(1, ...numbers.map((number) => this.#segments.get(number)?.copies.filter(isAtHand).length ?? 0));
  }

  /** Of the cartridges from which an attempt reads these segments. */
  barcodes(numbers: readonly number[], choice: number): readonly string[] {
    return numbers.flatMap((number) => {
      const segment = this.#segments.get(number);
      const copy = segment && chosenCopy(segment, choice);
      return copy?.kind === 'cartridge' ? [copy.cartridge.barcode] : [];
    });
  }

  /** The choice that was good for the segment last: a copy that failed once is not gone back to for each file. */
  preferred(segment: number): number {
    return this.#preferred.get(segment) ?? 0;
  }

  prefer(segment: number, choice: number): void {
    if (choice !== this.preferred(segment)) this.#preferred.set(segment, choice);
  }

  async stream(choice: number): Promise<PayloadStream> {
    if (this.#open?.choice === choice) return this.#open.stream;
    await this[Symbol.asyncDispose]();
    const sources = [...this.#segments.values()].map((segment) => this.#source(segment, choice));
    this.#open = { choice, sources, stream: createPayloadStream(sources) };
    return this.#open.stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.stream[Symbol.asyncDispose]();
    for (const source of open?.sources ?? []) source.close?.();
  }
}

async function openDataSet(key: DataSetKey, { ports, reader }: Run): Promise<DataSetCopies> {
  const dataSet = await ports.repositories.dataSets.get(key);
  if (!dataSet) throw bug(`a version names data set ${key}, which is not there`);
  return new DataSetCopies(await rankCopies(dataSet, ports.repositories), (ranked, choice) => {
    const { segment, copies, unread } = ranked;
    if (copies.length === 0 && unread.length > 0) return unreadSource(ranked);
    return reader.source(segment, chosenCopy(ranked, choice), ports.stagedSegment(dataSet.id, segment.number));
  });
}

function chosenCopy({ copies }: SegmentCopies, choice: number): SegmentCopy | undefined {
  const usable = copies.filter((copy, index) => index === 0 || isAtHand(copy));
  return usable[Math.min(choice, usable.length - 1)];
}

const cartridgesMissing = (cartridges: readonly CartridgeRecord[]): GrandsireError =>
  new GrandsireError('restore.cartridges-missing', {
    message: `these cartridges are needed and in no library: ${cartridges.map(({ barcode }) => barcode).join(', ')}; nothing was restored yet`,
    remedy: 'Put them into the library, run "grandsire library inventory", then restore again.',
    details: { cartridges: cartridges.map(({ barcode }) => barcode) },
  });
