import { defineCommand } from '#src/cli/command';
import { renderTable } from '#src/cli/render/table';

interface ListResult {
  readonly libraries: readonly {
    readonly name: string;
    readonly driver: string;
    /** Null: nobody has looked yet, and what follows is not known. */
    readonly inventoriedAt: string | null;
    readonly drives: number | null;
    readonly slots: number | null;
    readonly mailSlots: number | null;
    readonly cartridges: number;
  }[];
}

export const command = defineCommand({
  noun: 'library',
  verb: 'list',
  summary: 'the libraries of the configuration',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire library list', does: 'show their names, for --library' }],
  exitCodes: [0],
  json: '{ libraries: [{ name, driver, inventoriedAt | null, drives | null, slots | null, mailSlots | null, cartridges }] }',
  async run(context): Promise<{ readonly result: ListResult }> {
    const { formatInstant } = await import('#src/base/time-zone');
    await using app = await context.openApp();
    const { catalog, configuration } = app;
    const libraries: ListResult['libraries'][number][] = [];
    for (const { name, driver } of Object.values(configuration.libraries)) {
      const record = await catalog.libraries.get(name);
      const known = await catalog.cartridges.list({ library: name });
      libraries.push({
        name,
        driver,
        inventoriedAt: record ? formatInstant(record.inventoriedAt, context.timeZone) : null,
        drives: record?.drives.length ?? null,
        slots: record?.slots ?? null,
        mailSlots: record?.mailSlots ?? null,
        cartridges: known.filter(({ location }) => 'library' in location && location.library === name).length,
      });
    }
    return { result: { libraries } };
  },
  render: ({ libraries }) =>
    renderTable(
      libraries.map(({ name, driver, drives, slots, mailSlots, cartridges, inventoriedAt }) => [
        name,
        driver,
        ...[drives, slots, mailSlots].map((count) => (count === null ? '?' : String(count))),
        String(cartridges),
        inventoriedAt ?? `never; run "grandsire library inventory --library ${name}"`,
      ]),
      {
        header: ['LIBRARY', 'DRIVER', 'DRIVES', 'SLOTS', 'MAIL SLOTS', 'CARTRIDGES', 'INVENTORIED'],
        right: [2, 3, 4, 5],
      },
    ),
});
