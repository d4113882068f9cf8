import type { CalendarDay } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import { compareBarcodes, type ModelCartridge, protectionOfVolume } from '#src/rotation/plan-model';
import { compareEnds, endOfProtection } from '#src/rotation/retention';

/** When a cartridge is planned to be used next. */
export type NextUse = (cartridge: ModelCartridge) => { readonly at: Instant; readonly day: CalendarDay } | undefined;

/**
 * Of the cartridges that a run may take, the `count` that it takes, in order: those whose next planned use is the furthest
 * away (no use at all is furthest), then those that have been free the longest, then by barcode. Never by wear, load count or
 * the clock: the plan itself changes those, and would then depend on when it was made.
 *
 * All of a run have one generation: one of which there is enough, if any; fewer than `count` where there is not.
 */
export function chooseCartridges(
  candidates: readonly ModelCartridge[],
  { count, nextUse }: { readonly count: number; readonly nextUse: NextUse },
): readonly ModelCartridge[] {
  const ranked = candidates.map((cartridge) => rankOf(cartridge, nextUse)).sort(compareRanks);
  const groups = groupByGeneration(ranked);
  const enough = groups.find((group) => group.length >= count);
  // The first of the largest: `sort` keeps the order of equals, which is that of their best.
  const group = enough ?? [...groups].sort((a, b) => b.length - a.length)[0] ?? [];
  return group.slice(0, count).map(({ cartridge }) => cartridge);
}

interface Ranked {
  readonly cartridge: ModelCartridge;
  readonly nextUseAt: number;
  readonly freeSince: ReturnType<typeof endOfProtection>;
}

function rankOf(cartridge: ModelCartridge, nextUse: NextUse): Ranked {
  return {
    cartridge,
    nextUseAt: nextUse(cartridge)?.at ?? Number.POSITIVE_INFINITY,
    freeSince: endOfProtection(protectionOfVolume(cartridge.volume)),
  };
}

function compareRanks(a: Ranked, b: Ranked): number {
  if (a.nextUseAt !== b.nextUseAt) return a.nextUseAt > b.nextUseAt ? -1 : 1;
  return compareEnds(a.freeSince, b.freeSince) || compareBarcodes(a.cartridge.facts, b.cartridge.facts);
}

/** In the order of each one's best. */
function groupByGeneration(ranked: readonly Ranked[]): readonly (readonly Ranked[])[] {
  const groups = new Map<string | undefined, Ranked[]>();
  for (const entry of ranked) {
    const { generation } = entry.cartridge.facts;
    groups.set(generation, [...(groups.get(generation) ?? []), entry]);
  }
  return [...groups.values()];
}
