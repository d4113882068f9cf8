import { join } from 'node:path';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import type { Alarm } from '#src/base/alarm';
import { instant, ManualClock } from '#src/base/clock';
import { type Duration, milliseconds } from '#src/base/duration';
import type { Pause } from '#src/base/pause';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import type { MediaChanger } from '#src/device/media-changer';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { TapeDrive } from '#src/device/tape-drive';
import type { Library } from '#src/library/library';
import type { LibraryOptions, LibraryWarning } from '#src/library/library-options';
import { openLibrary } from '#src/library/open-library';
import { createTestLibrary, type TestLibrary, type TestLibraryOptions } from '#test/support/virtual-library';

export interface ManagedOptions extends TestLibraryOptions {
  readonly wrapChanger?: (changer: MediaChanger) => MediaChanger;
  readonly wrapChangerTransport?: (transport: ScsiTransport) => ScsiTransport;
  readonly wrapDrive?: (drive: TapeDrive, number: number) => TapeDrive;
  /** What stands between each drive's driver and its transport; numbers from 1. */
  readonly wrapDriveTransport?: (transport: ScsiTransport, number: number) => ScsiTransport;
  /** Time for drivers and watchdogs; unless given, pauses are over at once, and no alarm rings. */
  readonly time?: { readonly pause: Pause; readonly alarm: Alarm };
  /** The order in which the drives are found; numbers from 1. */
  readonly driveOrder?: readonly number[];
}

export interface ManagedLibrary extends AsyncDisposable {
  readonly device: TestLibrary;
  readonly catalog: Catalog;
  readonly library: Library;
  readonly warnings: LibraryWarning[];
  readonly notes: string[];
  readonly locks: string;
  /** A second opening of the same devices, as another process would have, with the same catalog. */
  reopen(changes?: Partial<LibraryOptions>): Promise<Library>;
  cartridge(barcode: string): Promise<CartridgeRecord>;
  /** `slot:1` of a barcode as the catalog books it. */
  placeOf(barcode: string): Promise<string>;
}

const timeless = {
  pause: async (_duration: Duration, signal?: AbortSignal) => signal?.throwIfAborted(),
  alarm: () => ({ cancel: () => undefined }),
};

/** A virtual library with a real catalog and real drivers. */
export async function createManagedLibrary(options: ManagedOptions = {}): Promise<ManagedLibrary> {
  const device = await createTestLibrary({
    drives: 2,
    slots: 6,
    mailSlots: 2,
    cartridges: ['G00001L9', 'G00002L9', 'G00003L9'],
    ...options,
  });
  const clock = new ManualClock(instant(Date.parse('2026-11-22T22:00:00Z')));
  const catalog = await openSqliteCatalog({ path: join(device.path, 'catalog.sqlite'), clock });
  const locks = join(device.path, 'locks');
  const warnings: LibraryWarning[] = [];
  const notes: string[] = [];
  const {
    wrapChanger = (changer) => changer,
    wrapDrive = (drive) => drive,
    wrapChangerTransport = (transport) => transport,
    wrapDriveTransport = (transport) => transport,
    time: { pause, alarm } = timeless,
  } = options;
  const order = options.driveOrder ?? Array.from({ length: options.drives ?? 2 }, (_, index) => index + 1);
  const opened: Library[] = [];
  const reopen = async (changes: Partial<LibraryOptions> = {}): Promise<Library> => {
    const source = await device.openUnits();
    const [changerUnit, ...driveUnits] = await source.discover();
    if (!changerUnit) throw new RangeError('no changer');
    const changer = await openMediaChanger(wrapChangerTransport(await source.open(changerUnit)), { pause });
    const drives = order.map((number) => {
      const unit = driveUnits[number - 1];
      if (!unit) throw new RangeError(`no drive ${number}`);
      const open = async () => {
        const transport = wrapDriveTransport(await source.open(unit), number);
        return wrapDrive(await openTapeDrive(transport, { pause }), number);
      };
      return { address: unit.address, open };
    });
    const library = openLibrary({
      name: 'main',
      libraries: ['main'],
      changer: wrapChanger(changer),
      drives,
      source,
      virtual: true,
      catalog,
      locks,
      clock,
      pause,
      alarm,
      job: 'test',
      wait: milliseconds(0),
      newPool: 'scratch',
      warn: (warning) => warnings.push(warning),
      note: (text) => notes.push(text),
      ...changes,
    });
    opened.push(library);
    return library;
  };
  const library = await reopen();
  const cartridge = async (barcode: string): Promise<CartridgeRecord> => {
    const [record] = await catalog.cartridges.byBarcode(barcode);
    if (!record) throw new RangeError(`no cartridge ${barcode}`);
    return record;
  };
  return {
    device,
    catalog,
    library,
    warnings,
    notes,
    locks,
    reopen,
    cartridge,
    placeOf: async (barcode) => {
      const { location } = await cartridge(barcode);
      return 'number' in location ? `${location.kind}:${location.number}` : location.kind;
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one[Symbol.asyncDispose]();
      await catalog[Symbol.asyncDispose]();
      await device[Symbol.asyncDispose]();
    },
  };
}
