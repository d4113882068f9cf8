import { createPayloadStream } from '#src/archive/extract/payload-stream';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { type WalkedMember, walkMembers } from '#src/archive/tar/walk-members';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { type FileVersion, versionFlags } from '#src/catalog/files';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { CopyReader } from '#src/jobs/copy-sources';
import { encodeBatch } from '#src/jobs/rebuild/encode-batch';
import type { SegmentDescriptor } from '#src/volume/descriptor';
import type { IndexLine } from '#src/volume/index-line';

/** A whole segment on a cartridge, as its descriptor tells. */
export interface FoundSegment {
  readonly cartridge: CartridgeRecord;
  readonly volume: VolumeRecord;
  readonly descriptor: SegmentDescriptor;
  readonly copy: TapeFileRecord;
}

export interface SegmentAdoptionPorts {
  readonly catalog: Catalog;
  readonly reader: CopyReader;
  readonly onDoubt: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads segments that no index lists (a run was cut off before its index), and takes the files in them into the catalog, digests too. `found`: all segments of the data
 * set that were met, in order; `unlisted`: numbers of those whose files are not known. Returns how many versions were added.
 */
export async function adoptSegments(
  dataSet: DataSetRecord,
  { found, unlisted }: { readonly found: readonly FoundSegment[]; readonly unlisted: ReadonlySet<number> },
  ports: SegmentAdoptionPorts,
): Promise<number> {
  let versions = 0;
  for (const stretch of stretches(found, unlisted))
    versions += await adoptStretch(dataSet, { stretch, unlisted }, ports);
  return versions;
}

/** Segments that follow each other and hold unlisted ones; what begins in the one before them belongs to them, so that it is read too. */
function stretches(found: readonly FoundSegment[], unlisted: ReadonlySet<number>): FoundSegment[][] {
  const all: FoundSegment[][] = [];
  for (const [index, segment] of found.entries()) {
    if (!unlisted.has(segment.descriptor.number)) continue;
    const last = all.at(-1);
    if (last?.at(-1)?.descriptor.number === segment.descriptor.number - 1) last.push(segment);
    else all.push([...leadUp(found, index), segment]);
  }
  return all;
}

function leadUp(found: readonly FoundSegment[], index: number): FoundSegment[] {
  const before: FoundSegment[] = [];
  let current = found[index] as FoundSegment;
  for (let at = index - 1; current.descriptor.startsInside !== null && at >= 0; at -= 1) {
    const previous = found[at] as FoundSegment;
    if (previous.descriptor.number !== current.descriptor.number - 1) break;
    before.unshift(previous);
    if (previous.descriptor.firstHeader !== null) break;
    current = previous;
  }
  return before;
}

async function adoptStretch(
  dataSet: DataSetRecord,
  { stretch, unlisted }: { readonly stretch: readonly FoundSegment[]; readonly unlisted: ReadonlySet<number> },
  { catalog, reader, onDoubt, signal }: SegmentAdoptionPorts,
): Promise<number> {
  const sources = stretch.map(({ descriptor, copy, volume, cartridge }) =>
    reader.source(descriptor, { kind: 'cartridge', copy, volume, cartridge }, ''),
  );
  const start = stretch.find(({ descriptor }) => descriptor.firstHeader !== null)?.descriptor;
  if (start?.firstHeader == null) return 0;
  await using stream = createPayloadStream(sources);
  const adoption = new Adoption(dataSet, catalog);
  try {
    await stream.seek({ segment: start.number, offset: start.firstHeader });
    for await (const member of walkMembers(stream, { digests: true, ...(signal ? { signal } : {}) })) {
      const end = endSegment(stream, stretch);
      if (unlisted.has(end)) await adoption.add(member);
    }
  } catch (error) {
    // The last file of a run that was cut off has no end; what is whole before it counts.
    if (!(error instanceof GrandsireError) || !/^(archive|cartridge|volume)\./.test(error.code)) throw error;
    onDoubt(`${dataSet.id}: ${error.message}; what comes before it was taken in`);
  }
  await adoption.flush();
  return adoption.versions;
}

/** Of the byte before the one at which the stream stands. */
function endSegment(stream: PayloadStream, stretch: readonly FoundSegment[]): number {
  const { segment, offset } = stream.place;
  return offset === 0 && segment !== stretch[0]?.descriptor.number ? segment - 1 : segment;
}

const linesAtOnce = 2000;
const none = Buffer.alloc(0);

class Adoption {
  readonly #dataSet: DataSetRecord;
  readonly #catalog: Catalog;
  readonly #writer: ReturnType<Catalog['files']['openWriter']>;
  #lines: IndexLine[] = [];
  versions = 0;

  constructor(dataSet: DataSetRecord, catalog: Catalog) {
    this.#dataSet = dataSet;
    this.#catalog = catalog;
    this.#writer = catalog.files.openWriter(dataSet.key);
  }

  async add({ header, place, sha256 }: WalkedMember): Promise<void> {
    const path = Buffer.concat([Buffer.from('/'), header.path]);
    const common = { path, mtime: header.mtime, ctime: header.mtime, inode: '0', fuzzy: false, young: true };
    if (header.type === 'hard-link') {
      const first = await this.#content(Buffer.concat([Buffer.from('/'), header.linkTarget ?? none]));
      if (!first) return;
      const { type, sizeBytes, mtime, segment, offset } = first;
      const digest = first.sha256 && Buffer.from(first.sha256);
      this.#lines.push({ ...common, type, sizeBytes, mtime, sha256: digest, segment, offset, hardLink: true });
    } else {
      const { type, sizeBytes } = header;
      const { segment, offset } = place;
      this.#lines.push({ ...common, type, sizeBytes, sha256, segment, offset, hardLink: false });
    }
    if (this.#lines.length >= linesAtOnce) await this.flush();
  }

  async flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length > 0) await this.#writer.add(encodeBatch(lines));
    this.versions += lines.length;
  }

  /** The first name of an inode, which stands earlier in the stream: the catalog remembers, so that nothing else must. */
  async #content(path: Buffer): Promise<FileVersion | undefined> {
    await this.flush();
    const { startedAt, key } = this.#dataSet;
    const match = { kind: 'path', path } as const;
    const { versions } = await this.#catalog.files.find({
      match,
      before: startedAt,
      after: startedAt,
      all: true,
      limit: 100,
    });
    return versions.find((version) => version.dataSet === key && (version.flags & versionFlags.hardLink) === 0);
  }
}
