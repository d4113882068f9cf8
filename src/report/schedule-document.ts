import type { CalendarDay } from '#src/base/calendar-day';
import { parseCalendarDay } from '#src/base/calendar-day';
import { formatInstant, parseTimeZone, startOfDay } from '#src/base/time-zone';
import type { Level } from '#src/catalog/data-sets';
import type { Protection } from '#src/media/facets';
import type { Schedule, ScheduleEntry } from '#src/report/schedule-entry';
import type { ScheduleReason } from '#src/report/schedule-reason';
import { describeScheduleReason } from '#src/report/schedule-reason-text';

/** One of the days of `schedule show --json`; `schedule next --json` is one of them. */
export interface ScheduleDay {
  readonly date: CalendarDay;
  /** ISO 8601 with the offset of the rotation's zone. */
  readonly at: string;
  readonly rotation: string;
  readonly tier: string;
  readonly level: Level;
  readonly cartridges: readonly string[];
  readonly protectedUntil: string | null;
  readonly reasons: readonly ScheduleReason[];
  readonly text: string;
}

/** `schedule show --json`. */
export interface ScheduleDocument {
  readonly from: CalendarDay;
  readonly to: CalendarDay;
  readonly days: readonly ScheduleDay[];
  readonly shortages: readonly {
    readonly date: CalendarDay;
    readonly rotation: string;
    readonly pool: string;
    readonly missing: number;
    readonly elsewhere: readonly string[];
    readonly unread: readonly string[];
  }[];
}

export const scheduleDocument = ({ from, to, runs, shortages }: Schedule): ScheduleDocument => ({
  from,
  to,
  days: runs.map(scheduleDay),
  shortages: shortages.map(({ day, rotation, pool, missing, elsewhere, unread }) => ({
    date: day,
    rotation,
    pool,
    missing,
    elsewhere,
    unread,
  })),
});

export const scheduleDay = (entry: ScheduleEntry): ScheduleDay => ({
  date: entry.day,
  at: formatInstant(entry.at, entry.timeZone),
  rotation: entry.rotation,
  tier: entry.tier,
  level: entry.level,
  cartridges: entry.cartridges.map(({ barcode }) => barcode),
  protectedUntil: formatProtectedUntil(entry.protection),
  reasons: entry.reasons,
  text: `${entry.reasons.map(describeScheduleReason).join('; ')}.`,
});

/** The moment at which protection ends, with the offset of its zone; `forever`; null where there is none. */
function formatProtectedUntil(protection: Protection): string | null {
  if (protection.kind === 'none') return null;
  if (protection.kind === 'forever') return 'forever';
  const day = parseCalendarDay(protection.freeOn);
  const zone = parseTimeZone(protection.timeZone);
  // A zone that this machine does not know protects for ever, as in planning.
  return day === null || zone === null ? 'forever' : formatInstant(startOfDay(day, zone), zone);
}
