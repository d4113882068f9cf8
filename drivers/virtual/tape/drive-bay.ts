import { drivesAccess, type Generation, generationOfBarcode } from '#drivers/virtual/generation';
import { barcodeOf, type CartridgeRecord, type PlaceParts } from '#drivers/virtual/library-state';
import type { CartridgeInPlace, LibraryStore } from '#drivers/virtual/library-store';
import { sense } from '#drivers/virtual/reply';
import type { SenseFields } from '#src/scsi/sense';

/** Where the robot puts a cartridge into one drive: what lies there, and whether the drive can work with it. */
export class DriveBay {
  readonly #store: LibraryStore;
  readonly #number: number;

  constructor(store: LibraryStore, number: number) {
    this.#store = store;
    this.#number = number;
  }

  get #generation(): Generation {
    return this.#store.settings.generation;
  }

  get #place(): PlaceParts {
    return { kind: 'drive', number: this.#number };
  }

  content(): CartridgeInPlace | undefined {
    return this.#store.at(this.#place);
  }

  /** What distinguishes one mount from another, also in the eyes of another process. */
  fingerprint(): string {
    const content = this.content();
    if (!content) return '';
    const { seat, loads, writeSessions } = content.record;
    return `${content.id} ${seat ?? 'held'} ${loads} ${writeSessions}`;
  }

  /** What this drive can do with it. */
  access(content: CartridgeInPlace): ReturnType<typeof drivesAccess> {
    return drivesAccess(this.#generation, this.generationOf(content));
  }

  generationOf({ id, record }: CartridgeInPlace): Generation {
    return generationOfBarcode(barcodeOf(id, record) ?? id)?.generation ?? this.#generation;
  }

  /** SPC-5 6.50, SSC-5 4.2.3: why no command that needs the medium works, if so. */
  notReady({ isOpen }: { readonly isOpen: boolean }): SenseFields | undefined {
    const content = this.content();
    if (!content) return sense.mediumNotPresent;
    const { id, record } = content;
    // An open image stays readable after its name is gone; the robot finds out at the next look.
    if (!isOpen && this.#store.fileState(id) === 'missing') return sense.mediumNotPresent;
    const seat = record.seat ?? 'held';
    if (record.kind === 'cleaning' && seat !== 'held') {
      return record.cleaningFailed ? sense.cleaningFailure : sense.cleaningCartridgeInstalled;
    }
    if (seat === 'threaded') return undefined;
    if (seat === 'held') return sense.initializingCommandRequired;
    const isIncompatible = this.access(content) === 'none';
    return isIncompatible ? sense.incompatibleMedium : sense.mediumNotPresent;
  }

  /** What becomes of a cartridge that the drive takes in. A cleaning cartridge cleans and comes out by itself. */
  thread(content: CartridgeInPlace): Partial<CartridgeRecord> {
    const { record } = content;
    const loads = record.loads + 1;
    if (record.kind === 'cleaning') {
      const left = record.cleaningsLeft ?? 0;
      if (left === 0) return { seat: 'ejected', loads, cleaningFailed: true };
      this.#store.changeDrive(this.#number, { cleaningRequired: false });
      return { seat: 'ejected', loads, cleaningsLeft: left - 1 };
    }
    const access = this.access(content);
    return { seat: access === 'none' ? 'ejected' : 'threaded', loads };
  }
}
