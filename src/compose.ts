import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import { nearestName } from '#src/base/nearest-name';
import { parseTimeZone } from '#src/base/time-zone';
import type { Catalog } from '#src/catalog/catalog';
import type { Configuration, LibrarySettings, RotationSettings } from '#src/config/configuration';
import type { Driver } from '#src/device/driver';
import type { PlanningConfiguration } from '#src/jobs/planning-state';
import type { PlanningRotation } from '#src/rotation/planning-state';
import { parseRunTime } from '#src/rotation/run-time';
import { bindScheme, type Scheme } from '#src/rotation/scheme';

/** Every driver and scheme of the program, loaded at first use. */
const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
  virtual: async () => (await import('#drivers/virtual/driver')).driver as Driver,
};

const schemes: Readonly<Record<string, () => Promise<Scheme>>> = {
  'grandfather-father-son': async () => (await import('#schemes/grandfather-father-son')).scheme as Scheme,
};

export interface AppOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
}

/** The program put together over one configuration. */
export interface App extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly planning: PlanningConfiguration;
  /** Folder of the lock files. */
  readonly locks: string;
}

/** Opens the catalog (makes it where there is none) and checks the settings of every rotation. No device is touched. */
export async function openApp({ configuration, clock }: AppOptions): Promise<App> {
  const planning = await loadPlanning(configuration);
  const locks = join(configuration.state, 'locks');
  mkdirSync(locks, { recursive: true });
  const { openSqliteCatalog } = await import('#src/catalog/sql/sqlite/open-sqlite-catalog');
  const catalog = await openSqliteCatalog({ path: join(configuration.state, 'catalog.sqlite'), clock });
  return {
    configuration,
    clock,
    catalog,
    planning,
    locks,
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  };
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
  const timeZone = parseTimeZone(rotation.timeZone);
  const runTime = timeZone && parseRunTime(rotation.at, timeZone);
  if (!timeZone || !runTime) {
    throw new GrandsireError('config.invalid', {
      message: `${rotation.place.describe([timeZone ? 'at' : 'timeZone'])}: ${timeZone ? rotation.at : rotation.timeZone} cannot be understood.`,
      remedy: "Write a cron expression such as at: '0 22 * * *', and a zone such as timeZone: Europe/London.",
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
