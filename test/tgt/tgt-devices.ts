import { driver } from '#drivers/iscsi/driver';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import type { UnitSource } from '#src/device/driver';
import type { ElementState, MediaChanger } from '#src/device/media-changer';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { TgtLibrary } from '#test/rig/tgt-library';
import { testSettingsPlace } from '#test/support/virtual-library';

/** The units of a library of tgt, over our initiator: one session, closed when disposed. */
export class TgtDevices implements AsyncDisposable {
  readonly #library: TgtLibrary;
  readonly #source: UnitSource;

  private constructor(library: TgtLibrary, source: UnitSource) {
    this.#library = library;
    this.#source = source;
  }

  static async open(library: TgtLibrary): Promise<TgtDevices> {
    const { portal, target } = library;
    const settings = driver.parseSettings({ portal, target }, testSettingsPlace);
    return new TgtDevices(library, await driver.openUnits(settings));
  }

  async changer(): Promise<ScsiTransport> {
    return await this.#open('changer', 1);
  }

  /** From 1. */
  async drive(number: number): Promise<ScsiTransport> {
    return await this.#open('tape', number);
  }

  /** Drives, slots and mail slots as when it was new: these cartridges, blank or as they were left, in slots 1, 2, … */
  async refill(barcodes: readonly string[]): Promise<void> {
    await using changer = await openMediaChanger(await this.changer());
    for (const element of await changer.inventory()) {
      if (!element.full || element.kind === 'transport') continue;
      const address = element.kind === 'drive' ? await this.#emptyDrive(changer, element) : element.address;
      await this.#library.take(address);
    }
    for (const [index, barcode] of barcodes.entries()) await this.#library.put(barcode, this.#library.slot(index + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }

  async #emptyDrive(changer: MediaChanger, drive: ElementState): Promise<number> {
    const free = (await changer.inventory()).find(({ kind, full }) => kind === 'slot' && !full);
    if (!free) throw new RangeError('no free slot');
    const outcome = await changer.move(drive.address, free.address);
    if (outcome.kind !== 'moved') throw new RangeError(`drive ${drive.address} could not be emptied: ${outcome.kind}`);
    return free.address;
  }

  async #open(kind: 'changer' | 'tape', number: number): Promise<ScsiTransport> {
    const unit = (await this.#source.discover()).filter((found) => found.kind === kind)[number - 1];
    if (!unit) throw new RangeError(`tgt has no ${kind} ${number}`);
    return await this.#source.open(unit);
  }
}
