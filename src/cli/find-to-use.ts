import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Context } from '#src/cli/context';
import { findCartridge } from '#src/cli/find-cartridge';
import { useLibrary } from '#src/cli/use-library';
import type { App } from '#src/compose';

export interface Surroundings {
  readonly app: App;
  readonly context: Context;
}

/** Libraries that nobody has looked into yet: the one named with `--library`, or any. */
export async function neverInventoried({ app, context }: Surroundings): Promise<readonly string[]> {
  const { libraryNamed } = await import('#src/compose');
  const { configuration, catalog } = app;
  const names =
    context.library === undefined
      ? Object.keys(configuration.libraries)
      : [libraryNamed(configuration, context.library).name];
  const never: string[] = [];
  for (const name of names) if (!(await catalog.libraries.get(name))) never.push(name);
  return never;
}

/** Looks into libraries. What is told beside the work is told again by whatever uses them next. */
export async function inventoryAll(names: readonly string[], surroundings: Surroundings): Promise<void> {
  const { signal } = surroundings.context;
  for (const name of names) {
    await useLibrary(surroundings, { name, job: 'library inventory' }, (library) => library.inventory({ signal }));
  }
}

/** As `findCartridge`, for commands that are about to use the cartridge in its library: one that nobody has looked into yet is looked into first. */
export async function findToUse(address: string, surroundings: Surroundings): Promise<CartridgeRecord> {
  const { app, context } = surroundings;
  const find = () => findCartridge(address, app.catalog, context.library);
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof GrandsireError) || error.code !== 'cartridge.not-found') throw error;
    const never = await neverInventoried(surroundings);
    if (never.length === 0) throw error;
    await inventoryAll(never, surroundings);
    return await find();
  }
}
