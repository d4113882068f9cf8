import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, instant } from '#src/base/clock';
import { countOf } from '#src/base/count-of';
import { GrandsireError, throwIfAborted } from '#src/base/errors';
import { groupBy } from '#src/base/group-by';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord, VolumeRepository } from '#src/catalog/volumes';
import { adoptNamedDataSet } from '#src/jobs/adopt-data-set';
import { adoptIndex, deletionsName, type IndexAdoption, segmentName } from '#src/jobs/adopt-index';
import { adoptSegments, type FoundSegment } from '#src/jobs/adopt-segments';
import { adoptStaged } from '#src/jobs/adopt-staged';
import { CopyReader, isCopyFault } from '#src/jobs/copy-sources';
import { liftDoubt } from '#src/jobs/lift-doubt';
import { inAnyDrive, type MountCartridge } from '#src/jobs/mounting';
import { rememberUnfit } from '#src/jobs/prepare-volume';
import { duplicateFound, otherHolder } from '#src/session/duplicate-volume';
import { type FirstBlock, readFirstBlock } from '#src/session/first-block';
import { type ScannedTapeFile, scanVolume } from '#src/session/scan-volume';
import type { StagedPaths } from '#src/staging/staged-paths';
import type { Descriptor, LabelDescriptor, SegmentDescriptor, UnknownDescriptor } from '#src/volume/descriptor';

export interface RebuildPorts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly mount: MountCartridge;
  /** Folder for indexes while cartridges are read. */
  readonly scratch: string;
  /** The staging area, of which the caller holds the lease. */
  readonly staging: { readonly path: string; readonly paths: StagedPaths };
  /** The pool that a pool draws from, by the configuration; undefined where it draws from none. */
  readonly drawOf: (pool: string) => string | undefined;
  readonly onNote: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface RebuildResult {
  readonly cartridges: readonly {
    readonly barcode: string;
    /** `failed`: it could not be read at all; the reason is among the doubts. */
    readonly found: FirstBlock['kind'] | 'failed';
    readonly tapeFiles: number;
  }[];
  readonly dataSets: readonly string[];
  readonly files: number;
  /** Lines of indexes that could not be understood, tape files that are void or damaged, segments that no index lists, staged files that are not whole, cartridges that are missing. */
  readonly doubts: readonly string[];
}

/** An index that lies in a scratch file until all cartridges are read. */
interface KeptIndex {
  readonly path: string;
  readonly what: string;
}

/**
 * Reads cartridges without help of the catalog and writes what is found into it. Volumes that it did not know are protected for ever until
 * `acceptRebuilt`. What was staged under a catalog that was lost is taken in, too. Indexes are gathered first and taken in by the age of their data sets, so that what one relies on is there before it.
 */
export async function rebuild(cartridges: readonly CartridgeRecord[], ports: RebuildPorts): Promise<RebuildResult> {
  const run = new RebuildRun(ports);
  try {
    for (const cartridge of cartridges) {
      throwIfAborted(ports.signal);
      await run.read(cartridge);
    }
    return await run.finish();
  } finally {
    await run.cleanUp();
  }
}

interface ScannedVolume {
  readonly cartridge: CartridgeRecord;
  readonly volume: VolumeRecord;
  readonly files: readonly ScannedTapeFile[];
}

class RebuildRun {
  readonly #ports: RebuildPorts;
  readonly #indexes: KeptIndex[] = [];
  readonly #scanned: ScannedVolume[] = [];
  readonly #cartridges: { barcode: string; found: FirstBlock['kind'] | 'failed'; tapeFiles: number }[] = [];
  readonly #doubts: string[] = [];
  readonly #dataSets = new Map<string, DataSetRecord>();
  /** `<data set> <segment>` whose files the catalog has. */
  readonly #listed = new Set<string>();

  constructor(ports: RebuildPorts) {
    this.#ports = ports;
  }

  /** Reads one cartridge; one that cannot be read is told, and the next one follows. */
  async read(cartridge: CartridgeRecord): Promise<void> {
    const indexes = this.#indexes.length;
    try {
      const scan = async (): Promise<void> => {
        // Of an attempt that a failing drive cut off nothing is kept, least of all half an index.
        for (const { path } of this.#indexes.splice(indexes)) await rm(path, { force: true });
        await this.#scan(cartridge);
      };
      await inAnyDrive(scan);
    } catch (error) {
      if (!isCopyFault(error) || error.kind === 'waiting') throw error;
      this.#doubts.push(error.message);
      this.#cartridges.push({ barcode: cartridge.barcode, found: 'failed', tapeFiles: 0 });
    }
  }

  async #scan(cartridge: CartridgeRecord): Promise<void> {
    const { catalog, mount, signal } = this.#ports;
    await using mounted = await mount(cartridge, { purpose: 'catalog rebuild', writing: false, signal });
    const found = await readFirstBlock(mounted.drive, signal);
    if (found.kind !== 'ours' || (await this.#isOnAnother(cartridge, found.label))) {
      this.#cartridges.push({ barcode: cartridge.barcode, found: found.kind, tapeFiles: 0 });
      if (found.kind === 'foreign' || found.kind === 'blank') {
        await catalog.cartridges.update(cartridge.id, { fill: found.kind });
      }
      return;
    }
    const files: ScannedTapeFile[] = [];
    const keep = (descriptor: Descriptor | UnknownDescriptor): string | undefined =>
      descriptor.kind === 'index' ? this.#keepIndex(cartridge, descriptor) : undefined;
    const { volume: volumeId, blockSizeBytes } = found.label;
    for await (const file of scanVolume({ drive: mounted.drive, volumeId, blockSizeBytes, keep, signal })) {
      files.push(file);
      this.#ports.onNote(`${cartridge.barcode}: ${countOf(files.length, 'tape file')}`);
    }
    const volume = await this.#keepVolume(cartridge, found.label, files[0]);
    if (volume) this.#scanned.push({ cartridge, volume, files });
    this.#cartridges.push({
      barcode: cartridge.barcode,
      found: volume ? 'ours' : 'damaged-label',
      tapeFiles: files.length,
    });
  }

  #keepIndex(cartridge: CartridgeRecord, { dataSet }: { readonly dataSet: string }): string {
    const path = join(this.#ports.scratch, `index-${this.#indexes.length}.tar.zst`);
    this.#indexes.push({ path, what: `cartridge ${cartridge.barcode}, an index of ${dataSet}` });
    return path;
  }

  async #isOnAnother(cartridge: CartridgeRecord, { volume }: LabelDescriptor): Promise<boolean> {
    const { catalog, clock } = this.#ports;
    const other = await otherHolder(volume, cartridge, catalog);
    if (!other) return false;
    const error = duplicateFound({ cartridge, other, volume });
    this.#doubts.push(error.message);
    await rememberUnfit(cartridge, error, { repositories: catalog, clock });
    return true;
  }

  /**
   * The volume and its label in one step: a process that dies behind it leaves what can be appended to. Where the catalog intends this volume and its label was
   * not written to the end, it stays an intent, and the next session that needs the cartridge writes the label again.
   */
  async #keepVolume(
    cartridge: CartridgeRecord,
    label: LabelDescriptor,
    first: ScannedTapeFile | undefined,
  ): Promise<VolumeRecord | undefined> {
    const isWhole = first?.content.kind === 'whole';
    return await this.#ports.catalog.transaction(async ({ volumes, tapeFiles }) => {
      const known = await volumes.byId(label.volume);
      const own = known.find((volume) => volume.cartridge === cartridge.id && volume.state !== 'superseded');
      if (own?.state === 'labelling' && !isWhole) {
        this.#doubts.push(
          `${cartridge.barcode}: its label was not written to the end; it is written again when the cartridge is used`,
        );
        return undefined;
      }
      const volume = own ?? (await volumes.adopt(volumeOfLabel(cartridge, label)));
      if (isWhole) await tapeFiles.adopt(labelFile(volume, first, label));
      if (own?.state === 'labelling') await volumes.confirm(own.key);
      return await volumes.get(volume.key);
    });
  }

  async finish(): Promise<RebuildResult> {
    const { catalog, clock } = this.#ports;
    const unlisted = await this.#unlistedBefore();
    let files = await this.#takeIndexes();
    for (const scanned of this.#scanned) await this.#adoptTapeFiles(scanned);
    files += await this.#takeSegments(unlisted);
    files += await this.#takeStaged();
    await this.#tellUnread();
    await catalog.actions.append({
      at: clock.now(),
      event: 'catalog.rebuilt',
      subject: 'catalog',
      details: { cartridges: this.#cartridges, doubts: this.#doubts },
    });
    return { cartridges: this.#cartridges, dataSets: [...this.#dataSets.keys()], files, doubts: this.#doubts };
  }

  /** Segments on the cartridges whose files the catalog does not have at the outset; those that it has are marked as listed. */
  async #unlistedBefore(): Promise<readonly FoundSegment[]> {
    const { catalog } = this.#ports;
    const found: FoundSegment[] = [];
    for (const { cartridge, volume, files } of this.#scanned) {
      for (const { fileNumber, block, blocks, content } of files) {
        if (content.kind !== 'whole' || content.descriptor.kind !== 'segment') continue;
        const { descriptor } = content;
        const { payloadBytes, number } = descriptor;
        const place = { volume: volume.key, fileNumber, block, blocks, payloadBytes, number };
        const copy: TapeFileRecord = { ...place, kind: 'segment', state: 'written', dataSet: undefined };
        found.push({ cartridge, volume, descriptor, copy });
      }
    }
    for (const id of new Set(found.map(({ descriptor }) => descriptor.dataSet))) {
      const dataSet = await catalog.dataSets.byId(id);
      if (!dataSet) continue;
      if (dataSet.state === 'complete') this.#listed.add(deletionsName(id));
      for (const { number, listed } of await catalog.dataSets.segments(dataSet.key)) {
        if (listed) this.#listed.add(segmentName(id, number));
      }
    }
    return found;
  }

  /** By the age of their data sets, so that what one relies on is there before it. */
  async #takeIndexes(): Promise<number> {
    const { catalog } = this.#ports;
    const adoptions: IndexAdoption[] = [];
    for (const { path, what } of this.#indexes) {
      const payload = () => createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
      const ports = { catalog, listed: this.#listed, onDoubt: (doubt: string) => this.#doubts.push(doubt) };
      const adoption = await this.#unlessDamaged(() => adoptIndex(payload, what, ports));
      if (adoption) adoptions.push(adoption);
    }
    adoptions.sort((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt));
    let files = 0;
    for (const adoption of adoptions) {
      files += (await this.#unlessDamaged(() => adoption.take())) ?? 0;
      const { dataSet: id } = adoption.record;
      const dataSet = await catalog.dataSets.byId(id);
      if (dataSet) this.#dataSets.set(id, dataSet);
    }
    return files;
  }

  async #unlessDamaged<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GrandsireError) || error.code !== 'volume.damaged-tape-file') throw error;
      this.#doubts.push(error.message);
      return undefined;
    }
  }

  /** What runs left that were cut off before their index: their tar streams tell what is in them. */
  async #takeSegments(found: readonly FoundSegment[]): Promise<number> {
    const { catalog, mount, signal } = this.#ports;
    const onDoubt = (doubt: string) => this.#doubts.push(doubt);
    await using reader = new CopyReader(mount, 'catalog rebuild', signal);
    let files = 0;
    for (const [id, all] of groupBy(found, ({ descriptor }) => descriptor.dataSet)) {
      const distinct = [...new Map(all.map((one) => [one.descriptor.number, one])).values()];
      distinct.sort((a, b) => a.descriptor.number - b.descriptor.number);
      const numbers = distinct.map(({ descriptor }) => descriptor.number);
      const unlisted = new Set(numbers.filter((number) => !this.#listed.has(segmentName(id, number))));
      const dataSet = this.#dataSets.get(id) ?? (await catalog.dataSets.byId(id));
      if (unlisted.size === 0 || !dataSet) continue;
      onDoubt(
        `${id}: no index lists segments ${[...unlisted].join(', ')}; their files were read from the segments themselves`,
      );
      files += await adoptSegments(dataSet, { found: distinct, unlisted }, { catalog, reader, onDoubt, signal });
      for (const number of unlisted) this.#listed.add(segmentName(id, number));
    }
    return files;
  }

  /** After the cartridges: what they list need not be taken from here. */
  async #takeStaged(): Promise<number> {
    const { catalog, staging, signal } = this.#ports;
    const onDoubt = (doubt: string) => this.#doubts.push(doubt);
    const { dataSets, files } = await adoptStaged({ catalog, ...staging, onDoubt, signal });
    for (const dataSet of dataSets) this.#dataSets.set(dataSet.id, dataSet);
    return files;
  }

  /** What lies on cartridges that were not read is found, and cannot be restored before they are. */
  async #tellUnread(): Promise<void> {
    const { catalog } = this.#ports;
    for (const { id, key } of this.#dataSets.values()) {
      const copies = new Set((await catalog.tapeFiles.copiesOf(key)).map(({ number }) => number));
      for (const { number, inStaging } of await catalog.dataSets.segments(key)) if (inStaging) copies.add(number);
      const unread = (await catalog.tapeFiles.unreadOf(key)).filter(({ number }) => !copies.has(number));
      for (const [barcode, segments] of groupBy(unread, (copy) => copy.barcode)) {
        const numbers = segments.map(({ number }) => number).join(', ');
        this.#doubts.push(
          `${id}: segments ${numbers} are on ${barcode}, which was not read: grandsire catalog rebuild ${barcode}`,
        );
      }
    }
  }

  async #adoptTapeFiles({ cartridge, volume, files }: ScannedVolume): Promise<void> {
    const { catalog, drawOf } = this.#ports;
    let newest: DataSetRecord | undefined;
    for (const file of files) {
      const dataSet = await this.#adoptTapeFile({ cartridge, volume }, file);
      if (dataSet && (newest === undefined || dataSet.startedAt > newest.startedAt)) newest = dataSet;
    }
    const pool = newest?.pool;
    await catalog.cartridges.update(cartridge.id, {
      fill: 'appendable',
      ...(pool === undefined || pool === cartridge.pool ? {} : { pool, drawnFrom: drawOf(pool) }),
    });
    await liftDoubt(cartridge, 'rebuild', catalog);
  }

  /** Returns the data set that it belongs to. */
  async #adoptTapeFile(
    { cartridge, volume }: Omit<ScannedVolume, 'files'>,
    { fileNumber, block, blocks, isEnded, content }: ScannedTapeFile,
  ): Promise<DataSetRecord | undefined> {
    const { tapeFiles } = this.#ports.catalog;
    const name = `${cartridge.barcode}, tape file ${fileNumber}`;
    if (content.kind === 'empty') return undefined;
    if (content.kind === 'damaged' || content.descriptor.kind === 'unknown') {
      const why = content.kind === 'damaged' ? content.reason : 'a kind that this version does not know';
      this.#doubts.push(`${name}: ${why}`);
      return undefined;
    }
    const { descriptor } = content;
    const place = { volume: volume.key, fileNumber, block, blocks, payloadBytes: descriptor.payloadBytes };
    if (!isEnded && fileNumber > 0) {
      this.#doubts.push(`${name}: its end was never written; what is written next takes its place`);
      return undefined;
    }
    if (content.kind === 'void') {
      this.#doubts.push(`${name}: shorter than its descriptor says; it is passed over`);
      await tapeFiles.adopt({ ...place, dataSet: undefined, number: undefined, kind: 'void', state: 'void' });
      return undefined;
    }
    if (descriptor.kind === 'label') return undefined;
    const dataSet = await this.#dataSetOf(descriptor.dataSet, cartridge);
    if (descriptor.kind === 'segment') await this.#knowSegment(dataSet, descriptor);
    const { kind, number } = descriptor;
    const state = kind === 'void' ? 'void' : 'written';
    await tapeFiles.adopt({ ...place, dataSet: dataSet.key, number, kind, state });
    return dataSet;
  }

  async #dataSetOf(id: string, cartridge: CartridgeRecord): Promise<DataSetRecord> {
    const { catalog, clock } = this.#ports;
    const dataSet = this.#dataSets.get(id) ?? (await adoptNamedDataSet(id, cartridge, catalog, clock.now()));
    this.#dataSets.set(id, dataSet);
    return dataSet;
  }

  async #knowSegment(dataSet: DataSetRecord, descriptor: SegmentDescriptor): Promise<void> {
    const { dataSets } = this.#ports.catalog;
    const { number, payloadBytes, payloadXxh64, startsInside, endsInside, firstHeader } = descriptor;
    await dataSets.adoptSegment({
      dataSet: dataSet.key,
      number,
      payloadBytes,
      xxh64: payloadXxh64,
      startsInside: startsInside ?? undefined,
      endsInside: endsInside ?? undefined,
      firstHeader: firstHeader ?? undefined,
    });
  }

  async cleanUp(): Promise<void> {
    for (const { path } of this.#indexes) await rm(path, { force: true });
  }
}

const volumeOfLabel = (
  cartridge: CartridgeRecord,
  { volume, blockSizeBytes, labelledAt }: LabelDescriptor,
): Parameters<VolumeRepository['adopt']>[0] => ({
  id: volume,
  cartridge: cartridge.id,
  blockSizeBytes,
  labelledAt: instant(Date.parse(labelledAt)),
  rebuilt: true,
});

const labelFile = (
  { key }: VolumeRecord,
  { fileNumber, block, blocks }: ScannedTapeFile,
  { payloadBytes }: LabelDescriptor,
): TapeFileRecord => ({
  volume: key,
  fileNumber,
  block,
  blocks,
  payloadBytes,
  kind: 'label',
  state: 'written',
  dataSet: undefined,
  number: undefined,
});
