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

/** Looks into libraries. What is told beside the work is told again by whatever uses them next. Throws where one cannot be opened. */
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
    for (const name of never) {
      try {
        await inventoryAll([name], surroundings);
      } catch (failure) {
        // It may be in another one: where it is in none, what could not be looked into has been said.
        if (!(failure instanceof GrandsireError) || failure.code === 'command.interrupted') throw failure;
        context.note(`nobody has looked into library ${name}, and it cannot be now: ${failure.message}`);
      }
    }
    if (never.length === 0) throw error;
    return await find();
  }
}
