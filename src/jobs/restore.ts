import { createExtractor, type Extractor, type WantedVersion } from '#src/archive/extract/extractor';
import { createPayloadStream } from '#src/archive/extract/payload-stream';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { asBuffer, escapePath } from '#src/base/bytes';
import type { Instant } from '#src/base/clock';
import { bug, GrandsireError, throwIfAborted } from '#src/base/errors';
import { groupBy } from '#src/base/group-by';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord } from '#src/catalog/data-sets';
import type { FileVersion } from '#src/catalog/files';
import { type ChosenCopy, CopyReader, cartridgesToFetch, chooseCopies } from '#src/jobs/copy-sources';
import type { MountCartridge } from '#src/jobs/mounting';

export interface RestoreRequest {
  /** Absolute paths as backed up, bytes; each stands for everything at and below it. */
  readonly paths: readonly Uint8Array[];
  readonly asOf: Instant | undefined;
  /** Id of the data set whose state of the tree is wanted. */
  readonly dataSet: string | undefined;
}

export interface RestorePorts {
  readonly repositories: Repositories;
  readonly mount: MountCartridge;
  readonly stagedSegment: (dataSet: string, number: number) => string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly files: number; readonly bytes: number }) => void) | undefined;
}

/** One tree to be restored: a state of a backup set, and the paths that are taken from it. */
interface Selection {
  readonly chain: readonly DataSetRecord[];
  readonly paths: readonly Uint8Array[];
}

export interface RestorePlan {
  readonly files: number;
  readonly bytes: number;
  readonly cartridges: readonly {
    readonly cartridge: CartridgeRecord;
    /** Segments that are read from it. */
    readonly reads: number;
    readonly bytes: number;
  }[];
  /** Those that no library holds. */
  readonly requests: readonly CartridgeRecord[];
}

export interface RestoreResult {
  readonly files: number;
  readonly bytes: number;
  readonly failed: readonly { readonly path: Uint8Array; readonly code: string; readonly message: string }[];
  readonly cartridges: readonly string[];
}

/** What a restore would read, from where. Throws `restore.nothing-found` where nothing of it was ever backed up. */
export async function planRestore(request: RestoreRequest, repositories: Repositories): Promise<RestorePlan> {
  const needed = new Map<DataSetKey, Set<number>>();
  let files = 0;
  let bytes = 0;
  for (const selection of await selectTrees(request, repositories)) {
    for await (const page of repositories.files.selection(keysOf(selection.chain), selection.paths)) {
      for (const version of page) {
        files += 1;
        bytes += version.type === 'file' ? version.sizeBytes : 0;
        needed.set(version.dataSet, (needed.get(version.dataSet) ?? new Set()).add(version.segment));
      }
    }
  }
  if (files === 0) throw nothingFound(request);
  const copies = (await Promise.all([...needed].map((entry) => copiesOf(entry, repositories)))).flat();
  const byCartridge = groupBy(
    copies.flatMap((copy) => (copy.kind === 'cartridge' ? [copy] : [])),
    ({ cartridge }) => cartridge.id,
  );
  const cartridges = [...byCartridge.values()].map((reads) => ({
    cartridge: (reads[0] as (typeof reads)[number]).cartridge,
    reads: reads.length,
    bytes: reads.reduce((sum, { segment }) => sum + segment.payloadBytes, 0),
  }));
  return { files, bytes, cartridges, requests: unique(cartridgesToFetch(copies)) };
}

async function copiesOf([key, numbers]: [DataSetKey, Set<number>], repositories: Repositories): Promise<ChosenCopy[]> {
  const dataSet = await repositories.dataSets.get(key);
  if (!dataSet) throw bug(`a version names data set ${key}, which is not there`);
  return (await chooseCopies(dataSet, repositories)).filter(({ segment }) => numbers.has(segment.number));
}

/**
 * Restores the trees below `directory`. Cartridges that no library holds are asked for before anything is written (`restore.cartridges-missing`, kind waiting). What fails of
 * single files is in the result; the rest is restored.
 */
export async function restore(
  request: RestoreRequest & { readonly directory: string; readonly overwrite: boolean },
  ports: RestorePorts,
): Promise<RestoreResult> {
  const plan = await planRestore(request, ports.repositories);
  if (plan.requests.length > 0) throw cartridgesMissing(plan.requests);
  const failed: { path: Uint8Array; code: string; message: string }[] = [];
  const { directory, overwrite } = request;
  const totals = { files: 0, bytes: 0 };
  await using reader = new CopyReader(ports.mount, 'restoring', ports.signal);
  using extractor = createExtractor({
    directory,
    overwrite,
    ...(ports.signal ? { signal: ports.signal } : {}),
    onFailed: (failure) => failed.push(failure),
  });
  const run = { ports, extractor, reader, totals, failed };
  try {
    for (const selection of await selectTrees(request, ports.repositories)) await restoreTree(selection, run);
  } finally {
    await extractor.finish();
  }
  return { ...totals, failed, cartridges: reader.barcodes };
}

interface Run {
  readonly ports: RestorePorts;
  readonly extractor: Extractor;
  readonly reader: CopyReader;
  readonly totals: { files: number; bytes: number };
  readonly failed: { path: Uint8Array; code: string; message: string }[];
}

async function restoreTree({ chain, paths }: Selection, run: Run): Promise<void> {
  const pages = run.ports.repositories.files.selection(keysOf(chain), paths);
  let open: { readonly key: DataSetKey; readonly stream: OpenStream } | undefined;
  try {
    for await (const version of joinNames(pages)) {
      throwIfAborted(run.ports.signal);
      if (open?.key !== version.dataSet) {
        await open?.stream[Symbol.asyncDispose]();
        open = { key: version.dataSet, stream: await openDataSet(version.dataSet, run) };
      }
      await restoreVersion(open.stream.payloads, version, run);
    }
  } finally {
    await open?.stream[Symbol.asyncDispose]();
  }
}

async function restoreVersion(stream: PayloadStream, version: WantedVersion, run: Run): Promise<void> {
  try {
    await stream.seek({ segment: version.segment, offset: version.offset });
    const { files, bytes } = await run.extractor.extract(stream, version);
    run.totals.files += files;
    run.totals.bytes += bytes;
    run.ports.onProgress?.(run.totals);
  } catch (error) {
    // What a medium cannot give is this file's misfortune; the next one may lie on a good place.
    if (!(error instanceof GrandsireError) || error.blame !== 'medium') throw error;
    for (const path of [version.path, ...(version.names ?? [])]) {
      run.failed.push({ path, code: error.code, message: error.message });
    }
  }
}

interface OpenStream extends AsyncDisposable {
  readonly payloads: PayloadStream;
}

async function openDataSet(key: DataSetKey, { ports, reader }: Run): Promise<OpenStream> {
  const dataSet = await ports.repositories.dataSets.get(key);
  if (!dataSet) throw bug(`a version names data set ${key}, which is not there`);
  const copies = await chooseCopies(dataSet, ports.repositories);
  const sources = copies.map((copy) => reader.source(copy, ports.stagedSegment(dataSet.id, copy.segment.number)));
  const payloads = createPayloadStream(sources);
  return {
    payloads,
    [Symbol.asyncDispose]: async () => {
      await payloads[Symbol.asyncDispose]();
      for (const source of sources) source.close?.();
    },
  };
}

/** Versions that share a place are names of one inode; they follow each other in the selection. */
async function* joinNames(pages: AsyncIterable<readonly FileVersion[]>): AsyncGenerator<WantedVersion> {
  let pending: (FileVersion & { names: Uint8Array[] }) | undefined;
  for await (const page of pages) {
    for (const version of page) {
      const same =
        pending?.dataSet === version.dataSet &&
        pending.segment === version.segment &&
        pending.offset === version.offset;
      if (pending && same) {
        pending.names.push(version.path);
        continue;
      }
      if (pending) yield pending;
      pending = { ...version, names: [] };
    }
  }
  if (pending) yield pending;
}

/** Which state of which backup sets: the data set asked for, or the newest one that was begun at `asOf` or before and can be read. */
async function selectTrees(
  { paths, asOf, dataSet: id }: RestoreRequest,
  repositories: Repositories,
): Promise<Selection[]> {
  if (id !== undefined) {
    const dataSet = await repositories.dataSets.byId(id);
    if (!dataSet) throw dataSetNotFound(id);
    return [{ chain: await repositories.dataSets.chain(dataSet.key), paths }];
  }
  const sets = [...new Set((await repositories.dataSets.list()).map(({ backupSet }) => backupSet))];
  const selections: Selection[] = [];
  let left = paths;
  for (const newest of await newestOf(sets, asOf, repositories)) {
    const chain = await repositories.dataSets.chain(newest.key);
    const found: Uint8Array[] = [];
    for (const path of left) if (await holds(chain, path, repositories)) found.push(path);
    if (found.length > 0) selections.push({ chain, paths: found });
    left = left.filter((path) => !found.includes(path));
  }
  return selections;
}

/** Newest first, one of each backup set. */
async function newestOf(
  sets: readonly string[],
  asOf: Instant | undefined,
  repositories: Repositories,
): Promise<DataSetRecord[]> {
  const found: DataSetRecord[] = [];
  for (const set of sets) {
    const newest = await repositories.dataSets.latestUsable(set, { ...(asOf === undefined ? {} : { notAfter: asOf }) });
    if (newest) found.push(newest);
  }
  return found.sort((a, b) => b.startedAt - a.startedAt);
}

async function holds(chain: readonly DataSetRecord[], path: Uint8Array, repositories: Repositories): Promise<boolean> {
  for await (const page of repositories.files.selection(keysOf(chain), [path])) if (page.length > 0) return true;
  return false;
}

const keysOf = (chain: readonly DataSetRecord[]): DataSetKey[] => chain.map(({ key }) => key);

const unique = (cartridges: readonly CartridgeRecord[]): CartridgeRecord[] => [
  ...new Map(cartridges.map((cartridge) => [cartridge.id, cartridge])).values(),
];

const nothingFound = ({ paths }: RestoreRequest): GrandsireError =>
  new GrandsireError('restore.nothing-found', {
    message: `nothing at or below ${paths.map((path) => escapePath(asBuffer(path))).join(', ')} is in a backup of that time`,
    remedy: 'Look for it by a part of its name: grandsire find NAME. Paths are absolute, as they were backed up.',
  });

export const dataSetNotFound = (id: string): GrandsireError =>
  new GrandsireError('data-set.not-found', {
    message: `there is no data set ${id}`,
    remedy: 'See which there are: grandsire backup list.',
  });

const cartridgesMissing = (cartridges: readonly CartridgeRecord[]): GrandsireError =>
  new GrandsireError('restore.cartridges-missing', {
    message: `these cartridges are needed and in no library: ${cartridges.map(({ barcode }) => barcode).join(', ')}; nothing was restored yet`,
    remedy: 'Put them into the library, run "grandsire library inventory", then restore again.',
    details: { cartridges: cartridges.map(({ barcode }) => barcode) },
  });
