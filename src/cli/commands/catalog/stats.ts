import type { CatalogStats } from '#src/catalog/catalog';
import { defineCommand } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

export const command = defineCommand({
  noun: 'catalog',
  verb: 'stats',
  summary: 'how much the catalog knows',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire catalog stats', does: 'count files, versions, data sets and cartridges' }],
  exitCodes: [0],
  json: '{ files, versions, dataSets, cartridges, bytes }',
  async run(context): Promise<{ readonly result: CatalogStats }> {
    await using app = await context.openApp();
    return { result: await app.catalog.stats() };
  },
  render: ({ files, versions, dataSets, cartridges, bytes }) =>
    renderTable([
      ['files', String(files)],
      ['versions', String(versions)],
      ['data sets', String(dataSets)],
      ['cartridges', String(cartridges)],
      ['size', formatBytes(bytes)],
    ]),
});
