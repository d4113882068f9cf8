import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, instant } from '#src/base/clock';
import { countOf } from '#src/base/count-of';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord, VolumeRepository } from '#src/catalog/volumes';
import type { MediumState } from '#src/device/tape-drive';
import { isCopyFault } from '#src/jobs/copy-sources';
import { inAnyDrive, type MountCartridge } from '#src/jobs/mounting';
import { rememberUnfit } from '#src/jobs/prepare-volume';
import { duplicateFound, otherHolder } from '#src/session/duplicate-volume';
import { type FirstBlock, readFirstBlock } from '#src/session/first-block';
import { type ScannedTapeFile, scanVolume } from '#src/session/scan-volume';
import type { Descriptor, LabelDescriptor, UnknownDescriptor } from '#src/volume/descriptor';

export interface ScanPorts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly mount: MountCartridge;
  /** Folder for indexes while cartridges are read. */
  readonly scratch: string;
  readonly onNote: (text: string) => void;
  readonly onDoubt: (doubt: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface ScannedCartridge {
  readonly barcode: string;
  /** `failed`: it could not be read at all; the reason is among the doubts. */
  readonly found: FirstBlock['kind'] | 'failed';
  readonly tapeFiles: number;
}

export interface ScannedVolume {
  readonly cartridge: CartridgeRecord;
  readonly volume: VolumeRecord;
  readonly files: readonly ScannedTapeFile[];
}

/** An index that lies in a scratch file until all cartridges are read. */
export interface KeptIndex {
  readonly path: string;
  readonly what: string;
}

/** Reads cartridges one after the other, and keeps what was on them for later: all are read before the first is taken in. */
export class CartridgeScan {
  readonly #ports: ScanPorts;
  readonly indexes: KeptIndex[] = [];
  readonly volumes: ScannedVolume[] = [];
  readonly cartridges: ScannedCartridge[] = [];

  constructor(ports: ScanPorts) {
    this.#ports = ports;
  }

  /** Reads one cartridge; one that cannot be read is told, and the next one follows. */
  async read(cartridge: CartridgeRecord): Promise<void> {
    const indexes = this.indexes.length;
    try {
      const attempt = async (): Promise<void> => {
        // Of an attempt that a failing drive cut off nothing is kept, least of all half an index.
        for (const { path } of this.indexes.splice(indexes)) await rm(path, { force: true });
        await this.#scan(cartridge);
      };
      await inAnyDrive(attempt);
    } catch (error) {
      if (!isCopyFault(error) || error.kind === 'waiting') throw error;
      this.#ports.onDoubt(error.message);
      this.cartridges.push({ barcode: cartridge.barcode, found: 'failed', tapeFiles: 0 });
    }
  }

  async #scan(cartridge: CartridgeRecord): Promise<void> {
    const { catalog, mount, signal } = this.#ports;
    await using mounted = await mount(cartridge, { purpose: 'catalog rebuild', writing: false, signal });
    const medium = await mounted.drive.medium({ signal });
    const found = await readFirstBlock(mounted.drive, signal);
    if (found.kind !== 'ours' || (await this.#isOnAnother(cartridge, found.label))) {
      if (found.kind === 'blank' && (await this.#isFree(cartridge))) await this.#acceptSerial(cartridge, medium);
      this.cartridges.push({ barcode: cartridge.barcode, found: found.kind, tapeFiles: 0 });
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
    if (volume) {
      this.volumes.push({ cartridge, volume, files });
      await this.#acceptSerial(cartridge, medium);
    }
    this.cartridges.push({
      barcode: cartridge.barcode,
      found: volume ? 'ours' : 'damaged-label',
      tapeFiles: files.length,
    });
  }

  #keepIndex(cartridge: CartridgeRecord, { dataSet }: { readonly dataSet: string }): string {
    const path = join(this.#ports.scratch, `index-${this.indexes.length}.tar.zst`);
    this.indexes.push({ path, what: `cartridge ${cartridge.barcode}, an index of ${dataSet}` });
    return path;
  }

  async #isOnAnother(cartridge: CartridgeRecord, { volume }: LabelDescriptor): Promise<boolean> {
    const { catalog, clock } = this.#ports;
    const other = await otherHolder(volume, cartridge, catalog);
    if (!other) return false;
    const error = duplicateFound({ cartridge, other, volume });
    this.#ports.onDoubt(error.message);
    await rememberUnfit(cartridge, error, { repositories: catalog, clock });
    return true;
  }

  /** Nothing that is protected should be on it. */
  async #isFree({ id }: CartridgeRecord): Promise<boolean> {
    const { volumes } = this.#ports.catalog;
    const volume = await volumes.ofCartridge(id);
    return !volume || (await volumes.protection(volume.key)).protection.kind === 'none';
  }

  /** The medium is believed, also where it is another one than before. */
  async #acceptSerial(cartridge: CartridgeRecord, medium: MediumState): Promise<void> {
    const { catalog, onDoubt } = this.#ports;
    const { mediumSerial: serial } = medium;
    if (serial === undefined || serial === cartridge.serial) return;
    if (cartridge.serial !== undefined) {
      onDoubt(
        `${cartridge.barcode}: it is another cartridge than before (serial number ${serial}, not ${cartridge.serial}), and stands in its place from now on`,
      );
    }
    await catalog.cartridges.update(cartridge.id, { serial });
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
        this.#ports.onDoubt(
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

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { path } of this.indexes) await rm(path, { force: true });
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
