import type { Instant } from '#src/base/clock';
import { hours } from '#src/base/duration';
import { formatInstant } from '#src/base/time-zone';
import type { Context } from '#src/cli/context';
import type { App } from '#src/compose';

/** How old what a document says of libraries is. Part of every document that names places or cartridges and is answered from the catalog. */
export interface InventoriesDocument {
  /** The oldest of `inventories`; null where nobody has looked into one of them yet. */
  readonly inventoriedAt: string | null;
  readonly inventories: readonly { readonly library: string; readonly inventoriedAt: string | null }[];
}

export interface Inventories {
  readonly document: InventoriesDocument;
  /**
   * Tells the operator which of these libraries (of all, unless named) were looked into so long ago, or never, that what is where may be another
   * matter by now. On stderr, so that a table or a page stays what it is.
   */
  note(libraries?: Iterable<string>): void;
}

/** Every run looks into its library; a week without one is not usual. */
const oldAge = hours(7 * 24);

/** When the libraries were looked into last, by the catalog: those named, else all of the configuration. */
export async function readInventories(
  { catalog, clock, configuration }: App,
  { timeZone, json, note }: Pick<Context, 'timeZone' | 'json' | 'note'>,
  libraries: Iterable<string> = Object.keys(configuration.libraries),
): Promise<Inventories> {
  const known = new Map<string, Instant | undefined>();
  for (const name of libraries) known.set(name, (await catalog.libraries.get(name))?.inventoriedAt);
  const text = (at: Instant | undefined): string | null => (at === undefined ? null : formatInstant(at, timeZone));
  const times = [...known.values()].filter((at) => at !== undefined).sort((a, b) => a - b);
  return {
    document: {
      inventoriedAt: text(times.length === known.size ? times[0] : undefined),
      inventories: [...known].map(([library, at]) => ({ library, inventoriedAt: text(at) })),
    },
    note(named = known.keys()) {
      // A document says it already.
      if (json) return;
      for (const name of new Set(named)) {
        const at = known.get(name);
        if (!known.has(name) || (at !== undefined && clock.now() - at < oldAge)) continue;
        const age = at === undefined ? 'was never looked into' : `was looked into last at ${text(at)}`;
        note(`library ${name} ${age}; to look what is where now: grandsire library inventory --library ${name}`);
      }
    },
  };
}
