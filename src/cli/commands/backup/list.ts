import { defineCommand } from '#src/cli/command';
import type { DataSetDocument } from '#src/cli/documents/data-set-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

interface ListResult extends InventoriesDocument {
  readonly dataSets: readonly DataSetDocument[];
}

export const command = defineCommand({
  noun: 'backup',
  verb: 'list',
  summary: 'all data sets, the newest first',
  positionals: [],
  options: { set: { kind: 'text', value: 'SET', summary: 'only those of this backup set' } },
  examples: [{ command: 'grandsire backup list --set home', does: 'show what was backed up of the set home' }],
  exitCodes: [0, 5],
  json:
    '{ dataSets: [{ dataSet, backupSet, level, base?, state, startedAt, finishedAt, tier, files, bytes, staged, cartridges, protectedUntil }], ' +
    'inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context, { set }): Promise<{ readonly result: ListResult }> {
    const { describeDataSet } = await import('#src/cli/documents/data-set-document');
    const { readInventories } = await import('#src/cli/inventories');
    const { assertSetInUse } = await import('#src/cli/known-names');
    await using app = await context.openApp();
    const { catalog } = app;
    if (set !== undefined) await assertSetInUse(app, set);
    const dataSets: DataSetDocument[] = [];
    for (const dataSet of await catalog.dataSets.list(set === undefined ? {} : { backupSet: set })) {
      dataSets.push(await describeDataSet(dataSet, catalog, context.timeZone));
    }
    const { document } = await readInventories(app, context);
    return { result: { dataSets, ...document } };
  },
  render: ({ dataSets }) =>
    dataSets.length === 0
      ? 'nothing was backed up yet\n'
      : renderTable(
          dataSets.map((dataSet) => [
            dataSet.dataSet,
            dataSet.tier ?? '',
            dataSet.level,
            dataSet.state,
            String(dataSet.files),
            formatBytes(dataSet.bytes),
            [...dataSet.cartridges, ...(dataSet.staged ? ['(staging)'] : [])].join(' '),
          ]),
          { header: ['DATA SET', 'TIER', 'LEVEL', 'STATE', 'FILES', 'BYTES', 'CARTRIDGES'], right: [4, 5] },
        ),
});
