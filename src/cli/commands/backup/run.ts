import type { ArchiveThreads } from '#src/archive/archive-threads';
import { countOf } from '#src/base/count-of';
import { GrandsireError } from '#src/base/errors';
import { defineCommand, type Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import type { DataSetDocument } from '#src/cli/documents/data-set-document';
import { formatBytes } from '#src/cli/render/format-bytes';
import type { App } from '#src/compose';
import type { BackupRequest, BackupResult } from '#src/jobs/backup';

interface RunResult extends DataSetDocument {
  readonly warnings: readonly Warning[];
  readonly segments: number;
  readonly reasons: readonly string[];
}

export const command = defineCommand({
  noun: 'backup',
  verb: 'run',
  summary: 'back up a set: stage it, and write it to cartridges',
  description:
    'Without --level the rotation decides what kind of run it is and which cartridges it takes. What is staged can be restored at once, ' +
    'and stays staged until it is on a cartridge together with its index.',
  positionals: [{ name: 'set', summary: 'the backup set, as grandsire.yaml names it', required: true }],
  options: {
    level: {
      kind: 'choice',
      choices: ['full', 'differential', 'incremental'],
      summary: 'run by hand at this level, beside the rotation',
    },
    stageOnly: { kind: 'flag', summary: 'stop when everything is staged; "staging flush" writes it later' },
  },
  examples: [
    { command: 'grandsire backup run home', does: "do tonight's run of the rotation" },
    { command: 'grandsire backup run home --level full', does: 'back everything up, outside of the rotation' },
  ],
  exitCodes: [0, 3, 4, 5, 6],
  json:
    '{ dataSet, backupSet, level, state, startedAt, finishedAt, tier, files, bytes, warnings: [{ path, code, message }], segments, ' +
    'cartridges: [BARCODE], staged, reasons: [text] }',
  async run(context, { set: name, level, stageOnly }) {
    const { ArchiveThreads } = await import('#src/archive/archive-threads');
    // First, so that they are ready by the time configuration and catalog are.
    using threads = new ArchiveThreads();
    await using app = await context.openApp();
    const set = app.configuration.sets[name];
    if (!set) throw setNotFound(name, Object.keys(app.configuration.sets));
    const { libraryNamed } = await import('#src/compose');
    const warnings: Warning[] = [];
    const rotation = app.planning.rotations.find((candidate) => candidate.name === set.rotation);
    const request: BackupRequest = {
      set,
      level,
      stageOnly,
      planning: app.planning,
      library: rotation?.library ?? libraryNamed(app.configuration, context.library).name,
      timeZone: rotation?.timeZone ?? context.timeZone,
    };
    const done = await runBackup(request, { app, context, warnings, threads }).catch((failure: unknown) => {
      // They would be lost with the result.
      for (const { code, message, path } of warnings)
        context.note(`warning: ${path === undefined ? '' : `${path}: `}${message} (${code})`);
      throw failure;
    });
    const result = await describe(done, { app, context, warnings });
    return { result, ...(warnings.length > 0 ? { exitCode: 3 as const } : {}) };
  },
  render: (result) =>
    `${result.dataSet}: ${result.level}${result.tier ? ` (${result.tier})` : ''}, ${countOf(result.files, 'entry', 'entries')}, ${formatBytes(result.bytes)}\n` +
    `${result.staged ? 'in staging' : `on ${result.cartridges.join(', ')}`}\n` +
    result.reasons.map((reason) => `  ${reason}\n`).join('') +
    result.warnings.map(({ path, message }) => `warning: ${path ? `${path}: ` : ''}${message}\n`).join(''),
});

interface Run {
  readonly app: App;
  readonly context: Context;
  readonly warnings: Warning[];
}

async function runBackup(
  request: BackupRequest,
  { app, context, warnings, threads }: Run & { readonly threads: ArchiveThreads },
): Promise<BackupResult> {
  const { backup } = await import('#src/jobs/backup');
  const { leaseStaging } = await import('#src/cli/staging-lease');
  const { LibraryMounts } = await import('#src/cli/library-mounts');
  const job = `backup run ${request.set.name}`;
  const { catalog, clock, configuration } = app;
  await using _staging = await leaseStaging(app, context, job);
  await using mounts = new LibraryMounts(app, context, { job, warnings });
  return await backup(request, {
    catalog,
    clock,
    configuration,
    mount: mounts.of,
    look: mounts.look,
    capacityOf: app.capacityOf,
    onWarning: (warning) => warnings.push(warning),
    onStaged: ({ files, bytes }) =>
      context.progress({
        task: `staging ${request.set.name}`,
        done: bytes,
        unit: 'bytes',
        detail: countOf(files, 'entry', 'entries'),
      }),
    onWritten: ({ cartridge, segment, writtenBytes }) =>
      context.progress({
        task: `writing ${cartridge}`,
        done: writtenBytes,
        unit: 'bytes',
        detail: `segment ${segment}`,
      }),
    signal: context.signal,
    threads,
  });
}

async function describe({ dataSet, decision }: BackupResult, { app, context, warnings }: Run): Promise<RunResult> {
  const { describeDataSet } = await import('#src/cli/documents/data-set-document');
  const { describeScheduleReason } = await import('#src/report/schedule-reason-text');
  const document = await describeDataSet(dataSet, app.catalog, context.timeZone);
  const segments = (await app.catalog.dataSets.segments(dataSet.key)).length;
  return { ...document, warnings, segments, reasons: decision.reasons.map(describeScheduleReason) };
}

const setNotFound = (name: string, known: readonly string[]): GrandsireError =>
  new GrandsireError('set.not-found', {
    message: `there is no backup set ${name}`,
    remedy: known.length > 0 ? `Use one of: ${known.join(', ')}.` : 'Describe one under "sets:" in grandsire.yaml.',
  });
