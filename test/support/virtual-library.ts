import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVirtualSettings, type VirtualLibrarySettings } from '#drivers/virtual/config';
import { driver } from '#drivers/virtual/driver';
import type { CartridgeRecord, LibraryState } from '#drivers/virtual/library-state';
import { seconds } from '#src/base/duration';
import type { NewCartridge, SettingsPlace, UnitSource } from '#src/device/driver';
import type { DataPhase, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';

export interface TestLibraryOptions {
  readonly drives?: number;
  readonly slots?: number;
  readonly mailSlots?: number;
  /** Barcodes (kind by media id) or whole descriptions; they lie in slots 1, 2, … */
  readonly cartridges?: readonly (string | NewCartridge)[];
  /** Bytes, or as in the configuration: `64MiB`. */
  readonly capacity?: number | string;
  readonly generation?: string;
  /** The directory in which temporary folders are made. */
  readonly within?: string;
}

export interface TestLibrary extends AsyncDisposable {
  readonly path: string;
  readonly settings: VirtualLibrarySettings;
  /** An opening as another process would make it; closed with the library unless closed before. */
  openUnits(): Promise<UnitSource>;
  /** The changer's transport, and drive n's (from 1), of one common opening. */
  changer(): Promise<ScsiTransport>;
  drive(number?: number): Promise<ScsiTransport>;
  imagePath(barcode: string): string;
  readState(): LibraryState;
  /** Edits `library.json` as an operator with an editor would. */
  editCartridge(barcode: string, change: Partial<CartridgeRecord>): void;
  editState(edit: (state: LibraryState) => LibraryState): void;
}

/** For drivers that are opened without a configuration file. */
export const testSettingsPlace: SettingsPlace = {
  describe: (path) => `test settings, ${path.join('.')}`,
  resolve: (path) => path,
};

/** A virtual library in a temporary folder, removed when disposed. */
export async function createTestLibrary(options: TestLibraryOptions = {}): Promise<TestLibrary> {
  const { drives = 1, slots = 8, mailSlots = 1, capacity = '64MiB', generation = 'LTO-9' } = options;
  const { cartridges = ['G00001L9', 'G00002L9'], within = tmpdir() } = options;
  const path = mkdtempSync(join(within, 'grandsire-library-'));
  const settings = parseVirtualSettings(
    { path, drives, slots, mailSlots, generation, cartridgeCapacity: capacity },
    testSettingsPlace,
  );
  await driver.create?.(settings, cartridges.map(describeCartridge));
  const sources: UnitSource[] = [];
  const openUnits = async (): Promise<UnitSource> => {
    const source = await driver.openUnits(settings);
    sources.push(source);
    return source;
  };
  let common: Promise<UnitSource> | undefined;
  const openUnit = async (index: number): Promise<ScsiTransport> => {
    common ??= openUnits();
    const source = await common;
    const unit = (await source.discover())[index];
    if (!unit) throw new RangeError(`the test library has no unit ${index}`);
    return source.open(unit);
  };
  const statePath = join(path, 'library.json');
  const readState = (): LibraryState => JSON.parse(readFileSync(statePath, 'utf8'));
  const editState = (edit: (state: LibraryState) => LibraryState): void => {
    writeFileSync(statePath, JSON.stringify(edit(readState())));
  };
  return {
    path,
    settings,
    openUnits,
    changer: () => openUnit(0),
    drive: (number = 1) => openUnit(number),
    imagePath: (barcode) => join(path, 'cartridges', `${barcode}.tap`),
    readState,
    editState,
    editCartridge: (barcode, change) => {
      editState((state) => {
        const record = state.cartridges[barcode];
        if (!record) throw new RangeError(`the test library has no cartridge ${barcode}`);
        return { ...state, cartridges: { ...state.cartridges, [barcode]: { ...record, ...change } } };
      });
    },
    [Symbol.asyncDispose]: async () => {
      for (const source of sources) await source[Symbol.asyncDispose]();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function describeCartridge(cartridge: string | NewCartridge): NewCartridge {
  if (typeof cartridge !== 'string') return cartridge;
  if (cartridge.endsWith('CU') || cartridge.startsWith('CLN')) return { barcode: cartridge, kind: 'cleaning' };
  return { barcode: cartridge, kind: /L[TUVWXYZH]$/.test(cartridge) ? 'worm' : 'data' };
}

const timeout = seconds(30);

/** Sends a CDB given in hexadecimal, with data-in room of `inBytes` or data-out. */
export async function sendHex(
  transport: ScsiTransport,
  cdb: string,
  phase: number | readonly Uint8Array[] = 0,
): Promise<ScsiResult & { readonly data: Buffer }> {
  const buffer = Buffer.alloc(typeof phase === 'number' ? phase : 0);
  const data: DataPhase =
    typeof phase !== 'number'
      ? { direction: 'out', data: phase }
      : phase > 0
        ? { direction: 'in', buffer }
        : { direction: 'none' };
  const result = await transport.execute(Buffer.from(cdb.replaceAll(' ', ''), 'hex'), data, { timeout });
  return { ...result, data: buffer.subarray(0, typeof phase === 'number' ? result.transferredBytes : 0) };
}
