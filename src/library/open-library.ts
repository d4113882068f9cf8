import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Cancellable } from '#src/device/tape-drive';
import { closeDevice } from '#src/library/close-device';
import { cleanDrive, cleanHand, drivesLeft } from '#src/library/drives/cleaning-session';
import { noteAlerts } from '#src/library/drives/drive-alerts';
import { type Bay, DriveBays } from '#src/library/drives/drive-bays';
import { DriveExperience } from '#src/library/drives/drive-experience';
import { retryDrives } from '#src/library/drives/retry-drives';
import { ExclusiveUse } from '#src/library/exclusive-use';
import { keepRecord } from '#src/library/keep-record';
import type { InventoryOptions, Library } from '#src/library/library';
import { notInventoried } from '#src/library/library-errors';
import type { LibraryOptions, MoveResult } from '#src/library/library-options';
import type { LibraryParts } from '#src/library/library-parts';
import { type LibraryStatus, libraryStatus } from '#src/library/library-status';
import type { Mount, MountRequest } from '#src/library/mount/mount';
import { Mounts } from '#src/library/mount/mounts';
import { findRecord } from '#src/library/robot/find-place';
import { Moves } from '#src/library/robot/moves';
import type { NumberedElement } from '#src/library/robot/numbered-element';
import { Robot } from '#src/library/robot/robot';
import { watchChanger } from '#src/library/watchdog/watched-changer';

export function openLibrary(options: LibraryOptions): Library {
  return new ManagedLibrary(options);
}

class ManagedLibrary implements Library {
  readonly #options: LibraryOptions;
  readonly #parts: LibraryParts;
  readonly #use: ExclusiveUse;
  readonly #moves: Moves;
  readonly #mounts: Mounts;

  constructor(options: LibraryOptions) {
    const { name: library, alarm } = options;
    this.#options = { ...options, changer: watchChanger(options.changer, { library, alarm }) };
    const bays = new DriveBays(options);
    this.#parts = {
      options: this.#options,
      robot: new Robot(this.#options, (number) => bays.letGo(number)),
      bays,
      experience: new DriveExperience(options),
      busy: new Set(),
      threading: new Set(),
    };
    this.#use = new ExclusiveUse(options, (cancel) => this.#look(cancel));
    this.#moves = new Moves({
      ...this.#parts,
      keepRecord: () => this.#keepRecord(),
      leaveDrive: (number) => this.#askDrive(number),
    });
    this.#mounts = new Mounts(this.#parts, this.#use);
  }

  get name(): string {
    return this.#options.name;
  }

  async status(): Promise<LibraryStatus> {
    const { catalog, name } = this.#options;
    const record = await catalog.libraries.get(name);
    if (record) return libraryStatus(record, await catalog.cartridges.list({ library: name }));
    throw notInventoried(name);
  }

  inventory({
    signal,
    rescan = false,
    retryDrives: retry = false,
  }: InventoryOptions = {}): Promise<readonly NumberedElement[]> {
    const { robot, bays } = this.#parts;
    return this.#use.looking({ signal }, async (look) => {
      if (rescan) await this.#options.changer.rescan({ signal });
      await look();
      for (const { number } of await drivesLeft(this.#parts)) {
        const bay = bays.get(number);
        if (bay) await cleanDrive(this.#parts, bay, { signal });
      }
      if (retry) await retryDrives(this.#parts, { signal });
      return robot.elements;
    });
  }

  move(from: string, to: string, options: Cancellable = {}): Promise<MoveResult> {
    return this.#use.alone(options, () => this.#moves.move(from, to));
  }

  importAll(options: Cancellable = {}): Promise<readonly MoveResult[]> {
    return this.#use.alone(options, () => this.#moves.importAll());
  }

  exportCartridges(barcodes: readonly string[], options: Cancellable = {}): Promise<readonly MoveResult[]> {
    return this.#use.alone(options, () => this.#moves.exportCartridges(barcodes));
  }

  mount(cartridge: CartridgeRecord, request: MountRequest): Promise<Mount> {
    return this.#mounts.mount(cartridge, request);
  }

  load(cartridge: CartridgeRecord, request: MountRequest): Promise<Bay> {
    return this.#mounts.load(cartridge, request);
  }

  unload(driveNumber?: number, options: Cancellable = {}): Promise<readonly MoveResult[]> {
    return this.#use.alone(options, () => this.#moves.unload(driveNumber));
  }

  cartridgeAt(address: string): Promise<CartridgeRecord> {
    return findRecord(address, this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.bays[Symbol.asyncDispose]();
    await closeDevice(this.#options.changer, this.#options);
    await this.#options.source[Symbol.asyncDispose]();
  }

  async #look(options: Cancellable): Promise<void> {
    const { robot, bays } = this.#parts;
    await robot.look(options);
    await cleanHand(this.#parts);
    await bays.match(robot, options);
    await this.#keepRecord();
  }

  #keepRecord(): Promise<void> {
    return keepRecord({ ...this.#parts, options: this.#options });
  }

  async #askDrive(number: number): Promise<void> {
    const bay = this.#parts.bays.get(number);
    if (bay) await noteAlerts(this.#options, bay);
  }
}
