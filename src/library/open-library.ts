import { GrandsireError } from '#src/base/errors';
import { acquireFlockLease } from '#src/base/flock-lease';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Cancellable } from '#src/device/tape-drive';
import { cleanDrive, cleanHand, drivesLeft } from '#src/library/cleaning-session';
import { closeDevice } from '#src/library/close-device';
import { noteAlerts } from '#src/library/drive-alerts';
import { type Bay, DriveBays } from '#src/library/drive-bays';
import { DriveExperience } from '#src/library/drive-experience';
import { driveRecords } from '#src/library/drive-records';
import { setDrive } from '#src/library/drive-state';
import { describePlace, parseLibraryAddress } from '#src/library/library-address';
import {
  ambiguousBarcode,
  mailSlotsFull,
  notInLibrary,
  notInventoried,
  unknownCartridge,
} from '#src/library/library-errors';
import type { LibraryOptions, MoveResult } from '#src/library/library-parts';
import { type LibraryStatus, libraryStatus } from '#src/library/library-status';
import { putOut, takeIn } from '#src/library/mail-slots';
import { bringCartridge, giveBack, threadCartridge } from '#src/library/mount-cartridge';
import type { Mount, MountParts, MountRequest } from '#src/library/mount-parts';
import type { NumberedElement, Place } from '#src/library/numbered-element';
import { retryDrives } from '#src/library/retry-drives';
import { Robot } from '#src/library/robot';
import { SharedLease } from '#src/library/shared-lease';
import { watchChanger } from '#src/library/watched-changer';

export interface InventoryOptions extends Cancellable {
  /** Has the library read its barcodes anew first, which takes minutes. */
  readonly rescan?: boolean;
  /** Gives drives that are down another chance: for the operator who asks, never for a run, which would meet the same again. */
  readonly retryDrives?: boolean;
}

/**
 * A changer, its drives and its slots as one managed thing.
 *
 * Law:
 * - Everything that touches a device takes the library's lease first (one process at a time on this machine), waits for it as `wait`
 *   says, and throws `lease.held` (exit 4) naming the holder. `status` touches none.
 * - The first use under a lease takes the inventory, brings home what the robot still holds, and matches drives to elements.
 * - A cartridge is taken out of a drive only after the drive has let go of it.
 * - The first use of a drive that a dead process left is a cleaning session (`cleanDrive`).
 * - No call to a device outlasts the budget of its phase (`phases`), whatever the device does; a drive that exceeds one is down.
 */
export interface Library extends AsyncDisposable {
  readonly name: string;
  /** From the catalog. Throws `library.not-inventoried` where nobody has looked yet. */
  status(): Promise<LibraryStatus>;
  /** Looks what lies where, puts in order what dead processes left, and makes the catalog agree. */
  inventory(options?: InventoryOptions): Promise<readonly NumberedElement[]>;
  /** Addresses as `parseLibraryAddress` takes them; `to` is a place. */
  move(from: string, to: string, options?: Cancellable): Promise<MoveResult>;
  /** Takes in everything that lies in mail slots. */
  importAll(options?: Cancellable): Promise<readonly MoveResult[]>;
  /** Puts out into mail slots, as many as have room; throws `library.mail-slots-full` (exit 4) at the first that has none. */
  exportCartridges(barcodes: readonly string[], options?: Cancellable): Promise<readonly MoveResult[]>;
  mount(cartridge: CartridgeRecord, request: MountRequest): Promise<Mount>;
  /** Loads a cartridge and leaves it there, for `drive load`. What other drives hold stays there: throws `drive.none-free`. */
  load(cartridge: CartridgeRecord, request: MountRequest): Promise<Bay>;
  /** Has a drive (all that hold something where none is named) let go, and brings the cartridge home. */
  unload(driveNumber?: number, options?: Cancellable): Promise<readonly MoveResult[]>;
  /** The catalog's record of the one cartridge that an address names. Throws `cartridge.not-found`, `cartridge.ambiguous`. */
  cartridgeAt(address: string): Promise<CartridgeRecord>;
}

export function openLibrary(options: LibraryOptions): Library {
  return new ManagedLibrary(options);
}

class ManagedLibrary implements Library {
  readonly #options: LibraryOptions;
  readonly #bays: DriveBays;
  readonly #robot: Robot;
  readonly #lease: SharedLease;
  readonly #experience: DriveExperience;
  readonly #busy = new Set<number>();
  readonly #threading = new Set<number>();
  readonly #waiters: (() => void)[] = [];
  /** The look that begins the use of a lease. */
  #looked: Promise<void> | undefined;
  /** Robot work is done one after the other, also for several mounts at once. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: LibraryOptions) {
    this.#options = {
      ...options,
      changer: watchChanger(options.changer, { library: options.name, alarm: options.alarm }),
    };
    this.#bays = new DriveBays(options);
    this.#robot = new Robot(this.#options, (number) => this.#bays.letGo(number));
    this.#experience = new DriveExperience(options);
    this.#lease = new SharedLease((signal) => {
      this.#looked = undefined;
      const { name, locks, catalog, job, wait, clock, pause } = options;
      const resource = `library:${name}`;
      return acquireFlockLease({ resource, folder: locks, rows: catalog.leases, job, wait, clock, pause, signal });
    });
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

  async inventory({ signal, rescan = false, retryDrives: retry = false }: InventoryOptions = {}) {
    await using _lease = await this.#lease.use(signal);
    return await this.#serially(async () => {
      if (rescan) await this.#options.changer.rescan({ signal });
      await this.#look({ signal });
      for (const { number } of await drivesLeft(this.#mountParts)) {
        const bay = this.#bays.get(number);
        if (bay) await cleanDrive(this.#mountParts, bay, { signal });
      }
      if (retry) await retryDrives(this.#mountParts, { signal });
      this.#looked = Promise.resolve();
      return this.#robot.elements;
    });
  }

  move(from: string, to: string, options: Cancellable = {}): Promise<MoveResult> {
    return this.#alone(options, async () => this.#carry(await this.#placeOf(from), this.#destination(to)));
  }

  importAll(options: Cancellable = {}): Promise<readonly MoveResult[]> {
    return this.#alone(options, async () => {
      const moved: MoveResult[] = [];
      for (const { number } of this.#robot.of('mailSlot')) {
        moved.push(...(await takeIn(this.#robot, { kind: 'mailSlot', number }, (place) => this.#home(place))));
      }
      return moved;
    });
  }

  exportCartridges(barcodes: readonly string[], options: Cancellable = {}): Promise<readonly MoveResult[]> {
    return this.#alone(options, async () => {
      const moved: MoveResult[] = [];
      // All are found before the first is moved: a slip in the last one leaves everything where it is.
      const wanted: Place[] = [];
      for (const barcode of barcodes) wanted.push(await this.#placeOf(barcode));
      for (const [index, from] of wanted.entries()) {
        const put = await putOut(this.#robot, (mail) => this.#carry(from, mail));
        if (!put) {
          throw mailSlotsFull(this.name, {
            out: moved.map(({ cartridge }) => cartridge),
            left: barcodes.slice(index),
          });
        }
        moved.push(put);
      }
      return moved;
    });
  }

  async mount(cartridge: CartridgeRecord, request: MountRequest): Promise<Mount> {
    const lease = await this.#lease.use(request.signal);
    try {
      const bay = await this.#bringWhenFree(cartridge, request);
      await this.#threadOrGiveBack(bay, cartridge, request);
      let held = true;
      return {
        drive: bay.drive,
        driveNumber: bay.number,
        cartridge,
        virtual: this.#options.virtual,
        [Symbol.asyncDispose]: async () => {
          if (!held) return;
          held = false;
          await this.#dismount(bay, cartridge);
          await lease[Symbol.asyncDispose]();
        },
      };
    } catch (cause) {
      await lease[Symbol.asyncDispose]();
      throw cause;
    }
  }

  async load(cartridge: CartridgeRecord, request: MountRequest): Promise<Bay> {
    await using _lease = await this.#lease.use(request.signal);
    const bay = await this.#bringWhenFree(cartridge, { ...request, leaveLoaded: true });
    await this.#threadOrGiveBack(bay, cartridge, request);
    bay.drive.leave();
    this.#busy.delete(bay.number);
    this.#wakeWaiters();
    const changes = { state: 'loaded', reason: undefined, cartridge: cartridge.barcode } as const;
    await setDrive(this.#options, bay.number, changes);
    return bay;
  }

  unload(driveNumber?: number, options: Cancellable = {}): Promise<readonly MoveResult[]> {
    return this.#alone(options, async () => {
      const moved: MoveResult[] = [];
      if (driveNumber !== undefined) this.#robot.at({ kind: 'drive', number: driveNumber });
      for (const { number, full } of this.#robot.of('drive')) {
        if (!full || this.#busy.has(number) || (driveNumber !== undefined && number !== driveNumber)) continue;
        moved.push(await this.#home({ kind: 'drive', number }));
      }
      return moved;
    });
  }

  async cartridgeAt(address: string): Promise<CartridgeRecord> {
    const parsed = parseLibraryAddress(address);
    const records = await this.#options.catalog.cartridges.list({ library: this.name });
    const found = records.filter(({ barcode, location }) =>
      parsed.kind === 'barcode'
        ? barcode === parsed.barcode
        : location.kind === parsed.kind && 'number' in location && location.number === parsed.number,
    );
    const [record] = found;
    if (record && found.length === 1) return record;
    if (record)
      throw ambiguousBarcode(
        address,
        found.map(({ location }) => ('number' in location ? describePlace(location) : location.kind)),
      );
    throw unknownCartridge(address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bays[Symbol.asyncDispose]();
    await closeDevice(this.#options.changer, this.#options);
    await this.#options.source[Symbol.asyncDispose]();
  }

  get #mountParts(): MountParts {
    return {
      options: this.#options,
      robot: this.#robot,
      bays: this.#bays,
      experience: this.#experience,
      busy: this.#busy,
      threading: this.#threading,
    };
  }

  /** With the lease, alone in this process, and with an inventory that is not older than the lease. */
  async #alone<T>(options: Cancellable, work: () => Promise<T>): Promise<T> {
    await using _lease = await this.#lease.use(options.signal);
    return await this.#serially(async () => {
      await this.#begin(options);
      return await work();
    });
  }

  async #serially<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work, work);
    this.#tail = turn.catch(() => undefined);
    return await turn;
  }

  async #begin(options: Cancellable): Promise<void> {
    this.#looked ??= this.#look(options);
    try {
      await this.#looked;
    } catch (cause) {
      this.#looked = undefined;
      throw cause;
    }
  }

  async #look(options: Cancellable): Promise<void> {
    await this.#robot.look(options);
    await cleanHand(this.#mountParts);
    await this.#bays.match(this.#robot, options);
    await this.#keepRecord();
  }

  /** What commands that only read will answer from. Drives that were put out of use stay so. */
  async #keepRecord(): Promise<void> {
    const { catalog, clock, name: library, changer } = this.#options;
    const known = (await catalog.libraries.get(library))?.drives ?? [];
    const elements = this.#robot.of('drive');
    const drives = driveRecords({ library, elements, known, bays: this.#bays.all, busy: this.#busy });
    const { slots, mailSlots } = changer.geometry;
    const counts = { slots: slots.count, mailSlots: mailSlots.count };
    await catalog.libraries.put({ name: library, inventoriedAt: clock.now(), ...counts, drives });
  }

  async #bringWhenFree(
    cartridge: CartridgeRecord,
    request: MountRequest & { readonly leaveLoaded?: boolean },
  ): Promise<Bay> {
    for (;;) {
      const { bay, freed } = await this.#serially(async () => {
        await this.#begin({ signal: request.signal });
        const found = await bringCartridge(this.#mountParts, cartridge, request);
        // Asked for within the turn: a drive given back right after it must not be missed.
        return { bay: found, freed: found === 'wait' ? this.#nextFreed(request.signal) : undefined };
      });
      if (bay !== 'wait') return bay;
      await freed;
    }
  }

  async #threadOrGiveBack(bay: Bay, cartridge: CartridgeRecord, { signal }: MountRequest): Promise<void> {
    try {
      await threadCartridge(this.#mountParts, bay, { cartridge, signal });
    } catch (cause) {
      await this.#dismount(bay, cartridge);
      throw cause;
    }
  }

  async #dismount(bay: Bay, cartridge: CartridgeRecord): Promise<void> {
    // Rewinding and unthreading take minutes, in which the robot can work for others. What fails here fails again below, and is told there.
    const late = await bay.drive.unload().catch(() => undefined);
    if (late) {
      const { barcode = 'the cartridge' } = this.#robot.at({ kind: 'drive', number: bay.number });
      this.#options.warn({
        code: 'drive.late-error',
        subject: `${this.name}/drive:${bay.number}`,
        message:
          `drive:${bay.number} of ${this.name} reported when it unloaded ${barcode}: ${late.sense.text}. ` +
          `What was committed was on the medium before; see that it can be read: grandsire verify ${barcode}.`,
      });
    }
    await this.#serially(() => giveBack(this.#mountParts, bay, cartridge));
    this.#wakeWaiters();
  }

  #nextFreed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async #carry(from: Place, to: Place): Promise<MoveResult> {
    const cartridge = this.#robot.at(from).barcode ?? describePlace(from);
    await this.#leave(from);
    await this.#robot.carry(from, to);
    await this.#keepRecord();
    return { cartridge, from: describePlace(from), to: describePlace(to) };
  }

  async #home(from: Place): Promise<MoveResult> {
    const cartridge = this.#robot.at(from).barcode ?? describePlace(from);
    await this.#leave(from);
    const to = await this.#robot.carryHome(from);
    await this.#keepRecord();
    return { cartridge, from: describePlace(from), to: describePlace(to) };
  }

  /** Before something is taken from there: no session may go on in a drive, and what a cleaning cartridge did there is told now or never. */
  async #leave({ kind, number }: Place): Promise<void> {
    if (kind !== 'drive') return;
    if (this.#busy.has(number)) {
      throw new GrandsireError('drive.busy', {
        message: `drive:${number} of library ${this.name} is being used by this command`,
        remedy: 'Wait until it has finished.',
      });
    }
    const bay = this.#bays.get(number);
    if (bay) await noteAlerts(this.#options, bay);
  }

  async #placeOf(address: string): Promise<Place> {
    const parsed = parseLibraryAddress(address);
    if (parsed.kind !== 'barcode') return this.#ownPlace(parsed, address);
    const found = this.#robot.elements.filter(({ full, barcode }) => full && barcode === parsed.barcode);
    const [element] = found;
    if (element && found.length === 1) return { kind: element.kind, number: element.number };
    if (element) throw ambiguousBarcode(address, found.map(describePlace));
    const isKnown = (await this.#options.catalog.cartridges.byBarcode(address)).length > 0;
    throw isKnown ? notInLibrary(this.name, address) : unknownCartridge(address);
  }

  #destination(address: string): Place {
    const parsed = parseLibraryAddress(address);
    if (parsed.kind !== 'barcode') return this.#ownPlace(parsed, address);
    throw new GrandsireError('command.usage', {
      message: `"${address}" is a cartridge, not a place to move to`,
      remedy: 'Write a place such as `slot:5`, `drive:1` or `mail:1`.',
    });
  }

  #ownPlace({ kind, number, library }: Place & { readonly library?: string | undefined }, address: string): Place {
    if (library === undefined || library === this.name) return { kind, number };
    throw new GrandsireError('command.usage', {
      message: `${address} is in another library than ${this.name}`,
      remedy: `Use \`--library ${library}\`; cartridges are carried between libraries by hand.`,
    });
  }
}
