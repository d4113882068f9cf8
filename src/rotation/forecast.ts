import type { PastRun } from '#src/rotation/planning-state';
import type { Level } from '#src/rotation/scheme';

export interface Forecast {
  /** At least 1. */
  readonly cartridges: number;
  /** Undefined where no such run was ever completed. */
  readonly bytes: number | undefined;
}

/** So many runs back: an odd number, so that one run out of line changes nothing. */
const runsLookedAt = 5;

/**
 * What a run will need: the median of the last five complete runs of its rotation, tier and level; where there are none, of its
 * rotation and level. The median and not the last, so that one overflow does not rename a printed plan.
 */
export function forecastRun(
  runs: readonly PastRun[],
  of: { readonly rotation: string; readonly tier: string; readonly level: Level },
): Forecast {
  const complete = runs.filter(
    (run) => run.state === 'complete' && run.rotation === of.rotation && run.level === of.level,
  );
  const sameTier = complete.filter((run) => run.tier === of.tier);
  const last = [...(sameTier.length > 0 ? sameTier : complete)].sort(newestFirst).slice(0, runsLookedAt);
  if (last.length === 0) return { cartridges: 1, bytes: undefined };
  return {
    cartridges: Math.max(1, median(last.map((run) => run.cartridges))),
    bytes: median(last.map((run) => run.bytes)),
  };
}

const newestFirst = (a: PastRun, b: PastRun): number => (a.day < b.day ? 1 : a.day > b.day ? -1 : 0);

/** The lower one of two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] as number;
}
