import type { Generation } from '#drivers/virtual/generation';
import { maxImageObjects, TapeImage } from '#drivers/virtual/image/tape-image';
import type { CartridgeRecord } from '#drivers/virtual/library-state';
import type { LibraryStore } from '#drivers/virtual/library-store';
import { sense } from '#drivers/virtual/reply';
import type { SenseFields } from '#src/scsi/sense';

/** Early warning comes so long before the end, or two blocks and this, whichever is more (docs/drivers/virtual.md). */
const earlyWarningShare = 0.01;
const earlyWarningExtraBytes = 32 * 1024;

/** The cartridge that is threaded in a drive. */
export class TapeMedium implements Disposable {
  readonly id: string;
  readonly generation: Generation;
  readonly image: TapeImage;
  readonly #store: LibraryStore;
  readonly #canWriteGeneration: boolean;
  readonly #isReadOnlyFile: boolean;
  /** Written since the last synchronise. */
  #dirty = false;
  #announced = false;
  #writtenBytes = 0;
  #readBytes = 0;

  constructor(
    store: LibraryStore,
    id: string,
    { generation, canWrite }: { readonly generation: Generation; readonly canWrite: boolean },
  ) {
    this.#store = store;
    this.id = id;
    this.generation = generation;
    this.#canWriteGeneration = canWrite;
    this.#isReadOnlyFile = store.fileState(id) !== 'writable';
    this.image = TapeImage.open(store.imagePath(id), { writable: !this.#isReadOnlyFile });
  }

  /** As the state says it now: an operator may move the switch of write protection at any time. */
  get record(): CartridgeRecord | undefined {
    return this.#store.state.cartridges[this.id];
  }

  get isWorm(): boolean {
    return this.record?.kind === 'worm';
  }

  get capacityBytes(): number {
    return this.record?.capacityBytes ?? 0;
  }

  /** WP of mode parameters. */
  get writeProtected(): boolean {
    return this.#isReadOnlyFile || !this.#canWriteGeneration || this.record?.writeProtected !== false;
  }

  /** Why nothing may be written here, if so (SSC-5, write protection and WORM mode). */
  get writeRefusal(): SenseFields | undefined {
    if (!this.#canWriteGeneration) return sense.cannotWriteIncompatibleFormat;
    if (this.writeProtected) return sense.writeProtected;
    return this.isWorm && !this.#isWormAppendPoint ? sense.wormOverwrite : undefined;
  }

  /**
   * The medium configuration mode page says: no label may be overwritten (00h), filemarks right before end of data may, but
   * not the one closest to the beginning (02h).
   */
  get #isWormAppendPoint(): boolean {
    const { image } = this;
    if (!image.readableToEnd) return false;
    return image.atEnd || (image.onlyFilemarksFollow && image.place.file > 0);
  }

  /** Where early warning begins, in data bytes from the beginning. */
  get earlyWarningBytes(): number {
    const { capacityBytes, image } = this;
    const reserve = Math.max(
      Math.ceil(capacityBytes * earlyWarningShare),
      2 * image.largestBlockBytes + earlyWarningExtraBytes,
    );
    return Math.max(0, capacityBytes - reserve);
  }

  get isPastEarlyWarning(): boolean {
    return this.image.place.dataBytes > this.earlyWarningBytes;
  }

  hasRoomFor(lengthBytes: number, objects = 1): boolean {
    const { place } = this.image;
    return place.dataBytes + lengthBytes <= this.capacityBytes && place.object + objects <= maxImageObjects;
  }

  /**
   * To be called before the first change: other processes see by the counter that what they know of the image is old. It is
   * on disk before the image changes.
   */
  announceWriting(): void {
    this.#dirty = true;
    if (this.#announced) return;
    this.#store.changeCartridge(this.id, { writeSessions: (this.record?.writeSessions ?? 0) + 1 });
    this.#announced = true;
  }

  countWritten(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  countRead(bytes: number): void {
    this.#readBytes += bytes;
  }

  /** Returns when everything written is on disk; throws what the file system reports. */
  synchronise(): void {
    if (!this.#dirty) return;
    // Not before it succeeded: a failed fsync may not be retried with success while pages were dropped, so it stays dirty.
    this.image.synchronise();
    this.#dirty = false;
  }

  /** Adds what was moved in this mount to the cartridge's memory. */
  keepCounters(): void {
    const { record } = this;
    if (!record || this.#writtenBytes + this.#readBytes === 0) return;
    const { writtenBytes, readBytes } = record;
    const change = { writtenBytes: writtenBytes + this.#writtenBytes, readBytes: readBytes + this.#readBytes };
    this.#writtenBytes = 0;
    this.#readBytes = 0;
    this.#store.changeCartridge(this.id, change);
  }

  [Symbol.dispose](): void {
    this.image.close();
  }
}
