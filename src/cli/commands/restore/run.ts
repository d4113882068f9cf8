import { countOf } from '#src/base/count-of';
import { GrandsireError } from '#src/base/errors';
import { defineCommand, type Warning } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';
import { restoreOptions, restorePaths, restoreRequest } from '#src/cli/restore-request';

interface RunResult {
  readonly files: number;
  readonly bytes: number;
  readonly failed: readonly {
    readonly path: string;
    readonly pathBytes?: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly cartridges: readonly string[];
}

export const command = defineCommand({
  noun: 'restore',
  verb: 'run',
  summary: 'bring files back below a folder',
  description:
    'The whole original path comes below --to. Without --as-of and --dataset the newest complete backup of each path counts. What a cartridge cannot give ' +
    'is read from another copy where there is one. A file that was being changed while it was backed up is restored as it was stored, with a warning (3). Nothing ' +
    'is written outside of --to.',
  positionals: [restorePaths],
  options: {
    to: { kind: 'text', value: 'DIR', summary: 'the folder to restore into; made if it is missing' },
    ...restoreOptions,
    overwrite: { kind: 'flag', summary: 'replace files that exist; without it they are left, and named' },
  },
  examples: [
    {
      command: 'grandsire restore run /home/anna/report.odt --to /tmp/back',
      does: 'make /tmp/back/home/anna/report.odt',
    },
    { command: 'grandsire restore run /home --to /tmp/back --as-of 2026-11-22', does: 'restore the tree of that day' },
  ],
  exitCodes: [0, 3, 4, 5],
  json: '{ files, bytes, failed: [{ path, pathBytes?, code, message }], cartridges: [BARCODE] }',
  async run(context, { to, overwrite, ...args }) {
    if (to === undefined || to === '') throw noFolder();
    const { resolve } = await import('node:path');
    const { restore } = await import('#src/jobs/restore');
    const { stagedPaths } = await import('#src/staging/staged-paths');
    const { describePath } = await import('#src/cli/documents/found-file-document');
    const { LibraryMounts } = await import('#src/cli/library-mounts');
    await using app = await context.openApp();
    const warnings: Warning[] = [];
    await using mounts = new LibraryMounts(app, context, { job: 'restore run', warnings });
    const request = await restoreRequest(app, context, args);
    const done = await restore(
      { ...request, directory: resolve(context.folder, to), overwrite },
      {
        repositories: app.catalog,
        mount: mounts.anywhere,
        stagedSegment: stagedPaths(app.configuration.staging.path).segment,
        signal: context.signal,
        onProgress: ({ files, bytes, totalBytes }) =>
          context.progress({
            task: 'restoring',
            done: bytes,
            total: totalBytes,
            unit: 'bytes',
            detail: countOf(files, 'entry', 'entries'),
          }),
      },
    );
    const failed = done.failed.map(({ path, code, message }) => ({ ...describePath(path), code, message }));
    const result: RunResult = { files: done.files, bytes: done.bytes, failed, cartridges: done.cartridges };
    for (const path of done.fuzzy) {
      const message =
        'was changed while it was backed up: what was restored may mix old and new, or lack what was added';
      warnings.push({ ...describePath(path), code: 'file.changed', message });
    }
    const partly = done.files === 0 ? { exitCode: 1 as const } : { exitCode: 3 as const };
    return { result, warnings, ...(failed.length > 0 ? partly : {}) };
  },
  render: ({ files, bytes, failed, cartridges }) =>
    `${countOf(files, 'entry', 'entries')} restored, ${formatBytes(bytes)}${cartridges.length > 0 ? `, from ${cartridges.join(', ')}` : ''}\n` +
    (failed.length > 0 ? `${failed.length} failed:\n` : '') +
    failed
      .map(({ path, code, message }) => `  ${message.includes(path) ? '' : `${path}: `}${message} (${code})\n`)
      .join('') +
    (failed.some(({ code }) => code === 'restore.exists')
      ? 'To replace what exists, run the command again with `--overwrite`; to keep it, restore to an empty folder with `--to DIR`.\n'
      : ''),
});

const noFolder = (): GrandsireError =>
  new GrandsireError('command.usage', {
    message: 'no folder to restore into is given',
    remedy: 'Name one that is not where the files come from: `--to DIR`.',
  });
