import type { CalendarDay } from '#src/base/calendar-day';
import type { SettingsPlace } from '#src/base/settings-place';
import type { Level as DataSetLevel } from '#src/catalog/data-sets';
import type { ScheduleReason } from '#src/report/schedule-reason';

/** How much of a backup set a run takes: all; what changed since the last full; what changed since the last run. */
export type Level = DataSetLevel;

/**
 * Whether a run may write behind what is on a cartridge: never; on the one that its tier began in the same cycle; on the
 * newest of its pool until that is full.
 */
export const appendRules = ['never', 'cycle', 'full'] as const;
export type AppendRule = (typeof appendRules)[number];

export const levels = ['full', 'differential', 'incremental'] as const satisfies readonly Level[];

/** The reasons that a scheme can give. */
export type SchemeReason = Extract<ScheduleReason, { readonly code: `tier.${string}` }>;

/** What a scheme says of one day. */
export interface SchemeRun {
  readonly tier: string;
  readonly level: Level;
  readonly pool: string;
  readonly append: AppendRule;
  /** The first day of the cycle that the day belongs to: runs of one cycle name the same day. */
  readonly cycle: CalendarDay;
  readonly reasons: readonly SchemeReason[];
}

export interface SchemeTier {
  readonly tier: string;
  readonly level: Level;
  readonly pool: string;
}

/**
 * What `schemes/<name>.ts` exports as `scheme`. Loaded lazily by `src/compose.ts`, and by nothing else.
 *
 * Law: everything but `parseSettings` is a function of its arguments alone: no clock, no memory, no catalog. What happened
 * is the planner's affair; a scheme knows the calendar. `parseSettings` throws `config.invalid` naming the place, for every
 * key that it does not know too. `runsOn` answers for any day, also one in the past, and names one run: the highest tier.
 */
export interface Scheme<Settings = unknown> {
  readonly name: string;
  parseSettings(settings: Readonly<Record<string, unknown>>, place: SettingsPlace): Settings;
  /** Every tier that `runsOn` can name, lowest first: the pools must exist and protect. */
  tiers(settings: Settings): readonly SchemeTier[];
  /** The run of that day, or null. */
  runsOn(settings: Settings, day: CalendarDay): SchemeRun | null;
  /**
   * A run that an operator starts, of the level asked for, else of the lowest tier's. Its tier is `manual`, so that it
   * satisfies none of the scheme's, and it appends: to the newest open cartridge of the pool.
   */
  runByHand(settings: Settings, day: CalendarDay, level?: Level): SchemeRun;
}

/** A scheme together with its settings. */
export interface BoundScheme {
  readonly name: string;
  tiers(): readonly SchemeTier[];
  runsOn(day: CalendarDay): SchemeRun | null;
  runByHand(day: CalendarDay, level?: Level): SchemeRun;
}

export function bindScheme<Settings>(scheme: Scheme<Settings>, settings: Settings): BoundScheme {
  return {
    name: scheme.name,
    tiers: () => scheme.tiers(settings),
    runsOn: (day) => scheme.runsOn(settings, day),
    runByHand: (day, level) => scheme.runByHand(settings, day, level),
  };
}
