import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, instant } from '#src/base/clock';
import { GrandsireError, throwIfAborted } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { VolumeRecord } from '#src/catalog/volumes';
import { adoptIndex, type IndexAdoption } from '#src/jobs/adopt-index';
import type { MountCartridge } from '#src/jobs/mounting';
import { type FirstBlock, readFirstBlock } from '#src/session/first-block';
import { type ScannedTapeFile, scanVolume } from '#src/session/scan-volume';
import type { Descriptor, UnknownDescriptor } from '#src/volume/descriptor';

export interface RebuildPorts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly mount: MountCartridge;
  /** Folder for indexes while cartridges are read. */
  readonly scratch: string;
  /** The pool that a pool draws from, by the configuration; undefined where it draws from none. */
  readonly drawOf: (pool: string) => string | undefined;
  readonly onNote: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface RebuildResult {
  readonly cartridges: readonly {
    readonly barcode: string;
    readonly found: FirstBlock['kind'];
    readonly tapeFiles: number;
  }[];
  readonly dataSets: readonly string[];
  readonly files: number;
  /** Lines of indexes that could not be understood, tape files that are void or damaged, segments that no index lists. */
  readonly doubts: readonly string[];
}

/** An index that lies in a scratch file until all cartridges are read. */
interface KeptIndex {
  readonly path: string;
  readonly what: string;
}

/**
 * Reads cartridges without help of the catalog and writes what is found into it. Volumes that it did not know are protected for ever until
 * `acceptRebuilt`. Indexes are gathered first and taken in by the age of their data sets, so that what one relies on is there before it.
 */
export async function rebuild(cartridges: readonly CartridgeRecord[], ports: RebuildPorts): Promise<RebuildResult> {
  const run = new RebuildRun(ports);
  try {
    for (const cartridge of cartridges) {
      throwIfAborted(ports.signal);
      await run.scan(cartridge);
    }
    return await run.finish();
  } finally {
    await run.cleanUp();
  }
}

/** Applies the policies to what rebuilds found: from now on its own protection counts. */
export async function acceptRebuilt({ volumes }: Catalog): Promise<number> {
  const rebuilt = (await volumes.current()).filter((volume) => volume.rebuilt);
  for (const volume of rebuilt) await volumes.accept(volume.key);
  return rebuilt.length;
}

class RebuildRun {
  readonly #ports: RebuildPorts;
  readonly #indexes: KeptIndex[] = [];
  readonly #scanned: { cartridge: CartridgeRecord; volume: VolumeRecord; files: ScannedTapeFile[] }[] = [];
  readonly #cartridges: { barcode: string; found: FirstBlock['kind']; tapeFiles: number }[] = [];
  readonly #doubts: string[] = [];

  constructor(ports: RebuildPorts) {
    this.#ports = ports;
  }

  async scan(cartridge: CartridgeRecord): Promise<void> {
    const { catalog, mount, signal } = this.#ports;
    await using mounted = await mount(cartridge, { purpose: 'catalog rebuild', writing: false, signal });
    const found = await readFirstBlock(mounted.drive, signal);
    if (found.kind !== 'ours') {
      this.#cartridges.push({ barcode: cartridge.barcode, found: found.kind, tapeFiles: 0 });
      const fill = { foreign: 'foreign', blank: 'blank' } as const;
      if (found.kind === 'foreign' || found.kind === 'blank') {
        await catalog.cartridges.update(cartridge.id, { fill: fill[found.kind] });
      }
      return;
    }
    const volume = await this.#volumeOf(cartridge, found);
    if (!volume) return;
    const files: ScannedTapeFile[] = [];
    const keep = (descriptor: Descriptor | UnknownDescriptor): string | undefined =>
      descriptor.kind === 'index' ? this.#keepIndex(cartridge, descriptor) : undefined;
    const { blockSizeBytes } = found.label;
    for await (const file of scanVolume({ drive: mounted.drive, volumeId: volume.id, blockSizeBytes, keep, signal })) {
      files.push(file);
    }
    this.#scanned.push({ cartridge, volume, files });
    this.#cartridges.push({ barcode: cartridge.barcode, found: 'ours', tapeFiles: files.length });
    this.#ports.onNote(`${cartridge.barcode}: ${files.length} tape files`);
  }

  #keepIndex(cartridge: CartridgeRecord, { dataSet }: { readonly dataSet: string }): string {
    const path = join(this.#ports.scratch, `index-${this.#indexes.length}.tar.zst`);
    this.#indexes.push({ path, what: `cartridge ${cartridge.barcode}, an index of ${dataSet}` });
    return path;
  }

  async #volumeOf(
    cartridge: CartridgeRecord,
    { label }: Extract<FirstBlock, { kind: 'ours' }>,
  ): Promise<VolumeRecord | undefined> {
    const { catalog } = this.#ports;
    const known = await catalog.volumes.byId(label.volume);
    const elsewhere = known.find((volume) => volume.cartridge !== cartridge.id && volume.state !== 'superseded');
    if (elsewhere) {
      const other = await catalog.cartridges.get(elsewhere.cartridge);
      const reason = `volume ${label.volume} is on ${cartridge.barcode} and on ${other?.barcode ?? 'another cartridge'}: neither is written to`;
      this.#doubts.push(reason);
      const changes = { condition: 'suspect' as const, conditionReason: reason };
      await catalog.cartridges.update(cartridge.id, changes);
      await catalog.cartridges.update(elsewhere.cartridge, changes);
      return undefined;
    }
    const own = known.find((volume) => volume.cartridge === cartridge.id && volume.state !== 'superseded');
    if (own) {
      if (own.state === 'labelling') await catalog.volumes.confirm(own.key);
      return catalog.volumes.get(own.key);
    }
    return catalog.volumes.adopt({
      id: label.volume,
      cartridge: cartridge.id,
      blockSizeBytes: label.blockSizeBytes,
      labelledAt: instant(Date.parse(label.labelledAt)),
      rebuilt: true,
    });
  }

  async finish(): Promise<RebuildResult> {
    const { catalog } = this.#ports;
    const adoptions: IndexAdoption[] = [];
    for (const { path, what } of this.#indexes) {
      const adoption = await this.#open(path, what);
      if (adoption) adoptions.push(adoption);
    }
    adoptions.sort((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt));
    let files = 0;
    for (const adoption of adoptions) files += await adoption.take();
    for (const { cartridge, volume, files: tapeFiles } of this.#scanned) {
      await this.#adoptTapeFiles(cartridge, volume, tapeFiles);
    }
    await catalog.actions.append({
      at: this.#ports.clock.now(),
      event: 'catalog.rebuilt',
      subject: 'catalog',
      details: { cartridges: this.#cartridges, doubts: this.#doubts },
    });
    const dataSets = [...new Set(adoptions.map(({ record }) => record.dataSet))];
    return { cartridges: this.#cartridges, dataSets, files, doubts: this.#doubts };
  }

  async #open(path: string, what: string): Promise<IndexAdoption | undefined> {
    try {
      const payload = () => createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
      return await adoptIndex(payload, what, this.#ports.catalog, (doubt) => this.#doubts.push(doubt));
    } catch (error) {
      if (!(error instanceof GrandsireError)) throw error;
      this.#doubts.push(error.message);
      return undefined;
    }
  }

  async #adoptTapeFiles(
    cartridge: CartridgeRecord,
    volume: VolumeRecord,
    files: readonly ScannedTapeFile[],
  ): Promise<void> {
    const { catalog, drawOf } = this.#ports;
    let newest: DataSetRecord | undefined;
    for (const { fileNumber, block, blocks, content } of files) {
      if (content.kind === 'empty') continue;
      const name = `${cartridge.barcode}, tape file ${fileNumber}`;
      if (content.kind === 'damaged' || content.descriptor.kind === 'unknown') {
        this.#doubts.push(
          `${name}: ${content.kind === 'damaged' ? content.reason : 'a kind that this version does not know'}`,
        );
        continue;
      }
      const { descriptor } = content;
      const dataSet = 'dataSet' in descriptor ? await catalog.dataSets.byId(descriptor.dataSet) : undefined;
      const common = { volume: volume.key, fileNumber, block, blocks, payloadBytes: descriptor.payloadBytes };
      if (content.kind === 'void') {
        this.#doubts.push(`${name}: shorter than its descriptor says; it is passed over`);
        await catalog.tapeFiles.adopt({
          ...common,
          kind: 'void',
          state: 'void',
          dataSet: undefined,
          number: undefined,
        });
        continue;
      }
      if (descriptor.kind === 'label') {
        await catalog.tapeFiles.adopt({
          ...common,
          kind: 'label',
          state: 'written',
          dataSet: undefined,
          number: undefined,
        });
        continue;
      }
      const known =
        dataSet && (descriptor.kind !== 'segment' || (await this.#knowsSegment(dataSet, descriptor.number)));
      if (!known)
        this.#doubts.push(`${name}: ${descriptor.kind} ${descriptor.number} of ${descriptor.dataSet} is in no index`);
      const link = known
        ? { dataSet: dataSet.key, number: descriptor.number }
        : { dataSet: undefined, number: undefined };
      await catalog.tapeFiles.adopt({ ...common, ...link, kind: descriptor.kind, state: 'written' });
      if (dataSet && (newest === undefined || dataSet.startedAt > newest.startedAt)) newest = dataSet;
    }
    await catalog.cartridges.update(cartridge.id, {
      fill: 'appendable',
      ...(newest === undefined ? {} : { pool: newest.pool, drawnFrom: drawOf(newest.pool) }),
    });
  }

  async #knowsSegment(dataSet: DataSetRecord, number: number): Promise<boolean> {
    return (await this.#ports.catalog.dataSets.segments(dataSet.key)).some((segment) => segment.number === number);
  }

  async cleanUp(): Promise<void> {
    for (const { path } of this.#indexes) await rm(path, { force: true });
  }
}
