import { defineCommand } from '#src/cli/command';
import type { DataSetDocument } from '#src/cli/documents/data-set-document';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

export const command = defineCommand({
  noun: 'backup',
  verb: 'list',
  summary: 'all data sets, the newest first',
  positionals: [],
  options: { set: { kind: 'text', value: 'SET', summary: 'only those of this backup set' } },
  examples: [{ command: 'grandsire backup list --set home', does: 'show what was backed up of the set home' }],
  exitCodes: [0],
  json: '{ dataSets: [{ dataSet, backupSet, level, base?, state, startedAt, finishedAt, tier, files, bytes, staged, cartridges, protectedUntil }] }',
  async run(context, { set }): Promise<{ readonly result: { readonly dataSets: readonly DataSetDocument[] } }> {
    const { describeDataSet } = await import('#src/cli/documents/data-set-document');
    await using app = await context.openApp();
    const { catalog } = app;
    const dataSets: DataSetDocument[] = [];
    for (const dataSet of await catalog.dataSets.list(set === undefined ? {} : { backupSet: set })) {
      dataSets.push(await describeDataSet(dataSet, catalog, context.timeZone));
    }
    return { result: { dataSets } };
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
