import { join } from 'node:path';
import { type Alarm, systemAlarm } from '#src/base/alarm';
import type { Clock } from '#src/base/clock';
import type { Duration } from '#src/base/duration';
import { GrandsireError } from '#src/base/errors';
import { makeStateFolder } from '#src/base/make-directory';
import { nearestName } from '#src/base/nearest-name';
import { type Pause, systemPause } from '#src/base/pause';
import type { Catalog } from '#src/catalog/catalog';
import type { Configuration, LibrarySettings, RotationSettings } from '#src/config/configuration';
import type { Driver, FoundUnit } from '#src/device/driver';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { PlanningConfiguration } from '#src/jobs/planning-state';
import type { Library } from '#src/library/library';
import type { LibraryWarning } from '#src/library/library-options';
import type { PlanningRotation } from '#src/rotation/planning-state';
import { parseRunTime } from '#src/rotation/run-time';
import { bindScheme, type Scheme } from '#src/rotation/scheme';

/** Every driver and scheme of the program, loaded at first use. */
const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
  iscsi: async () => (await import('#drivers/iscsi/driver')).driver as Driver,
  virtual: async () => (await import('#drivers/virtual/driver')).driver as Driver,
};

const schemes: Readonly<Record<string, () => Promise<Scheme>>> = {
  'grandfather-father-son': async () => (await import('#schemes/grandfather-father-son')).scheme as Scheme,
};

export interface AppOptions extends DeviceSurroundings {
  readonly configuration: Configuration;
  readonly clock: Clock;
}

/** What stands between the program and its devices; tests put faults and a clock of their own there. */
export interface DeviceSurroundings {
  /** Puts something of the same contract in front of each transport that is opened. */
  readonly interpose?: ((transport: ScsiTransport, unit: FoundUnit) => ScsiTransport) | undefined;
  /** How waiting for a device is done; by the system's timers unless told. */
  readonly pause?: Pause | undefined;
  /** What the watchdogs go by; the system's timers unless told. */
  readonly alarm?: Alarm | undefined;
}

/** The program put together over one configuration. */
export interface App extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly planning: PlanningConfiguration;
  /** Folder of the lock files. */
  readonly locks: string;
  /** Opens a library of the configuration: its driver, changer and drives. Throws `library.not-found`. Disposed by the caller. */
  openLibrary(name: string, use: LibraryUse): Promise<Library>;
  /** What a cartridge of the library holds where no drive has told yet; undefined where the driver cannot say. */
  capacityOf(library: string): Promise<number | undefined>;
}

/** What a library is opened for. */
export interface LibraryUse {
  /** In the operator's words, for those who wait for it: `backup run home`. */
  readonly job: string;
  readonly wait: Duration;
  readonly warn: (warning: LibraryWarning) => void;
  /** A line for the operator that changes nothing of the outcome, also from the driver; heard by nobody unless told. */
  readonly note?: ((text: string) => void) | undefined;
  /** Calls the opening off; what is done with the library afterwards has signals of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens the catalog (makes it where there is none) and checks the settings of every rotation. No device is touched. */
export async function openApp({ configuration, clock, ...surroundings }: AppOptions): Promise<App> {
  const planning = await loadPlanning(configuration);
  const locks = join(configuration.state, 'locks');
  makeStateFolder(locks);
  const { openSqliteCatalog } = await import('#src/catalog/sql/sqlite/open-sqlite-catalog');
  const { withActionLog } = await import('#src/catalog/action-log');
  const opened = await openSqliteCatalog({ path: join(configuration.state, 'catalog.sqlite'), clock });
  const catalog = withActionLog(opened, join(configuration.state, 'actions.jsonl'));
  return {
    configuration,
    clock,
    catalog,
    planning,
    locks,
    openLibrary: (name, use) =>
      openNamedLibrary(name, { configuration, clock, catalog, locks, ...surroundings, ...use }),
    capacityOf: async (name) => {
      const { driver, settings } = await loadDriver(libraryNamed(configuration, name));
      return driver.capacityOf?.(settings);
    },
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  };
}

async function openNamedLibrary(
  name: string,
  {
    configuration,
    interpose = (transport) => transport,
    pause = systemPause,
    alarm = systemAlarm,
    note = () => undefined,
    signal,
    ...parts
  }: Pick<App, 'configuration' | 'clock' | 'catalog' | 'locks'> & DeviceSurroundings & LibraryUse,
): Promise<Library> {
  const { driver, settings } = await loadDriver(libraryNamed(configuration, name));
  const { openMediaChanger } = await import('#drivers/scsi-changer/open-media-changer');
  const { openTapeDrive } = await import('#drivers/scsi-tape/open-tape-drive');
  const { openLibrary } = await import('#src/library/open-library');
  const { openChangerInTime } = await import('#src/library/watchdog/watched-changer');
  const source = await driver.openUnits(settings, { signal, note });
  const openUnit = async (unit: FoundUnit) => interpose(await source.open(unit), unit);
  try {
    const units = await source.discover({ signal });
    const changer = units.find(({ kind }) => kind === 'changer');
    if (!changer) throw noChanger(name);
    return openLibrary({
      ...parts,
      name,
      libraries: Object.keys(configuration.libraries),
      source,
      changer: await openChangerInTime(async () => openMediaChanger(await openUnit(changer), { pause }), {
        library: name,
        alarm,
      }),
      drives: units
        .filter(({ kind }) => kind === 'tape')
        .map((unit) => ({ address: unit.address, open: async () => openTapeDrive(await openUnit(unit), { pause }) })),
      virtual: driver.create !== undefined,
      pause,
      alarm,
      note,
      newPool: newCartridgePool(configuration),
    });
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/** The driver that a library names, and its checked settings. Throws `config.invalid` naming the place. */
export async function loadDriver(
  library: LibrarySettings,
): Promise<{ readonly driver: Driver; readonly settings: unknown }> {
  const load = drivers[library.driver];
  if (!load) {
    throw unknownName(library.place.describe(['driver']), {
      what: 'driver',
      name: library.driver,
      known: Object.keys(drivers),
    });
  }
  const driver = await load();
  return { driver, settings: driver.parseSettings(library.settings, library.place) };
}

async function loadPlanning(configuration: Configuration): Promise<PlanningConfiguration> {
  const rotations: PlanningRotation[] = [];
  for (const settings of Object.values(configuration.rotations))
    rotations.push(await loadRotation(settings, configuration));
  return { rotations, pools: Object.values(configuration.pools) };
}

async function loadRotation(rotation: RotationSettings, configuration: Configuration): Promise<PlanningRotation> {
  const load = schemes[rotation.scheme];
  if (!load) {
    throw unknownName(rotation.place.describe(['scheme']), {
      what: 'scheme',
      name: rotation.scheme,
      known: Object.keys(schemes),
    });
  }
  const scheme = await load();
  const { timeZone } = rotation;
  const runTime = parseRunTime(rotation.at, timeZone);
  if (!runTime) {
    throw new GrandsireError('config.invalid', {
      message: `${rotation.place.describe(['at'])}: ${rotation.at} is not a time for runs.`,
      remedy: "Write a cron expression such as at: '0 22 * * *'.",
    });
  }
  const { name, library } = rotation;
  const sets = Object.values(configuration.sets).filter((set) => set.rotation === name);
  return {
    name,
    library,
    timeZone,
    runTime,
    scheme: bindScheme(scheme, scheme.parseSettings(rotation.settings, rotation.place)),
    sets: sets.map((set) => set.name),
  };
}

/** The library that a command means: the one named, or the only one. Throws `library.not-found`. */
export function libraryNamed(configuration: Configuration, name: string | undefined): LibrarySettings {
  const all = Object.values(configuration.libraries);
  const found = name === undefined ? all[0] : configuration.libraries[name];
  if (found && (name !== undefined || all.length === 1)) return found;
  const names = all.map((library) => library.name).join(', ');
  throw new GrandsireError('library.not-found', {
    message:
      name === undefined ? `the configuration has ${all.length} libraries: ${names}` : `there is no library ${name}`,
    remedy: name === undefined ? 'Name the one that is meant: --library NAME.' : `Use one of: ${names}.`,
  });
}

/** Where a cartridge goes that is seen for the first time: the pool that others draw on. */
function newCartridgePool({ pools }: Configuration): string {
  const drawn = Object.values(pools).find(({ name }) => Object.values(pools).some(({ draw }) => draw === name));
  return pools['scratch']?.name ?? drawn?.name ?? Object.keys(pools)[0] ?? 'scratch';
}

const noChanger = (name: string): GrandsireError =>
  new GrandsireError('library.no-changer', {
    message: `library ${name} has no medium changer`,
    remedy: 'Check the settings of the library in grandsire.yaml: they may name a drive instead.',
  });

function unknownName(
  place: string,
  { what, name, known }: { readonly what: string; readonly name: string; readonly known: readonly string[] },
): GrandsireError {
  const near = nearestName(name, known);
  return new GrandsireError('config.invalid', {
    message: `${place}: there is no ${what} "${name}".`,
    remedy: near ? `Did you mean "${near}"?` : `Use one of: ${known.join(', ')}.`,
  });
}
