import { GrandsireError } from '#src/base/errors';
import type { Context } from '#src/cli/context';
import { parseMoment } from '#src/cli/parse-moment';
import type { App } from '#src/compose';
import type { RestoreRequest } from '#src/jobs/select-trees';

/** Words that `restore plan` and `restore run` share. */
export const restorePaths = {
  name: 'path',
  summary: 'absolute path as it was backed up; what is below it comes with it',
  required: true,
  many: true,
} as const;

export const restoreOptions = {
  asOf: { kind: 'text', value: 'TIME', summary: 'as it was backed up at this time or before' },
  dataset: { kind: 'text', value: 'DATASET', summary: 'from this data set, as `backup list` names it' },
} as const;

/** Throws `command.usage` for a path that is not absolute. */
export async function restoreRequest(
  app: App,
  context: Context,
  args: { readonly path: readonly string[]; readonly asOf: string | undefined; readonly dataset: string | undefined },
): Promise<RestoreRequest> {
  const { exactPath } = await import('#src/jobs/find-files');
  const relative = args.path.find((path) => !path.startsWith('/'));
  if (relative !== undefined || args.path.length === 0) {
    throw new GrandsireError('command.usage', {
      message: relative === undefined ? 'no path is given' : `${JSON.stringify(relative)} is not an absolute path`,
      remedy: `Write the whole path as it was backed up; find it with: grandsire find ${relative ?? 'NAME'}.`,
    });
  }
  const zone = app.planning.rotations[0]?.timeZone ?? context.timeZone;
  return {
    paths: args.path.map(exactPath),
    asOf: args.asOf === undefined ? undefined : parseMoment('--as-of', args.asOf, { zone, end: 'last' }),
    dataSet: args.dataset,
  };
}
