import { isUtf8Text } from '#src/base/bytes';
import { instant } from '#src/base/clock';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord, SegmentPlace } from '#src/catalog/data-sets';
import { type VersionBatch, versionFlags } from '#src/catalog/files';
import { byteNameJson, encodeVersionRow } from '#src/catalog/version-row';
import { type IndexLine, parseDeletionLine, parseIndexLine } from '#src/volume/index-line';
import { readIndex } from '#src/volume/index-payload';
import { type DataSetIndexRecord, damaged, type IndexedPlace } from '#src/volume/index-record';

export interface IndexAdoption {
  readonly record: DataSetIndexRecord;
  /** Writes the data set, its segments and files into the catalog; what is there already stays. Returns how many versions were added. */
  take(): Promise<number>;
}

/** What one rebuild has taken from indexes so far. */
export interface AdoptionPorts {
  readonly catalog: Catalog;
  /** `<data set> <segment>` whose files the catalog has: an index repeats those of earlier cartridges. */
  readonly listed: Set<string>;
  readonly onDoubt: (text: string) => void;
}

/** In `listed`: the deletions of a data set, which only the indexes written at its end have. */
export const deletionsName = (dataSet: string): string => `${dataSet} deletions`;
export const segmentName = (dataSet: string, number: number): string => `${dataSet} ${number}`;

/** Opens an index for adoption: reads its record now, the rest when it is taken. Throws `volume.damaged-tape-file`. */
export async function adoptIndex(
  payload: () => AsyncIterable<Buffer>,
  what: string,
  ports: AdoptionPorts,
): Promise<IndexAdoption> {
  const record = await readRecord(payload(), what);
  return { record, take: () => takeIndex({ payload, what, record, ...ports }) };
}

async function readRecord(payload: AsyncIterable<Buffer>, what: string): Promise<DataSetIndexRecord> {
  for await (const event of readIndex(payload, what)) if (event.kind === 'record') return event.record;
  throw damaged(what, 'it has no data-set.json');
}

interface Taking extends AdoptionPorts {
  readonly payload: () => AsyncIterable<Buffer>;
  readonly what: string;
  readonly record: DataSetIndexRecord;
}

async function takeIndex(taking: Taking): Promise<number> {
  const { payload, what, catalog, record, listed } = taking;
  const dataSet = await adoptDataSet(record, catalog);
  const known = new Set((await catalog.dataSets.segments(dataSet.key)).map(({ number }) => number));
  const adopt = async (number: number): Promise<void> => {
    if (!known.has(number)) await adoptSegment(dataSet, record, number, catalog);
    known.add(number);
  };
  const writer = catalog.files.openWriter(dataSet.key);
  const taken = new Set<string>();
  const deletions = deletionsName(record.dataSet);
  let versions = 0;
  for await (const event of readIndex(payload(), what)) {
    if (event.kind === 'files' && !listed.has(segmentName(record.dataSet, event.segment))) {
      await adopt(event.segment);
      taken.add(segmentName(record.dataSet, event.segment));
      const lines = goodLines(event.lines, taking);
      if (lines.length > 0) await writer.add(encodeBatch(lines));
      versions += lines.length;
    }
    if (event.kind === 'deletions' && !listed.has(deletions)) {
      taken.add(deletions);
      const paths = event.lines.map(parseDeletionLine).filter((path) => path !== undefined);
      await writer.addDeletions(paths.map(splitPath));
    }
  }
  for (const name of taken) listed.add(name);
  // What a complete data set consists of is known even where it lies on cartridges that nobody read yet: it must not pass for whole without them.
  for (const { number, copies } of record.segments) {
    if (record.state === 'complete' || copies.length > 0) await adopt(number);
  }
  return versions;
}

function goodLines(lines: readonly string[], { what, onDoubt }: Taking): readonly IndexLine[] {
  const good = lines.map(parseIndexLine).filter((line) => line !== undefined);
  if (good.length < lines.length) onDoubt(`${what}: ${lines.length - good.length} lines cannot be understood`);
  return good;
}

async function adoptDataSet(record: DataSetIndexRecord, catalog: Catalog): Promise<DataSetRecord> {
  const known = await catalog.dataSets.byId(record.dataSet);
  const base = record.base === null ? undefined : await catalog.dataSets.byId(record.base);
  const dataSet =
    known ??
    (await catalog.dataSets.create({
      id: record.dataSet,
      backupSet: record.backupSet,
      level: record.level,
      base: base?.key,
      startedAt: instant(Date.parse(record.startedAt)),
      runDay: record.runDay,
      timeZone: record.timeZone,
      library: record.library,
      pool: record.pool,
      rotation: record.rotation ?? undefined,
      tier: record.tier ?? undefined,
      protection: record.protection,
      writer: undefined,
    }));
  if (!known) await adoptRemarks(record, dataSet, catalog);
  if (known && known.base === undefined && base) await catalog.dataSets.update(known.key, { base: base.key });
  const { files, bytes, finishedAt } = record;
  if (dataSet.state === 'open') {
    // An index that was written while the run went on says "open"; what no later index completes was interrupted.
    const state = record.state === 'open' ? {} : { state: record.state };
    const finished = finishedAt === null ? {} : { finishedAt: instant(Date.parse(finishedAt)) };
    await catalog.dataSets.update(dataSet.key, { files, bytes, ...state, ...finished });
  }
  return dataSet;
}

async function adoptRemarks(record: DataSetIndexRecord, dataSet: DataSetRecord, catalog: Catalog): Promise<void> {
  for (const { pathBytes, code, message } of record.warnings) {
    await catalog.dataSets.addWarning(dataSet.key, { path: Buffer.from(pathBytes, 'base64'), code, message });
  }
  await catalog.dataSets.addFileSystems(
    dataSet.key,
    record.fileSystems.map(({ pathBytes, device }) => ({ path: Buffer.from(pathBytes, 'base64'), device })),
  );
}

const place = (indexed: IndexedPlace | null): SegmentPlace | undefined =>
  indexed === null ? undefined : { path: Buffer.from(indexed.pathBytes, 'base64'), offset: indexed.offset };

async function adoptSegment(
  dataSet: DataSetRecord,
  record: DataSetIndexRecord,
  number: number,
  catalog: Catalog,
): Promise<void> {
  const segment = record.segments.find((candidate) => candidate.number === number);
  if (!segment) throw damaged(record.dataSet, `its index lists files of segment ${number}, and no such segment`);
  await catalog.dataSets.adoptSegment({
    dataSet: dataSet.key,
    number,
    state: 'written',
    payloadBytes: segment.payloadBytes,
    xxh64: segment.payloadXxh64,
    startsInside: place(segment.startsInside),
    endsInside: place(segment.endsInside),
    firstHeader: segment.firstHeader ?? undefined,
  });
}

function splitPath(path: Buffer): { directory: Buffer; name: Buffer } {
  const slash = path.lastIndexOf(0x2f);
  return { directory: slash <= 0 ? Buffer.from('/') : path.subarray(0, slash), name: path.subarray(slash + 1) };
}

export function encodeBatch(lines: readonly IndexLine[]): VersionBatch {
  const directories: Buffer[] = [];
  const digests = new Uint8Array(32 * lines.length);
  let hasByteNames = false;
  const rows = lines.map((line, index) => {
    const { directory, name } = splitPath(line.path);
    if (!directories.at(-1)?.equals(directory)) directories.push(directory);
    if (line.sha256) digests.set(line.sha256, 32 * index);
    const isText = isUtf8Text(name);
    hasByteNames ||= !isText;
    const flags =
      (line.fuzzy ? versionFlags.fuzzy : 0) |
      (line.hardLink ? versionFlags.hardLink : 0) |
      (line.young ? versionFlags.young : 0);
    const { type, sizeBytes, mtime, ctime, inode } = line;
    const stamps = {
      mtimeSeconds: mtime.seconds,
      mtimeNanoseconds: mtime.nanoseconds,
      ctimeSeconds: ctime.seconds,
      ctimeNanoseconds: ctime.nanoseconds,
    };
    const nameJson = isText ? JSON.stringify(name.toString('utf8')) : byteNameJson(name);
    return encodeVersionRow(directories.length - 1, nameJson, { type, flags, sizeBytes, ...stamps, inode }, line);
  });
  return { directories, rows: Buffer.from(`[${rows.join(',')}]`), hasByteNames, rowCount: rows.length, digests };
}
