import { countOf } from '#src/base/count-of';
import { defineCommand, type Warning } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';

interface VerifyDocument {
  readonly checked: number;
  readonly bytes: number;
  readonly failed: readonly {
    /** Null: the label of the cartridge. */
    readonly dataSet: string | null;
    /** Null for what is not a segment: label, index, copy of the catalog. */
    readonly segment: number | null;
    /** Null: the copy in staging. */
    readonly cartridge: string | null;
    readonly tapeFile: number | null;
    readonly code: string;
    readonly message: string;
  }[];
}

export const command = defineCommand({
  noun: 'verify',
  summary: 'read a cartridge or a data set back, and compare the digests',
  description:
    'Of a cartridge every tape file on it: label, segments, indexes, copies of the catalog; of a data set every copy of its segments, those in staging too, and its ' +
    'indexes and copies of the catalog. Segments are compared with the catalog, the others with their descriptors. Nothing is written.',
  positionals: [{ name: 'subject', summary: 'barcode, place (slot:5), or data set', required: true }],
  options: {},
  examples: [
    { command: 'grandsire verify G00001L9', does: 'read the whole cartridge' },
    { command: 'grandsire verify home-20261122T220000Z', does: 'read all copies of this data set' },
  ],
  exitCodes: [0, 3, 4, 5, 6],
  json:
    '{ checked, bytes, failed: [{ dataSet, segment, cartridge, tapeFile, code, message }] }; cartridge and tapeFile are null for the copy in staging, segment for what is no segment, ' +
    'dataSet for a label',
  async run(context, { subject }) {
    const { verifyCartridge, verifyDataSet } = await import('#src/jobs/verify');
    const { findToUse } = await import('#src/cli/find-to-use');
    const { isDataSetName, stagedPaths } = await import('#src/staging/staged-paths');
    const { dataSetNotFound } = await import('#src/jobs/select-trees');
    const { LibraryMounts } = await import('#src/cli/library-mounts');
    await using app = await context.openApp();
    const { catalog } = app;
    const warnings: Warning[] = [];
    await using mounts = new LibraryMounts(app, context, { job: `verify ${subject}`, warnings });
    const ports = {
      repositories: catalog,
      mount: mounts.anywhere,
      stagedSegment: stagedPaths(app.configuration.staging.path).segment,
      onProgress: (bytes: number) => context.progress({ task: `verifying ${subject}`, done: bytes, unit: 'bytes' }),
      signal: context.signal,
    };
    const dataSet = await catalog.dataSets.byId(subject);
    if (!dataSet && isDataSetName(subject)) throw dataSetNotFound(subject);
    const done = dataSet
      ? await verifyDataSet(dataSet, ports)
      : await verifyCartridge(await findToUse(subject, { app, context }), ports);
    const failed = done.failed.map(({ dataSet, segment, cartridge, tapeFile, code, message }) => ({
      dataSet: dataSet ?? null,
      segment: segment ?? null,
      cartridge: cartridge ?? null,
      tapeFile: tapeFile ?? null,
      code,
      message,
    }));
    const result: VerifyDocument = { checked: done.checked, bytes: done.bytes, failed };
    return { result, warnings, ...(failed.length > 0 ? { exitCode: 1 as const } : {}) };
  },
  render: ({ checked, bytes, failed }) =>
    `${countOf(checked, 'tape file or staged segment is what it was', 'tape files and staged segments are what they were')} (${formatBytes(bytes)} read)\n` +
    failed
      .map(
        ({ dataSet, segment, cartridge, message, code }) =>
          `${cartridge ?? 'staging'}: ${segment === null ? '' : `segment ${segment} of `}${dataSet === null ? '' : `${dataSet}: `}${message} (${code})\n`,
      )
      .join(''),
});
