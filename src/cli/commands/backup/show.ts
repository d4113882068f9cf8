import { countOf } from '#src/base/count-of';
import { defineCommand } from '#src/cli/command';
import type { DataSetDocument } from '#src/cli/documents/data-set-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

interface ShowResult extends DataSetDocument, InventoriesDocument {
  readonly warnings: readonly { readonly path: string; readonly code: string; readonly message: string }[];
  readonly segments: readonly {
    readonly number: number;
    readonly bytes: number;
    readonly staged: boolean;
    readonly copies: readonly { readonly cartridge: string; readonly tapeFile: number; readonly block: number }[];
  }[];
}

export const command = defineCommand({
  noun: 'backup',
  verb: 'show',
  summary: 'one data set: its parts, where they are, and what was wrong',
  positionals: [{ name: 'dataset', summary: 'as `backup list` names it', required: true }],
  options: {},
  examples: [{ command: 'grandsire backup show home-20261122T220000Z', does: 'show where its segments are' }],
  exitCodes: [0, 5],
  json:
    '{ as in `backup list`, warnings: [{ path, code, message }], segments: [{ number, bytes, staged, copies: [{ cartridge, tapeFile, block }] }], ' +
    'inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context, { dataset }): Promise<{ readonly result: ShowResult }> {
    const { describeDataSet } = await import('#src/cli/documents/data-set-document');
    const { dataSetNotFound } = await import('#src/jobs/select-trees');
    const { describeDataSet: describeForIndex } = await import('#src/jobs/index-record');
    const { readInventories } = await import('#src/cli/inventories');
    const { escapePath } = await import('#src/base/bytes');
    await using app = await context.openApp();
    const { catalog } = app;
    const record = await catalog.dataSets.byId(dataset);
    if (!record) throw dataSetNotFound(dataset);
    const warnings = await catalog.dataSets.warnings(record.key);
    const staged = new Set(
      (await catalog.dataSets.segments(record.key)).filter(({ inStaging }) => inStaging).map(({ number }) => number),
    );
    const { document } = await readInventories(app, context);
    const { segments } = await describeForIndex(catalog, record);
    return {
      result: {
        ...(await describeDataSet(record, catalog, context.timeZone)),
        warnings: warnings.map(({ path, code, message }) => ({ path: escapePath(path), code, message })),
        segments: segments.map(({ number, payloadBytes, copies }) => ({
          number,
          bytes: payloadBytes,
          staged: staged.has(number),
          copies: copies.map(({ barcode, tapeFile, block }) => ({ cartridge: barcode, tapeFile, block })),
        })),
        ...document,
      },
    };
  },
  render: (dataSet) =>
    renderTable([
      ['data set', dataSet.dataSet],
      ['level', dataSet.level + (dataSet.base ? `, on ${dataSet.base}` : '')],
      ['state', dataSet.state],
      ['started', dataSet.startedAt],
      ['finished', dataSet.finishedAt ?? 'not'],
      ['content', `${countOf(dataSet.files, 'entry', 'entries')}, ${formatBytes(dataSet.bytes)}`],
      ['protected until', dataSet.protectedUntil ?? 'not protected'],
    ]) +
    renderTable(
      dataSet.segments.map(({ number, bytes, staged, copies }) => [
        String(number),
        formatBytes(bytes),
        [
          ...(staged ? ['staging'] : []),
          ...copies.map(({ cartridge, tapeFile }) => `${cartridge} tape file ${tapeFile}`),
        ].join(', '),
      ]),
      { header: ['SEGMENT', 'BYTES', 'WHERE'], right: [0, 1] },
    ) +
    dataSet.warnings.map(({ path, message }) => `${path}: ${message}\n`).join(''),
});
