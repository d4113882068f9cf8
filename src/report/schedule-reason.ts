import type { CalendarDay } from '#src/base/calendar-day';
import type { Level } from '#src/catalog/data-sets';

/** Why a cartridge cannot be taken for a run. */
export type Unfit =
  | 'absent'
  | 'cleaning'
  | 'condition'
  | 'fill-foreign'
  | 'fill-unknown'
  | 'generation'
  | 'held'
  | 'in-this-run'
  | 'not-in-library'
  | 'other-generation'
  | 'other-is-open'
  | 'passed-over'
  | 'pool'
  | 'protected'
  | 'worm'
  | 'write-protected';

/**
 * Why a run of the schedule is as it is: a code with parameters, fit for JSON as it stands. Cartridges are named by barcode.
 * The words are made in `schedule-reason-text.ts`, and nowhere else.
 */
export type ScheduleReason =
  /** The scheme's rule that puts this tier on this day: `last friday of month`, `mon, tue, wed, thu`. */
  | { readonly code: 'tier.rule'; readonly tier: string; readonly rule: string }
  /** Several tiers fall on the day, and there is one run a day. */
  | { readonly code: 'tier.highest-wins'; readonly tier: string; readonly over: readonly string[] }
  /** Started by an operator, not by the scheme. */
  | { readonly code: 'tier.by-hand' }
  /** The set has no complete full that is still on its cartridges: this run takes everything. */
  | { readonly code: 'level.no-live-full'; readonly backupSet: string; readonly wanted: Level }
  /** Kept from the plan that was printed or begun before. */
  | { readonly code: 'cartridge.remembered'; readonly cartridge: string }
  /** The run has it already. */
  | { readonly code: 'cartridge.taken'; readonly cartridge: string }
  | { readonly code: 'cartridge.blank'; readonly cartridge: string }
  /** Nothing on it is protected, and of those it has been free the longest. `expired`: null where it was never protected. */
  | { readonly code: 'cartridge.oldest-expiry'; readonly cartridge: string; readonly expired: CalendarDay | null }
  /** Every free cartridge is planned for a later run; this one's is the furthest away. */
  | { readonly code: 'cartridge.furthest-next-use'; readonly cartridge: string; readonly nextUse: CalendarDay }
  /** Written behind what is on it: `cycle` until the next cycle, `full` until it is full. */
  | { readonly code: 'cartridge.append'; readonly cartridge: string; readonly rule: 'cycle' | 'full' }
  /** The plan named another cartridge before. */
  | { readonly code: 'cartridge.departed'; readonly was: string; readonly because: Unfit }
  /** The configuration or the calendar changed: the plan of before was for another tier. */
  | { readonly code: 'plan.tier-changed'; readonly was: string; readonly tier: string }
  | { readonly code: 'cartridges.forecast'; readonly count: number }
  | { readonly code: 'cartridges.missing'; readonly pool: string; readonly missing: number }
  | { readonly code: 'protection.period'; readonly pool: string; readonly period: string }
  /** Protected for longer than its own period, because what was written on these days needs it. */
  | { readonly code: 'protection.needed-by'; readonly days: readonly CalendarDay[] }
  /** Protected as long as the last data set on the cartridge, written on this day. */
  | { readonly code: 'protection.appended'; readonly cartridge: string; readonly day: CalendarDay }
  /** Its time has passed today, and it has not run. */
  | { readonly code: 'run.overdue' }
  /** It was begun today, and interrupted. */
  | { readonly code: 'run.repeated' }
  /** The run writes over the only complete full of the set: until it is done there is none. */
  | { readonly code: 'base.last-full-overwritten'; readonly backupSet: string; readonly cartridge: string }
  /** What leaves the site is the only copy of what later runs build on. */
  | { readonly code: 'base.leaves-site'; readonly pool: string; readonly neededBy: readonly CalendarDay[] };
