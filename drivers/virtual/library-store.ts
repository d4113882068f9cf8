import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, existsSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualLibrarySettings } from '#drivers/virtual/config';
import { generationOfBarcode, isCleaningBarcode } from '#drivers/virtual/generation';
import {
  type CartridgePlace,
  type CartridgeRecord,
  type DriveRecord,
  formatPlace,
  imageNamePattern,
  type LibraryState,
  type PlaceParts,
  parsePlace,
} from '#drivers/virtual/library-state';
import {
  type FileSignature,
  fileSignature,
  isSameFile,
  newState,
  readState,
  stateName,
  stateNotWritten,
  writeState,
} from '#drivers/virtual/state-file';
import { DeviceError, GrandsireError } from '#src/base/errors';
import { makeDirectory } from '#src/base/make-directory';
import type { NewCartridge } from '#src/device/driver';

/** Uses of a cleaning cartridge when it is new (LTO universal cleaning cartridges: 50). */
const newCleaningUses = 50;

export interface CartridgeInPlace {
  readonly id: string;
  readonly record: CartridgeRecord;
}

/**
 * `library.json` and the folder of cartridges. Every change is written before it is believed (write, fsync, rename, fsync of
 * the folder), and `refresh` sees what another process, or an operator with an editor, wrote. Processes take turns by the
 * product's library lease, not here.
 */
export class LibraryStore {
  readonly settings: VirtualLibrarySettings;
  #state: LibraryState;
  readonly #stateFile: string;
  #signature: FileSignature;
  #contents: ReadonlyMap<CartridgePlace, CartridgeInPlace> | undefined;
  /** Grows whenever the state may differ from what was seen before. */
  #revision = 1;

  private constructor(settings: VirtualLibrarySettings, state: LibraryState, signature: FileSignature) {
    this.settings = settings;
    this.#stateFile = join(settings.path, stateName);
    this.#state = state;
    this.#signature = signature;
  }

  /** Opens the library; a folder with cartridges and no `library.json` gets one. */
  static open(settings: VirtualLibrarySettings): LibraryStore {
    if (!existsSync(settings.path)) {
      throw new DeviceError('device.unreachable', {
        usable: false,
        message: `There is no virtual library at ${settings.path}.`,
        remedy: `Correct its path in the configuration, or make an empty one with \`mkdir -p ${join(settings.path, 'cartridges')}\`.`,
      });
    }
    if (existsSync(join(settings.path, stateName))) {
      const { state, signature } = readState(settings.path);
      return new LibraryStore(settings, state, signature);
    }
    const store = new LibraryStore(settings, newState(), undefined);
    makeDirectory(join(settings.path, 'cartridges'));
    store.rescan();
    return store;
  }

  /** Makes the folder with blank cartridges in the first slots; a library that is already there is left as it is (false). */
  static create(settings: VirtualLibrarySettings, cartridges: readonly NewCartridge[]): boolean {
    if (existsSync(join(settings.path, stateName)) || hasImages(settings)) return false;
    if (cartridges.length > settings.slots) {
      throw new GrandsireError('library.no-free-slot', {
        message: `${cartridges.length} cartridges do not fit into the ${settings.slots} slots of the virtual library at ${settings.path}.`,
        remedy: `Set \`slots: ${cartridges.length}\` in the configuration.`,
      });
    }
    makeDirectory(join(settings.path, 'cartridges'));
    const state = newState();
    cartridges.forEach(({ barcode, kind }, index) => {
      const name = `${barcode}.tap`;
      if (!imageNamePattern.test(name)) {
        throw new GrandsireError('library.invalid-barcode', {
          message: `"${barcode}" cannot be the barcode of a virtual cartridge.`,
          remedy: 'Use 1 to 32 letters A-Z, digits, `-` and `_`, for example `G00001L9`.',
        });
      }
      closeSync(openSync(join(settings.path, 'cartridges', name), 'a'));
      state.cartridges[barcode] = newRecord(settings, `slot:${index + 1}`, kind);
    });
    new LibraryStore(settings, state, undefined).#save();
    return true;
  }

  get revision(): number {
    return this.#revision;
  }

  get state(): Readonly<LibraryState> {
    return this.#state;
  }

  imagePath(id: string): string {
    return join(this.settings.path, 'cartridges', `${id}.tap`);
  }

  /** Reads the state again if the file is another one than before. */
  refresh(): void {
    if (isSameFile(fileSignature(this.#stateFile), this.#signature)) return;
    const { state, signature } = readState(this.settings.path);
    this.#replace(state);
    this.#signature = signature;
  }

  /** The cartridge in an element. */
  at(element: PlaceParts): CartridgeInPlace | undefined {
    return this.contents().get(formatPlace(element));
  }

  /** What lies in the elements. */
  contents(): ReadonlyMap<CartridgePlace, CartridgeInPlace> {
    this.#contents ??= new Map(
      Object.entries(this.#state.cartridges).map(([id, record]) => [record.place, { id, record }]),
    );
    return this.#contents;
  }

  drive(number: number): DriveRecord {
    return this.#state.drives[String(number)] ?? { cleaningRequired: false, loads: 0 };
  }

  changeCartridge(id: string, change: Partial<CartridgeRecord>): void {
    const record = this.#state.cartridges[id];
    if (!record) return;
    const next = { ...record, ...change };
    for (const key of Object.keys(next) as (keyof CartridgeRecord)[]) if (next[key] === undefined) delete next[key];
    this.#change({ ...this.#state, cartridges: { ...this.#state.cartridges, [id]: next } });
  }

  changeDrive(number: number, change: Partial<DriveRecord>): void {
    const drives = { ...this.#state.drives, [String(number)]: { ...this.drive(number), ...change } };
    this.#change({ ...this.#state, drives });
  }

  /** Whether the cartridge's file is there and can be opened for writing. A vanished file is a missing cartridge. */
  fileState(id: string): 'missing' | 'read-only' | 'writable' {
    const path = this.imagePath(id);
    try {
      const stat = lstatSync(path);
      if (!stat.isFile()) return 'missing';
      // The permission bits are the switch on the cartridge; root could write in spite of them, and must not.
      if ((stat.mode & 0o222) === 0) return 'read-only';
      accessSync(path, constants.W_OK);
      return 'writable';
    } catch (error) {
      return isMissing(error) ? 'missing' : 'read-only';
    }
  }

  /**
   * Looks into `cartridges/`: a new file is put into a free slot, a cartridge whose file is gone leaves its element. Only
   * the elements that `inRange` names are looked at.
   */
  rescan(inRange: (element: PlaceParts) => boolean = () => true): void {
    const { settings } = this;
    const present = new Set<string>();
    for (const entry of readdirSync(join(settings.path, 'cartridges'), { withFileTypes: true })) {
      const id = entry.isFile() ? imageNamePattern.exec(entry.name)?.[1] : undefined;
      if (id) present.add(id);
    }
    const cartridges: Record<string, CartridgeRecord> = {};
    const homeless: string[] = [...present].filter((id) => !Object.hasOwn(this.#state.cartridges, id));
    const taken = new Set<CartridgePlace>();
    for (const [id, record] of Object.entries(this.#state.cartridges)) {
      const parts = parsePlace(record.place);
      const exists = parts !== undefined && this.#hasElement(parts) && !taken.has(record.place);
      cartridges[id] = record;
      if (exists && (present.has(id) || !inRange(parts))) taken.add(record.place);
      else {
        cartridges[id] = { ...withoutSeat(record), place: 'outside' };
        if (present.has(id)) homeless.push(id);
      }
    }
    const free: CartridgePlace[] = [];
    for (let number = 1; number <= settings.slots && free.length < homeless.length; number++) {
      const place: CartridgePlace = `slot:${number}`;
      if (!taken.has(place) && inRange({ kind: 'slot', number })) free.push(place);
    }
    homeless.sort().forEach((id, index) => {
      const known = cartridges[id];
      const place = free[index] ?? 'outside';
      cartridges[id] = known ? { ...known, place } : newRecord(settings, place, kindOfBarcode(id));
    });
    this.#change({ ...this.#state, cartridges });
  }

  /** What cannot be kept on disk did not happen. */
  #change(state: LibraryState): void {
    const before = this.#state;
    this.#replace(state);
    try {
      this.#save();
    } catch (error) {
      this.#replace(before);
      throw stateNotWritten(this.#stateFile, error);
    }
  }

  #replace(state: LibraryState): void {
    this.#state = state;
    this.#contents = undefined;
    this.#revision += 1;
  }

  #hasElement({ kind, number }: PlaceParts): boolean {
    const { slots, mailSlots, drives } = this.settings;
    return number <= { slot: slots, mail: mailSlots, drive: drives }[kind];
  }

  #save(): void {
    this.#signature = writeState(this.settings.path, this.#state);
  }
}

/** Cartridges without a `library.json`: they may carry anything, and `open` finds each a slot. */
function hasImages({ path }: VirtualLibrarySettings): boolean {
  const folder = join(path, 'cartridges');
  return existsSync(folder) && readdirSync(folder).some((name) => imageNamePattern.test(name));
}

function withoutSeat(record: CartridgeRecord): CartridgeRecord {
  const { seat: _seat, putOut: _putOut, home: _home, cleaningFailed: _failed, ...rest } = record;
  return rest;
}

function kindOfBarcode(barcode: string): CartridgeRecord['kind'] {
  if (isCleaningBarcode(barcode)) return 'cleaning';
  return generationOfBarcode(barcode)?.worm ? 'worm' : 'data';
}

const newRecord = (
  settings: VirtualLibrarySettings,
  place: CartridgePlace,
  kind: CartridgeRecord['kind'],
): CartridgeRecord => ({
  place,
  kind,
  serial: `V${randomBytes(5).toString('hex').toUpperCase()}`,
  capacityBytes: settings.cartridgeCapacityBytes,
  writeProtected: false,
  loads: 0,
  writtenBytes: 0,
  readBytes: 0,
  writeSessions: 0,
  ...(kind === 'cleaning' ? { cleaningsLeft: newCleaningUses } : {}),
});

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
