import type { ErrorCode } from '#src/base/error-codes';
import { GrandsireError } from '#src/base/errors';
import { nearestName } from '#src/base/nearest-name';
import type { App } from '#src/compose';
import type { Pool } from '#src/media/pool';

/** A pool of the configuration. Throws `pool.not-found`. */
export function poolNamed({ planning: { pools } }: Pick<App, 'planning'>, name: string): Pool {
  const found = pools.find((pool) => pool.name === name);
  if (found) return found;
  const names = pools.map((pool) => pool.name);
  throw notFound('pool.not-found', { message: `there is no pool ${name}`, name, names, list: 'grandsire pool list' });
}

/** For a filter: also a pool that the configuration no longer has and cartridges are still in. Throws `pool.not-found`. */
export async function assertPoolInUse(app: Pick<App, 'planning' | 'catalog'>, name: string): Promise<void> {
  if ((await app.catalog.cartridges.list({ pool: name })).length === 0) poolNamed(app, name);
}

/** For a filter: a set of the configuration, or one that was in it when something was backed up. Throws `set.not-found`. */
export async function assertSetInUse(
  { configuration, catalog }: Pick<App, 'configuration' | 'catalog'>,
  name: string,
): Promise<void> {
  if (Object.hasOwn(configuration.sets, name)) return;
  const dataSets = await catalog.dataSets.list();
  if (dataSets.some(({ backupSet }) => backupSet === name)) return;
  const names = new Set([...Object.keys(configuration.sets), ...dataSets.map(({ backupSet }) => backupSet)]);
  const message = `there is no backup set ${name}, and nothing was backed up under that name`;
  throw notFound('set.not-found', { message, name, names: [...names], list: 'grandsire backup list' });
}

/** For a filter: a library of the configuration, or one that cartridges were in when it was. Throws `library.not-found`. */
export async function assertLibraryInUse(
  { configuration, catalog }: Pick<App, 'configuration' | 'catalog'>,
  name: string,
): Promise<void> {
  if (Object.hasOwn(configuration.libraries, name)) return;
  const cartridges = await catalog.cartridges.list();
  if (cartridges.some(({ library }) => library === name)) return;
  const names = Object.keys(configuration.libraries);
  const message = `there is no library ${name}`;
  throw notFound('library.not-found', { message, name, names, list: 'grandsire library list' });
}

function notFound(
  code: ErrorCode,
  { message, name, names, list }: { message: string; name: string; names: readonly string[]; list: string },
): GrandsireError {
  const near = nearestName(name, names);
  const hint = near === undefined ? '' : `Did you mean \`${near}\`? `;
  return new GrandsireError(code, { message, remedy: `${hint}See which there are: \`${list}\`.` });
}
