import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Instant, instant, ManualClock } from '#src/base/clock';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog, Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord, SegmentFacts } from '#src/catalog/data-sets';
import type { entryTypes, VersionBatch } from '#src/catalog/files';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import { byteNameJson, encodeVersionRow } from '#src/catalog/version-row';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { Barcode, Protection } from '#src/media/facets';

/** A place where catalogs of one engine are kept during a test. */
export interface Engine {
  readonly name: string;
  open(folder: string, clock: Clock): Promise<Catalog>;
}

/** Every test of the catalog runs on all of them. */
export const engines: readonly Engine[] = [
  { name: 'SQLite', open: (folder, clock) => openSqliteCatalog({ path: join(folder, 'catalog.sqlite'), clock }) },
];

export const day = (text: string): Instant => instant(Date.parse(text));
export const testClock = () => new ManualClock(day('2026-11-22T22:00:00Z'));

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'catalog-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const withCatalog = (engine: Engine, work: (catalog: Catalog, folder: string) => Promise<void>): Promise<void> =>
  withFolder(async (folder) => {
    await using catalog = await engine.open(folder, testClock());
    await work(catalog, folder);
  });

export const addCartridge = (catalog: Repositories, barcode = 'G00001L9'): Promise<CartridgeRecord> =>
  catalog.cartridges.add({
    library: 'main',
    barcode: barcode as Barcode,
    kind: 'data',
    generation: 'LTO-9',
    pool: 'scratch',
    location: { kind: 'slot', library: 'main', number: 1 },
  });

export const addDataSet = (catalog: Repositories, changes: Partial<DataSetRecord> = {}): Promise<DataSetRecord> =>
  catalog.dataSets.create({
    id: 'home-20261122T220000Z',
    backupSet: 'home',
    level: 'full',
    base: undefined,
    startedAt: day('2026-11-22T22:00:00Z'),
    runDay: '2026-11-22',
    timeZone: 'Europe/London',
    library: 'main',
    pool: 'daily',
    rotation: undefined,
    tier: undefined,
    protection: { kind: 'none' },
    writer: undefined,
    ...changes,
  });

export const until = (freeOn: string, timeZone = 'Europe/London'): Protection => ({ kind: 'until', freeOn, timeZone });

let volumes = 0;

/** A confirmed volume on a cartridge. */
export async function addVolume(catalog: Repositories, cartridge: CartridgeRecord): Promise<VolumeRecord> {
  const volume = await catalog.volumes.beginLabelling(newVolume(cartridge));
  await catalog.volumes.confirm(volume.key);
  return { ...volume, state: 'live' };
}

export function newVolume(cartridge: CartridgeRecord) {
  volumes += 1;
  return {
    id: `00000000-0000-4000-8000-${String(volumes).padStart(12, '0')}`,
    cartridge: cartridge.id,
    blockSizeBytes: 524288,
    labelledAt: day('2026-11-01T00:00:00Z'),
  };
}

export interface TestFile {
  readonly path: string | Uint8Array;
  readonly segment?: number;
  readonly offset?: number;
  readonly size?: number;
  readonly flags?: number;
  readonly inode?: string;
  readonly type?: (typeof entryTypes)[number];
  readonly mtime?: readonly [number, number];
  readonly ctime?: readonly [number, number];
  readonly digest?: Uint8Array;
}

/** Builds what the archiver's workers build. */
export function batchOf(files: readonly TestFile[]): VersionBatch {
  const directories: Buffer[] = [];
  const rows = files.map((file, position) => {
    const path = Buffer.from(file.path);
    const cut = path.lastIndexOf(0x2f);
    const directory = cut === 0 ? Buffer.from('/') : path.subarray(0, cut);
    let index = directories.findIndex((known) => known.equals(directory));
    if (index < 0) index = directories.push(directory) - 1;
    const name = path.subarray(cut + 1);
    const text = name.toString('utf8');
    const [mtimeSeconds, mtimeNanoseconds] = file.mtime ?? [1_780_000_000, 123_456_789];
    const [ctimeSeconds, ctimeNanoseconds] = file.ctime ?? [mtimeSeconds, mtimeNanoseconds];
    return encodeVersionRow(
      index,
      Buffer.from(text).equals(name) ? JSON.stringify(text) : byteNameJson(name),
      {
        type: file.type ?? 'file',
        sizeBytes: file.size ?? 100,
        mtimeSeconds,
        mtimeNanoseconds,
        ctimeSeconds,
        ctimeNanoseconds,
        inode: file.inode ?? String(1000 + position),
        flags: file.flags ?? 0,
      },
      { segment: file.segment ?? 1, offset: file.offset ?? position * 1024 },
    );
  });
  return {
    directories,
    rows: Buffer.from(`[${rows.join(',')}]`),
    hasByteNames: rows.some((row) => /^\[\d+,\[/.test(row)),
    rowCount: files.length,
    digests: Buffer.concat(files.map((file) => file.digest ?? Buffer.alloc(32, 7))),
  };
}

export const segmentOf = (dataSet: DataSetKey, number = 1): SegmentFacts => ({
  dataSet,
  number,
  payloadBytes: 1_000_000,
  xxh64: '0123456789abcdef',
  startsInside: undefined,
  endsInside: undefined,
  firstHeader: 0,
});

/** A data set with one staged segment that holds these files. */
export async function addStaged(
  catalog: Catalog,
  files: readonly TestFile[],
  changes: Partial<DataSetRecord> = {},
): Promise<DataSetRecord> {
  const dataSet = await addDataSet(catalog, changes);
  await catalog.dataSets.beginSegment(dataSet.key, 1);
  await catalog.files.openWriter(dataSet.key).add(batchOf(files));
  await catalog.dataSets.segmentStaged(segmentOf(dataSet.key));
  return dataSet;
}

/** Writes a staged segment on a volume, as a session does. */
export async function writeSegment(
  catalog: Repositories,
  volume: VolumeRecord,
  place: { readonly dataSet: DataSetKey; readonly segment: number; readonly fileNumber: number },
): Promise<void> {
  const { dataSet, segment, fileNumber } = place;
  await catalog.tapeFiles.begin({
    volume: volume.key,
    fileNumber,
    kind: 'segment',
    block: fileNumber * 10,
    payloadBytes: 1_000_000,
    dataSet,
    number: segment,
  });
  await catalog.tapeFiles.written(volume.key, fileNumber, { blocks: 3, payloadBytes: 1_000_000 });
}

export const pathsOf = (versions: readonly { readonly path: Uint8Array }[]): readonly string[] =>
  versions.map(({ path }) => Buffer.from(path).toString('utf8'));

export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

/** What the chain holds in the directories, all in one page each. */
export const referenceOf = async (
  catalog: Catalog,
  chain: readonly DataSetKey[],
  directories: readonly (string | Uint8Array)[],
) => {
  const places = directories.map((directory) => ({ directory: Buffer.from(directory), from: Buffer.alloc(0) }));
  return (await catalog.files.reference(chain, places, 1_000_000)).map(({ entries }) => entries);
};
