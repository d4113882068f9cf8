import { createReadStream } from 'node:fs';
import { GrandsireError, throwIfAborted } from '#src/base/errors';
import { groupBy } from '#src/base/group-by';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import { CopyReader } from '#src/jobs/copy-sources';
import { adoptIndex, deletionsName, type IndexAdoption, segmentName } from '#src/jobs/rebuild/adopt-index';
import { adoptSegments, type FoundSegment } from '#src/jobs/rebuild/adopt-segments';
import { adoptStaged } from '#src/jobs/rebuild/adopt-staged';
import { type AdoptionPorts, adoptTapeFiles } from '#src/jobs/rebuild/adopt-tape-files';
import { CartridgeScan, type ScannedCartridge, type ScanPorts } from '#src/jobs/rebuild/cartridge-scan';
import type { StagedPaths } from '#src/staging/staged-paths';

export interface RebuildPorts extends Omit<ScanPorts & AdoptionPorts, 'onDoubt'> {
  /** The staging area, of which the caller holds the lease. */
  readonly staging: { readonly path: string; readonly paths: StagedPaths };
}

export interface RebuildResult {
  readonly cartridges: readonly ScannedCartridge[];
  readonly dataSets: readonly string[];
  readonly files: number;
  /** Lines of indexes that could not be understood, tape files that are void or damaged, segments that no index lists, staged files that are not whole, cartridges that are missing. */
  readonly doubts: readonly string[];
}

/**
 * Reads cartridges without help of the catalog and writes what is found into it. Volumes that it did not know are protected for ever until
 * `acceptRebuilt`. What was staged under a catalog that was lost is taken in, too. Indexes are gathered first and taken in by the age of their data sets, so that what one relies on is there before it.
 */
export async function rebuild(cartridges: readonly CartridgeRecord[], ports: RebuildPorts): Promise<RebuildResult> {
  const doubts: string[] = [];
  await using scan = new CartridgeScan({ ...ports, onDoubt: (doubt) => doubts.push(doubt) });
  for (const cartridge of cartridges) {
    throwIfAborted(ports.signal);
    await scan.read(cartridge);
  }
  return await new Adoption(scan, doubts, ports).takeIn();
}

/** Takes in what was read, in the order in which one thing relies on another. */
class Adoption {
  readonly #scan: CartridgeScan;
  readonly #doubts: string[];
  readonly #ports: RebuildPorts;
  readonly #onDoubt = (doubt: string): void => void this.#doubts.push(doubt);
  readonly #dataSets = new Map<string, DataSetRecord>();
  /** `<data set> <segment>` whose files the catalog has. */
  readonly #listed = new Set<string>();

  constructor(scan: CartridgeScan, doubts: string[], ports: RebuildPorts) {
    this.#scan = scan;
    this.#doubts = doubts;
    this.#ports = ports;
  }

  async takeIn(): Promise<RebuildResult> {
    const { catalog, clock } = this.#ports;
    const { cartridges } = this.#scan;
    const doubts = this.#doubts;
    const unlisted = await this.#unlistedBefore();
    let files = await this.#takeIndexes();
    const ports = { ...this.#ports, onDoubt: this.#onDoubt };
    for (const scanned of this.#scan.volumes) await adoptTapeFiles(scanned, this.#dataSets, ports);
    files += await this.#takeSegments(unlisted);
    files += await this.#takeStaged();
    await this.#tellUnread();
    await catalog.actions.append({
      at: clock.now(),
      event: 'catalog.rebuilt',
      subject: 'catalog',
      details: { cartridges, doubts },
    });
    return { cartridges, dataSets: [...this.#dataSets.keys()], files, doubts };
  }

  /** Segments on the cartridges whose files the catalog does not have at the outset; those that it has are marked as listed. */
  async #unlistedBefore(): Promise<readonly FoundSegment[]> {
    const { catalog } = this.#ports;
    const found: FoundSegment[] = [];
    for (const { cartridge, volume, files } of this.#scan.volumes) {
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
    for (const { path, what } of this.#scan.indexes) {
      const payload = () => createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
      const ports = { catalog, listed: this.#listed, onDoubt: this.#onDoubt };
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
      this.#onDoubt(error.message);
      return undefined;
    }
  }

  /** What runs left that were cut off before their index: their tar streams tell what is in them. */
  async #takeSegments(found: readonly FoundSegment[]): Promise<number> {
    const { catalog, mount, signal } = this.#ports;
    const onDoubt = this.#onDoubt;
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
    const onDoubt = this.#onDoubt;
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
        this.#onDoubt(
          `${id}: segments ${numbers} are on ${barcode}, which was not read: grandsire catalog rebuild ${barcode}`,
        );
      }
    }
  }
}
