import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { UnreadCopy } from '#src/catalog/tape-files';
import { adoptDataSet, segmentFacts } from '#src/jobs/rebuild/adopt-data-set';
import { encodeBatch, splitPath } from '#src/jobs/rebuild/encode-batch';
import { type IndexLine, parseDeletionLine, parseIndexLine } from '#src/volume/index-line';
import { readIndex } from '#src/volume/index-payload';
import { type DataSetIndexRecord, damaged } from '#src/volume/index-record';

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
  const { catalog, record, listed } = taking;
  const dataSet = await adoptDataSet(record, { complete: false, onMedium: true }, catalog);
  // What a complete data set consists of is known even where it lies on cartridges that nobody read yet: it must not pass for whole without them.
  for (const segment of record.segments) {
    if (record.state !== 'complete' && segment.copies.length === 0) continue;
    await catalog.dataSets.adoptSegment(segmentFacts(dataSet.key, segment));
  }
  const { versions, taken, deletions } = await takeLines(dataSet, taking);
  for (const number of taken) {
    await catalog.dataSets.segmentListed(dataSet.key, number);
    listed.add(segmentName(record.dataSet, number));
  }
  if (deletions) listed.add(deletionsName(record.dataSet));
  await noteUnread(dataSet, record, catalog);
  if (record.state === 'complete') await adoptDataSet(record, { complete: true, onMedium: true }, catalog);
  return versions;
}

/** The files and deletions that the catalog does not have. */
async function takeLines(dataSet: DataSetRecord, taking: Taking) {
  const { payload, what, catalog, record, listed } = taking;
  const writer = catalog.files.openWriter(dataSet.key);
  const taken = new Set<number>();
  let versions = 0;
  let deletions = false;
  for await (const event of readIndex(payload(), what)) {
    if (event.kind === 'files' && !listed.has(segmentName(record.dataSet, event.segment))) {
      if (!taken.has(event.segment)) await adoptListed(dataSet, event.segment, taking);
      taken.add(event.segment);
      const lines = goodLines(event.lines, taking);
      if (lines.length > 0) await writer.add(encodeBatch(lines));
      versions += lines.length;
    }
    // Of a run that was not complete nothing counts as deleted.
    const counts = record.state === 'complete' && !listed.has(deletionsName(record.dataSet));
    if (event.kind === 'deletions' && counts) {
      deletions = true;
      const paths = event.lines.map(parseDeletionLine).filter((path) => path !== undefined);
      await writer.addDeletions(paths.map(splitPath));
    }
  }
  return { versions, taken, deletions };
}

async function adoptListed(dataSet: DataSetRecord, number: number, { record, catalog }: Taking): Promise<void> {
  const segment = record.segments.find((candidate) => candidate.number === number);
  if (!segment) throw damaged(record.dataSet, `its index lists files of segment ${number}, and no such segment`);
  await catalog.dataSets.adoptSegment(segmentFacts(dataSet.key, segment));
}

/** Where the index says that segments lie, as far as this catalog never read those volumes. */
export async function noteUnread(
  { key }: DataSetRecord,
  { segments }: DataSetIndexRecord,
  { volumes, tapeFiles }: Catalog,
): Promise<void> {
  const known = new Map<string, boolean>();
  const unread: UnreadCopy[] = [];
  for (const { number, copies } of segments) {
    for (const { volume, barcode, tapeFile: fileNumber, block, blocks } of copies) {
      if (!known.has(volume)) known.set(volume, (await volumes.byId(volume)).length > 0);
      if (known.get(volume) === false)
        unread.push({ dataSet: key, number, volume, barcode, fileNumber, block, blocks });
    }
  }
  await tapeFiles.noteUnread(unread);
}

function goodLines(lines: readonly string[], { what, onDoubt }: Taking): readonly IndexLine[] {
  const good = lines.map(parseIndexLine).filter((line) => line !== undefined);
  if (good.length < lines.length) onDoubt(`${what}: ${lines.length - good.length} lines cannot be understood`);
  return good;
}
