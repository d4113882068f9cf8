import { defineCommand, type Warning } from '#src/cli/command';
import { renderTable } from '#src/cli/render/table';

interface FlushResult {
  readonly flushed: readonly { readonly dataSet: string; readonly cartridges: readonly string[] }[];
  readonly left: readonly {
    readonly dataSet: string;
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
  }[];
}

export const command = defineCommand({
  noun: 'staging',
  verb: 'flush',
  summary: 'write what is staged to cartridges now',
  positionals: [],
  options: {},
  examples: [
    {
      command: 'grandsire staging flush',
      does: 'write everything that waits, for instance after new cartridges were put in',
    },
  ],
  exitCodes: [0, 3, 4],
  json: '{ flushed: [{ dataSet, cartridges: [BARCODE] }], left: [{ dataSet, code, message, remedy }] }',
  async run(context) {
    await using app = await context.openApp();
    const { leaseStaging } = await import('#src/cli/staging-lease');
    const { LibraryMounts } = await import('#src/cli/library-mounts');
    const { barcodesOf } = await import('#src/cli/documents/data-set-document');
    const { closeInterrupted } = await import('#src/jobs/close-interrupted');
    const { flush } = await import('#src/jobs/flush');
    const { StagingArea } = await import('#src/staging/staging-area');
    const job = 'staging flush';
    const warnings: Warning[] = [];
    await using _lease = await leaseStaging(app, context, job);
    await using mounts = new LibraryMounts(app, context, { job, warnings });
    const { catalog, clock, configuration, capacityOf } = app;
    const { path, sizeBytes } = configuration.staging;
    const staging = new StagingArea({ path, sizeBytes, dataSets: catalog.dataSets, tapeFiles: catalog.tapeFiles });
    await staging.recover();
    await closeInterrupted(catalog, staging, clock);
    // What an interrupted run left too: it would hold its room until the set's next complete run, which may need it.
    const wanted = { planning: app.planning, states: ['complete', 'interrupted'] as const };
    const done = await flush(staging, wanted, {
      catalog,
      clock,
      configuration,
      capacityOf,
      mount: mounts.of,
      look: mounts.look,
      onWarning: (warning) => warnings.push(warning),
      onWritten: ({ cartridge, segment, writtenBytes }) =>
        context.progress({
          task: `writing ${cartridge}`,
          done: writtenBytes,
          unit: 'bytes',
          detail: `segment ${segment}`,
        }),
      signal: context.signal,
    });
    const flushed: FlushResult['flushed'][number][] = [];
    for (const dataSet of done.flushed)
      flushed.push({ dataSet: dataSet.id, cartridges: await barcodesOf(dataSet, catalog) });
    const left = done.left.map(({ dataSet, error: { code, message, remedy } }) => ({
      dataSet: dataSet.id,
      code,
      message,
      remedy,
    }));
    const result: FlushResult = { flushed, left };
    const isWaiting = done.left.some(({ error }) => error.kind === 'waiting');
    const exitCode = left.length === 0 ? {} : { exitCode: isWaiting ? (4 as const) : (1 as const) };
    return { result, warnings, ...exitCode };
  },
  render: ({ flushed, left }) =>
    (flushed.length === 0 && left.length === 0 ? 'nothing is waiting\n' : '') +
    renderTable(flushed.map(({ dataSet, cartridges }) => [dataSet, 'written on', cartridges.join(', ')])) +
    left.map(({ dataSet, message, remedy }) => `${dataSet} stays staged: ${message}\n  ${remedy}\n`).join(''),
});
