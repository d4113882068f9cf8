import type { FailureKind } from '#src/base/error-codes';

/** How a command can end. Scripts rely on these. */
export const exitCodes = {
  0: 'done',
  1: 'failed; also: digests differ in `verify`, findings in `catalog check`, nothing restored, device out of reach',
  2: 'usage, configuration, or `--yes` missing without a terminal',
  3: 'done with warnings: fuzzy or unreadable files, part of a restore, shortages in a schedule, an unfit cartridge passed over',
  4: 'waiting for an operator or a lease, and `--no-wait` (or the time of `--wait` is over)',
  5: 'not found; also `find` without a match',
  6: 'refused by a safety rule, which `--yes` does not open',
  130: 'interrupted (SIGINT, SIGTERM)',
} as const;

export type ExitCode = keyof typeof exitCodes;

export const exitCodeOf: Readonly<Record<FailureKind, ExitCode>> = {
  failed: 1,
  usage: 2,
  waiting: 4,
  'not-found': 5,
  refused: 6,
  interrupted: 130,
};
