import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { GrandsireError, throwIfAborted } from '#src/base/errors';
import { Xxh64Stream } from '#src/base/xxh64';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { adoptDataSet, segmentFacts } from '#src/jobs/rebuild/adopt-data-set';
import { noteUnread } from '#src/jobs/rebuild/adopt-index';
import { encodeBatch, splitPath } from '#src/jobs/rebuild/encode-batch';
import { parseSegmentRecord, type SegmentRecordFile } from '#src/staging/segment-record';
import { isDataSetName, parseStagedName, type StagedPaths } from '#src/staging/staged-paths';
import { type IndexLine, parseDeletionLine, parseIndexLine } from '#src/volume/index-line';
import { type DataSetIndexRecord, parseIndexRecord } from '#src/volume/index-record';

export interface StagedAdoptionPorts {
  readonly catalog: Catalog;
  /** The staging area; the caller holds its lease. */
  readonly path: string;
  readonly paths: StagedPaths;
  readonly onDoubt: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface StagedAdoption {
  readonly dataSets: readonly DataSetRecord[];
  /** Versions that were added. */
  readonly files: number;
}

const linesAtOnce = 2000;

/**
 * Takes in what was staged under a catalog that was lost: what is in no catalog may be the last copy. A segment counts when its length, its XXH64 and its part of the
 * index are what its record says; everything else stays where it is, and is told.
 */
export async function adoptStaged(ports: StagedAdoptionPorts): Promise<StagedAdoption> {
  const dataSets: DataSetRecord[] = [];
  let files = 0;
  const names = await readdir(ports.path).catch(noneWhereMissing);
  for (const id of names.filter(isDataSetName).sort()) {
    const adopted = await adoptFolder(id, ports);
    if (!adopted) continue;
    dataSets.push(adopted.dataSet);
    files += adopted.files;
  }
  return { dataSets, files };
}

function noneWhereMissing(error: unknown): readonly string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}

/** Undefined where the catalog knows all that is in the folder, or nobody can tell what it is. */
async function adoptFolder(
  id: string,
  ports: StagedAdoptionPorts,
): Promise<{ readonly dataSet: DataSetRecord; readonly files: number } | undefined> {
  const { catalog, paths, onDoubt } = ports;
  const known = await catalog.dataSets.byId(id);
  // What a process left open under this catalog, the next run puts in order.
  if (known?.state === 'open') return undefined;
  const numbers = await unknownNumbers(id, known, ports);
  const record = await readRecord(paths.record(id), id);
  const isNews = known === undefined || (record?.state === 'complete' && known.state !== 'complete');
  if (numbers.length === 0 && !isNews) return undefined;
  if (!record) {
    if (numbers.length > 0)
      onDoubt(`${paths.folder(id)}: nothing there tells what it is; segments ${numbers.join(', ')} are left there`);
    return undefined;
  }
  const dataSet = await adoptDataSet(record, { complete: false, onMedium: false }, catalog);
  let files = 0;
  for (const number of numbers) files += await adoptSegment(dataSet, number, ports);
  await noteUnread(dataSet, record, catalog);
  if (record.state === 'complete') await complete(dataSet, record, ports);
  return { dataSet, files };
}

/** Segments whose bytes lie there and that the catalog does not look for there. */
async function unknownNumbers(
  id: string,
  known: DataSetRecord | undefined,
  { catalog, paths }: StagedAdoptionPorts,
): Promise<readonly number[]> {
  const segments = known ? await catalog.dataSets.segments(known.key) : [];
  const inStaging = new Set(segments.filter((segment) => segment.inStaging).map(({ number }) => number));
  return (await readdir(paths.folder(id)))
    .map(parseStagedName)
    .filter((staged) => staged?.kind === 'segment')
    .map((staged) => staged?.number as number)
    .filter((number) => !inStaging.has(number))
    .sort((a, b) => a - b);
}

async function readRecord(path: string, id: string): Promise<DataSetIndexRecord | undefined> {
  try {
    const record = parseIndexRecord(await readFile(path), path);
    return record.dataSet === id ? record : undefined;
  } catch (error) {
    const isUnusable =
      error instanceof GrandsireError || ['ENOENT', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (!isUnusable) throw error;
    return undefined;
  }
}

async function adoptSegment(dataSet: DataSetRecord, number: number, ports: StagedAdoptionPorts): Promise<number> {
  const { catalog, paths, onDoubt } = ports;
  const staged = await readWhole(dataSet.id, number, ports);
  if (typeof staged === 'string') {
    onDoubt(`${paths.segment(dataSet.id, number)}: ${staged}; it is left there`);
    return 0;
  }
  await catalog.dataSets.adoptSegment(segmentFacts(dataSet.key, staged));
  const row = (await catalog.dataSets.segments(dataSet.key)).find((segment) => segment.number === number);
  if (row?.xxh64 !== staged.payloadXxh64) {
    onDoubt(`${paths.segment(dataSet.id, number)}: a cartridge has other bytes under its name; it is left there`);
    return 0;
  }
  let files = 0;
  if (!row.listed) {
    const writer = catalog.files.openWriter(dataSet.key);
    for await (const lines of indexLines(paths.indexPart(dataSet.id, number))) {
      await writer.add(encodeBatch(lines as readonly IndexLine[]));
      files += lines.length;
    }
    await catalog.dataSets.segmentListed(dataSet.key, number);
  }
  await catalog.dataSets.backInStaging(dataSet.key, number);
  return files;
}

/** The record of a segment that is what it was when it was staged, or what is wrong with it. */
async function readWhole(
  id: string,
  number: number,
  { paths, signal }: StagedAdoptionPorts,
): Promise<SegmentRecordFile | string> {
  try {
    const record = parseSegmentRecord(await readFile(paths.facts(id, number), 'utf8'));
    if (record?.number !== number) return 'its record cannot be understood';
    const { size } = await stat(paths.segment(id, number));
    if (size !== record.payloadBytes) return `it has ${size} bytes, and had ${record.payloadBytes} when it was staged`;
    const found = await xxh64Of(paths.segment(id, number), signal);
    if (found !== record.payloadXxh64)
      return `its XXH64 is ${found}, and was ${record.payloadXxh64} when it was staged`;
    const part = await stat(paths.indexPart(id, number));
    if (part.size !== record.indexBytes) return 'its list of files is torn';
    for await (const lines of indexLines(paths.indexPart(id, number))) {
      if (lines.some((line) => line?.segment === undefined)) return 'its list of files cannot be understood';
    }
    return record;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'it lacks its record or its list of files';
    if (code === 'EIO') return (error as Error).message;
    throw error;
  }
}

async function xxh64Of(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = new Xxh64Stream();
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    throwIfAborted(signal);
    hash.update(chunk);
  }
  return hash.digest();
}

async function* pages(path: string): AsyncGenerator<readonly string[]> {
  let page: string[] = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    page.push(line);
    if (page.length < linesAtOnce) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function* indexLines(path: string): AsyncGenerator<readonly (IndexLine | undefined)[]> {
  for await (const page of pages(path)) yield page.map(parseIndexLine);
}

/** All its segments, so that it does not pass for whole without those that are missing, and its deletions, before it counts as complete. */
async function complete(
  dataSet: DataSetRecord,
  record: DataSetIndexRecord,
  { catalog, paths }: StagedAdoptionPorts,
): Promise<void> {
  for (const segment of record.segments) await catalog.dataSets.adoptSegment(segmentFacts(dataSet.key, segment));
  const deletions = paths.deletions(dataSet.id);
  const isThere = await stat(deletions).then(
    () => true,
    () => false,
  );
  if (isThere && dataSet.state !== 'complete') {
    const writer = catalog.files.openWriter(dataSet.key);
    for await (const page of pages(deletions)) {
      const gone = page.map(parseDeletionLine).filter((path) => path !== undefined);
      await writer.addDeletions(gone.map(splitPath));
    }
  }
  await adoptDataSet(record, { complete: true, onMedium: false }, catalog);
}
