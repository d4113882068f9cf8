import { DeviceError } from '#src/base/errors';
import type { Cancellable } from '#src/device/tape-drive';
import { closeDevice } from '#src/library/close-device';
import { driveGeneration } from '#src/library/drives/drive-generation';
import { isSameSerial, toldSerials } from '#src/library/drives/told-serials';
import { describePlace } from '#src/library/library-address';
import type { DriveUnit, LibraryOptions } from '#src/library/library-options';
import type { NumberedElement } from '#src/library/robot/numbered-element';
import type { Robot } from '#src/library/robot/robot';
import { WatchedDrive } from '#src/library/watchdog/watched-drive';
import { parseBarcode } from '#src/media/barcode';

/** A drive, and the place where the robot reaches it. */
export interface Bay {
  /** From 1, as operators count. */
  readonly number: number;
  readonly drive: WatchedDrive;
  readonly generation: string | undefined;
}

type BayOptions = Pick<LibraryOptions, 'name' | 'drives' | 'catalog' | 'warn' | 'alarm'>;

interface Opened {
  readonly drive: WatchedDrive;
  readonly generation: string | undefined;
}

/**
 * Which tape drive stands behind which element: by serial number where the library tells it (DVCID), by what was found out before, and else by
 * loading a cartridge and looking which drive has it. The order of the drives proves nothing (a changer's first drive was the sixth tape node).
 */
export class DriveBays implements AsyncDisposable {
  readonly #options: BayOptions;
  readonly #opened = new Map<DriveUnit, Opened>();
  readonly #bays = new Map<number, Bay>();

  constructor(options: BayOptions) {
    this.#options = options;
  }

  get all(): readonly Bay[] {
    return [...this.#bays.values()].sort((a, b) => a.number - b.number);
  }

  get(number: number): Bay | undefined {
    return this.#bays.get(number);
  }

  /** Opens what is not open yet and matches what is not matched yet. A drive that cannot be opened is warned of and left out. */
  async match(robot: Robot, options: Cancellable = {}): Promise<void> {
    if (this.#bays.size === robot.of('drive').length) return;
    await this.#openAll();
    const elements = this.#elements(robot);
    this.#warnShared();
    this.#matchBySerial(elements);
    await this.#matchByMemory(elements);
    this.#matchLast(elements);
    await this.#matchByLook(elements, options);
    if (this.#freeDrives().length > 0 && this.#freeElements(elements).length > 0)
      await this.#matchByLoading(robot, options);
  }

  /** Has the drive of an element let go; where it is not known which that is, all that it may be. */
  async letGo(number: number): Promise<void> {
    const bay = this.#bays.get(number);
    if (bay) await bay.drive.unload();
    else for (const { drive } of this.#freeDrives()) await drive.unload();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { drive } of this.#opened.values()) await closeDevice(drive, this.#options);
    this.#opened.clear();
    this.#bays.clear();
  }

  async #openAll(): Promise<void> {
    for (const unit of this.#options.drives) {
      if (this.#opened.has(unit)) continue;
      try {
        const drive = await WatchedDrive.open(() => unit.open(), unit.address, this.#options.alarm);
        this.#opened.set(unit, { drive, generation: driveGeneration(await drive.densities()) });
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        this.#options.warn({ code: 'drive.unreachable', subject: unit.address, message });
      }
    }
  }

  /** With the serial numbers that tell something. */
  #elements(robot: Robot): readonly NumberedElement[] {
    return toldSerials(robot.of('drive'), this.#serials());
  }

  #serials(): readonly string[] {
    return [...this.#opened.values()].map(({ drive }) => drive.identity.serial);
  }

  #warnShared(): void {
    const serials = this.#serials();
    const shared = new Set(serials.filter((serial, index) => serial !== '' && serials.indexOf(serial) !== index));
    for (const serial of shared) {
      const message = `several drives of ${this.#options.name} have the serial number ${serial}: which is which is found out by loading a cartridge, each time`;
      this.#options.warn({ code: 'drive.duplicate-serial', subject: this.#options.name, message });
    }
  }

  #freeElements(elements: readonly NumberedElement[]): readonly NumberedElement[] {
    return elements.filter(({ number }) => !this.#bays.has(number));
  }

  #freeDrives(): readonly Opened[] {
    const taken = new Set([...this.#bays.values()].map(({ drive }) => drive));
    return [...this.#opened.values()].filter(({ drive }) => !taken.has(drive));
  }

  #take({ number }: NumberedElement, { drive, generation }: Opened): void {
    drive.place = `${this.#options.name}/${describePlace({ kind: 'drive', number })}`;
    this.#bays.set(number, { number, drive, generation });
  }

  #matchBySerial(elements: readonly NumberedElement[]): void {
    for (const element of this.#freeElements(elements)) {
      const fits = this.#freeDrives().filter(({ drive }) => isSameSerial(element.driveSerial, drive.identity.serial));
      if (fits.length === 1 && fits[0]) this.#take(element, fits[0]);
    }
  }

  /** What an earlier look found out, for libraries that do not tell. */
  async #matchByMemory(elements: readonly NumberedElement[]): Promise<void> {
    if (elements.some(({ driveSerial }) => driveSerial !== undefined)) return;
    const record = await this.#options.catalog.libraries.get(this.#options.name);
    for (const element of this.#freeElements(elements)) {
      const serial = record?.drives.find(({ number }) => number === element.number)?.serial;
      const fits = this.#freeDrives().filter(({ drive }) => isSameSerial(serial, drive.identity.serial));
      if (fits.length === 1 && fits[0]) this.#take(element, fits[0]);
    }
  }

  /** One drive and one element that are left belong together, where the library does not say otherwise. */
  #matchLast(elements: readonly NumberedElement[]): void {
    const [[element, ...others], [drive, ...more]] = [this.#freeElements(elements), this.#freeDrives()];
    if (element && drive && others.length === 0 && more.length === 0 && element.driveSerial === undefined)
      this.#take(element, drive);
  }

  /** The only full element and the only drive that holds something belong together. */
  async #matchByLook(elements: readonly NumberedElement[], options: Cancellable): Promise<void> {
    const full = this.#freeElements(elements).filter((element) => element.full && element.driveSerial === undefined);
    const holding = await this.#holding(options);
    const [element, drive] = [full[0], holding[0]];
    if (element && drive && full.length === 1 && holding.length === 1) this.#take(element, drive);
  }

  async #holding(options: Cancellable): Promise<readonly Opened[]> {
    const holding: Opened[] = [];
    for (const opened of this.#freeDrives()) {
      const state = await this.#orLeaveOut(opened, () => opened.drive.ready(options));
      if (state && state.kind !== 'no-medium') holding.push(opened);
    }
    return holding;
  }

  async #matchByLoading(robot: Robot, options: Cancellable): Promise<void> {
    // What cannot be told apart lets go first, so that afterwards exactly one drive holds something.
    for (const opened of this.#freeDrives()) await this.#orLeaveOut(opened, () => opened.drive.unload(options));
    for (const { number, full } of this.#freeElements(this.#elements(robot))) {
      if (full) await this.#carryAway(robot, number, undefined);
    }
    for (const opened of await this.#holding(options))
      await this.#leaveOut(opened, 'it does not let go of what is in it');
    for (const element of this.#elements(robot)) {
      this.#matchLast(this.#elements(robot));
      if (this.#bays.has(element.number) || element.driveSerial !== undefined) continue;
      const probe = robot.of('slot').find(isProbe);
      if (!probe) return this.#warnUnmatched(element);
      await robot.carry({ kind: 'slot', number: probe.number }, { kind: 'drive', number: element.number });
      const holding = await this.#afterLoading(options);
      if (holding) this.#take(element, holding);
      else this.#warnUnmatched(element);
      await this.#carryAway(robot, element.number, probe.number);
    }
  }

  /** Out of a drive and home, or into this slot. What a drive that fails does not give up stays in it, and the others are found out about. */
  async #carryAway(robot: Robot, number: number, slot: number | undefined): Promise<void> {
    const from = { kind: 'drive', number } as const;
    const what = robot.at(from).barcode ?? 'a cartridge without barcode';
    try {
      if (slot === undefined) await robot.carryHome(from);
      else await robot.carry(from, { kind: 'slot', number: slot });
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause;
      const message = `${what} could not be brought home from ${describePlace(from)} of ${this.#options.name}: ${cause.message}. Once the drive works again: grandsire drive unload --drive ${number}`;
      this.#options.warn({ code: 'cartridge.not-brought-home', subject: what, message });
    }
  }

  /** A drive that fails while nobody knows where it stands can be put out of use nowhere: it is warned of and left out, as one that cannot be opened. */
  async #orLeaveOut<T>(opened: Opened, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause;
      await this.#leaveOut(opened, cause.message);
      return undefined;
    }
  }

  async #leaveOut(opened: Opened, why: string): Promise<void> {
    const { drive } = opened;
    for (const [unit, other] of this.#opened) if (other === opened) this.#opened.delete(unit);
    await closeDevice(drive, this.#options);
    const message = `${drive.place} is left out: ${why}`;
    this.#options.warn({ code: 'drive.unmatched', subject: drive.address, message });
  }

  /** A cartridge takes a moment to be seen; `load` waits for it on each drive in turn. */
  async #afterLoading(options: Cancellable): Promise<Opened | undefined> {
    const [first, ...others] = await this.#holding(options);
    if (first) return others.length === 0 ? first : undefined;
    for (const opened of this.#freeDrives()) {
      const state = await this.#orLeaveOut(opened, () => opened.drive.load(options));
      if (state && state.kind !== 'no-medium') return opened;
    }
    return undefined;
  }

  #warnUnmatched({ number }: NumberedElement): void {
    const message = `which tape drive stands behind drive:${number} of ${this.#options.name} could not be found out`;
    this.#options.warn({ code: 'drive.unmatched', subject: `${this.#options.name}/drive:${number}`, message });
  }
}

/** A cleaning cartridge would begin to clean, and a cartridge without barcode might be one. */
const isProbe = ({ full, barcode, accessible }: NumberedElement): boolean =>
  full && accessible && barcode !== undefined && parseBarcode(barcode).kind !== 'cleaning';
