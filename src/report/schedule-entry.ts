import type { CalendarDay } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import type { TimeZone } from '#src/base/time-zone';
import type { Level } from '#src/catalog/data-sets';
import type { Protection } from '#src/media/facets';
import type { ScheduleReason } from '#src/report/schedule-reason';

/** What a printed schedule says of one run. The planner's runs are such entries and more. */
export interface ScheduleEntry {
  readonly rotation: string;
  readonly day: CalendarDay;
  /** The nominal start. */
  readonly at: Instant;
  readonly timeZone: TimeZone;
  readonly tier: string;
  readonly level: Level;
  /** In the order in which they are written. */
  readonly cartridges: readonly ScheduleCartridge[];
  readonly protection: Protection;
  readonly reasons: readonly ScheduleReason[];
}

export interface ScheduleCartridge {
  readonly barcode: string;
  readonly use: 'overwrite' | 'append';
}

/** A run that does not find all the cartridges it is expected to need. */
export interface ScheduleShortage {
  readonly day: CalendarDay;
  readonly rotation: string;
  readonly pool: string;
  /** How many more cartridges. */
  readonly missing: number;
  /** Free and fit, but not in the library: barcodes. */
  readonly elsewhere: readonly string[];
  /** In the library, but nobody has looked what is on them: barcodes. */
  readonly unread: readonly string[];
}

export interface ScheduleWarning {
  readonly day: CalendarDay;
  readonly rotation: string;
  readonly reason: ScheduleReason;
}

export interface Schedule {
  readonly from: CalendarDay;
  readonly to: CalendarDay;
  readonly runs: readonly ScheduleEntry[];
  readonly shortages: readonly ScheduleShortage[];
  readonly warnings: readonly ScheduleWarning[];
}
