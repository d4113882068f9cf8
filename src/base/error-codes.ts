/** Whose fault a failure is. */
export type Blame = 'bug' | 'caller' | 'device' | 'medium' | 'operator';

/** How a command that ends with this failure ends; the command line maps each to one exit code. */
export type FailureKind = 'failed' | 'usage' | 'waiting' | 'not-found' | 'refused' | 'interrupted';

interface CodeDefinition {
  readonly blame: Blame;
  readonly kind: FailureKind;
  /** For `docs/cli/errors.md`: what it means, in one sentence. */
  readonly meaning: string;
}

const define = (blame: Blame, kind: FailureKind, meaning: string): CodeDefinition => ({ blame, kind, meaning });

/**
 * Every code that a failure, a warning or a finding can carry: `noun.reason`. Add in the alphabetical place; never rename
 * (scripts match on them). `docs/cli/errors.md` is written from this table.
 */
export const errorCodes = {
  'command.interrupted': define('operator', 'interrupted', 'The command was interrupted and stopped at a safe point.'),
  'command.usage': define('caller', 'usage', 'The words of the command are wrong.'),
  'config.exists': define('operator', 'refused', 'There is a configuration already, and it is not overwritten.'),
  'config.invalid': define('operator', 'usage', 'The configuration file says something that is wrong.'),
  'config.not-found': define('operator', 'usage', 'No configuration file was found, or it cannot be read.'),
  'device.malformed-response': define('device', 'failed', 'A device answered with bytes from which nothing can be learned.'),
  'internal.bug': define('bug', 'failed', 'The program contradicted itself; please report it.'),
  'volume.damaged-tape-file': define(
    'medium',
    'failed',
    'A tape file on a cartridge is not what its descriptor promises.',
  ),
} as const satisfies Record<string, CodeDefinition>;

export type ErrorCode = keyof typeof errorCodes;
