import { defineCommand } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';
import type { StagingStatus } from '#src/staging/staging-area';

export const command = defineCommand({
  noun: 'staging',
  verb: 'status',
  summary: 'what lies in the staging area',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire staging status', does: 'show what is staged and not yet on cartridges' }],
  exitCodes: [0],
  json: '{ path, sizeBytes, usedBytes, segments: [{ dataSet, number, bytes, state: "filling"|"staged"|"written" }] }',
  async run(context): Promise<{ readonly result: StagingStatus }> {
    await using app = await context.openApp();
    const { StagingArea } = await import('#src/staging/staging-area');
    const { path, sizeBytes } = app.configuration.staging;
    return {
      result: await new StagingArea({
        path,
        sizeBytes,
        dataSets: app.catalog.dataSets,
        tapeFiles: app.catalog.tapeFiles,
      }).status(),
    };
  },
  render: ({ path, sizeBytes, usedBytes, segments }) =>
    `${path}: ${formatBytes(usedBytes)} of ${formatBytes(sizeBytes)} used\n` +
    renderTable(
      segments.map(({ dataSet, number, bytes, state }) => [dataSet, String(number), formatBytes(bytes), state]),
      { header: ['DATA SET', 'SEGMENT', 'BYTES', 'STATE'], right: [1, 2] },
    ),
});
