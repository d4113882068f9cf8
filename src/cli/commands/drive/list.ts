import { defineCommand } from '#src/cli/command';
import type { DriveDocument } from '#src/cli/documents/library-document';
import { renderTable } from '#src/cli/render/table';

interface ListResult {
  readonly drives: readonly (DriveDocument & {
    readonly library: string;
    readonly vendor: string;
    readonly product: string;
    /** What somebody is to do about it. */
    readonly alerts?: readonly string[];
    readonly inventoriedAt: string;
  })[];
}

export const command = defineCommand({
  noun: 'drive',
  verb: 'list',
  summary: 'the drives, and what is loaded',
  description: 'Of every library, or of the one that --library names. Answers from the catalog and touches no device.',
  positionals: [],
  options: {},
  examples: [
    { command: 'grandsire drive list', does: 'show which drives are down, and why, and which want to be cleaned' },
  ],
  exitCodes: [0],
  json:
    '{ drives: [{ library, number, serial, vendor, product, generation, state: "empty"|"loaded"|"busy"|"down", cartridge?, reason?, ' +
    'alerts?: [text], inventoriedAt }] }',
  async run(context): Promise<{ readonly result: ListResult }> {
    const { formatInstant } = await import('#src/base/time-zone');
    const { describeDrive } = await import('#src/cli/documents/library-document');
    const { libraryNamed } = await import('#src/compose');
    const { standingAlerts } = await import('#src/library/drives/drive-alerts');
    const { nameDrive } = await import('#src/library/drives/drive-state');
    await using app = await context.openApp();
    const { configuration, catalog } = app;
    const libraries =
      context.library === undefined
        ? Object.values(configuration.libraries)
        : [libraryNamed(configuration, context.library)];
    const drives: ListResult['drives'][number][] = [];
    for (const { name } of libraries) {
      const record = await catalog.libraries.get(name);
      for (const drive of record?.drives ?? []) {
        const { number, serial, ...facts } = describeDrive(drive);
        const { vendor, product } = drive;
        const alerts = (await standingAlerts(catalog, nameDrive({ name }, number))).map((alert) => alert.name);
        const inventoriedAt = formatInstant(record?.inventoriedAt ?? app.clock.now(), context.timeZone);
        drives.push({
          library: name,
          number,
          serial,
          vendor,
          product,
          ...facts,
          ...(alerts.length > 0 ? { alerts } : {}),
          inventoriedAt,
        });
      }
    }
    return { result: { drives } };
  },
  render: ({ drives }) =>
    drives.length === 0
      ? 'no drives are known; run "grandsire library inventory" to look which there are\n'
      : renderTable(
          drives.map((drive) => [
            `${drive.library}/drive:${drive.number}`,
            [
              drive.reason === undefined ? drive.state : `${drive.state}: ${drive.reason}`,
              ...(drive.alerts ?? []),
            ].join('; '),
            drive.cartridge ?? '-',
            drive.generation ?? '',
            drive.serial,
            `${drive.vendor} ${drive.product}`,
            drive.inventoriedAt,
          ]),
          { header: ['DRIVE', 'STATE', 'CARTRIDGE', 'TYPE', 'SERIAL', 'MODEL', 'AS OF'] },
        ),
});
