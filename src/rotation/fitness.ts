import type { Instant } from '#src/base/clock';
import type { CartridgeId } from '#src/media/facets';
import { driveAccess } from '#src/media/generation';
import type { Pool } from '#src/media/pool';
import type { Unfit } from '#src/report/schedule-reason';
import { type ModelCartridge, type PlanModel, protectionOfVolume } from '#src/rotation/plan-model';
import type { PlanningLibrary } from '#src/rotation/planning-state';
import { isProtectionOver } from '#src/rotation/retention';

/** What a run asks of a cartridge. */
export interface Need {
  readonly at: Instant;
  readonly library: string;
  readonly pool: Pool;
  /** The pool itself and those that it may draw on. */
  readonly pools: ReadonlySet<string>;
  readonly passedOver: ReadonlySet<CartridgeId>;
  readonly isUsableGeneration: (generation: string | undefined) => boolean;
}

/**
 * Why a cartridge cannot be written from its beginning by a run, or undefined where it can. That it is elsewhere is said last,
 * and that nobody has looked what is on it last but one: those an operator can mend, and is told so.
 */
export function whyNotOverwrite(model: PlanModel, cartridge: ModelCartridge, need: Need): Unfit | undefined {
  const { facts, fill, volume } = cartridge;
  return (
    whyNeverWritten(cartridge, need) ??
    // A WORM cartridge that was written on stays as it is.
    (facts.kind === 'worm' && fill !== 'blank' ? 'worm' : undefined) ??
    (isProtectionOver(protectionOfVolume(volume), need.at) ? undefined : 'protected') ??
    (need.pools.has(model.poolAt(cartridge, need.at)) ? undefined : 'pool') ??
    (fill === 'foreign' ? 'fill-foreign' : undefined) ??
    (fill === 'unknown' ? 'fill-unknown' : undefined) ??
    whyNotHere(cartridge, need)
  );
}

/** Whether a run can write behind what is on a cartridge: only while that is protected, for then it goes home whole. */
export function canAppend(cartridge: ModelCartridge, need: Need): boolean {
  const { pool, fill, volume } = cartridge;
  if (whyNeverWritten(cartridge, need) !== undefined || whyNotHere(cartridge, need) !== undefined) return false;
  return fill === 'appendable' && pool === need.pool.name && !isProtectionOver(protectionOfVolume(volume), need.at);
}

/**
 * Which generations a library's runs may write: one of its own drives must write it, and two drives of the site read it, so that
 * one broken drive does not keep what was written from being read (or the only drive there is).
 */
export function usableGenerations(libraries: readonly PlanningLibrary[], name: string): Need['isUsableGeneration'] {
  const drives = libraries.flatMap((library) => library.drives);
  const own = libraries.find((library) => library.name === name)?.drives ?? [];
  const known = new Map<string | undefined, boolean>();
  return (generation) => {
    const before = known.get(generation);
    if (before !== undefined) return before;
    const readers = drives.filter((drive) => driveAccess(drive.generation, generation) !== 'none').length;
    const isWritable = own.some((drive) => driveAccess(drive.generation, generation) === 'write');
    const isUsable = isWritable && readers >= Math.min(2, drives.length);
    known.set(generation, isUsable);
    return isUsable;
  };
}

/** The pool and all that it draws on, directly or through another. */
export function poolsDrawnOn(pools: ReadonlyMap<string, Pool>, pool: Pool): ReadonlySet<string> {
  const names = new Set<string>();
  for (let next: Pool | undefined = pool; next !== undefined && !names.has(next.name); ) {
    names.add(next.name);
    next = next.draw === undefined ? undefined : pools.get(next.draw);
  }
  return names;
}

function whyNeverWritten({ facts }: ModelCartridge, need: Need): Unfit | undefined {
  if (facts.kind === 'cleaning') return 'cleaning';
  if ((facts.kind === 'worm') !== (need.pool.worm ?? false)) return 'worm';
  if (facts.condition !== 'good') return 'condition';
  if (facts.writeProtected) return 'write-protected';
  if (facts.holds.length > 0) return 'held';
  if (need.passedOver.has(facts.id)) return 'passed-over';
  return need.isUsableGeneration(facts.generation) ? undefined : 'generation';
}

function whyNotHere({ facts: { location } }: ModelCartridge, need: Need): Unfit | undefined {
  const isHere = (location.kind === 'slot' || location.kind === 'drive') && location.library === need.library;
  return isHere ? undefined : 'not-in-library';
}
