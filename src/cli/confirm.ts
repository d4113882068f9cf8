import { GrandsireError, interrupted } from '#src/base/errors';
import type { CliEnvironment } from '#src/cli/cli-environment';
import { terminalSafe } from '#src/cli/render/terminal-safe';

export interface Confirmation {
  readonly yes: boolean;
  readonly json: boolean;
}

/** Asks on the terminal whether `consequence` (a sentence) is meant; see `Context.confirm`. */
export async function confirm(
  consequence: string,
  { yes, json }: Confirmation,
  { stdin, stderr, signal }: Pick<CliEnvironment, 'stdin' | 'stderr' | 'signal'>,
): Promise<void> {
  if (yes) return;
  if (json || !stdin.isTTY || !stderr.isTTY) {
    throw new GrandsireError('command.unconfirmed', {
      message: `not done without being confirmed: ${consequence}`,
      remedy: 'Run the same command with `--yes` if that is meant.',
    });
  }
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(terminalSafe(`${consequence} Go on? [y/N] `), { signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } catch (error) {
    throw signal.aborted ? interrupted() : error;
  } finally {
    lines.close();
  }
  throw new GrandsireError('command.declined', {
    message: 'not done: the operator declined',
    remedy: 'Run the same command again and answer `y` if it is meant after all.',
  });
}
