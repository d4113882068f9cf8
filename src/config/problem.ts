import { GrandsireError } from '#src/base/errors';

/** One thing that is wrong with a configuration file. */
export interface Problem {
  /** `grandsire.yaml:12:5 pools.daily.protect`: file, line and column (from 1), and the key where there is one. */
  readonly where: string;
  /** What is wrong, without the place: `is not a period`. */
  readonly message: string;
  /** What to write instead: a sentence. */
  readonly remedy: string;
}

/** The failure of a configuration with at least one problem. All are named, so that one pass of the editor mends all. */
export function configurationError(problems: readonly Problem[]): GrandsireError {
  const shown = problems.slice(0, 20);
  const lines = shown.map(({ where, message }) => `${where} ${message}`);
  if (problems.length > shown.length) lines.push(`and ${problems.length - shown.length} more`);
  return new GrandsireError('config.invalid', {
    message: lines.join('\n'),
    remedy: [...new Set(shown.map(({ remedy }) => remedy))].join(' '),
    details: { problems: shown },
  });
}
