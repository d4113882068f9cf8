import { DateTime, IANAZone } from 'luxon';
import { type CalendarDay, calendarDay, dayNumber } from '#src/base/calendar-day';
import { type Instant, instant } from '#src/base/clock';

declare const timeZoneBrand: unique symbol;

/** The name of a zone in the IANA data base that this machine knows: `Europe/London`. */
export type TimeZone = string & { readonly [timeZoneBrand]: true };

export const utc = 'UTC' as TimeZone;

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** The zone of that name, or null where the machine knows none. */
export const parseTimeZone = (name: string): TimeZone | null =>
  IANAZone.isValidZone(name) ? (name as TimeZone) : null;

/** The calendar day that a moment falls on in a zone. */
export function dayAt(at: Instant, zone: TimeZone): CalendarDay {
  return calendarDay(new Date(at + offsetMs(at, zone)).toISOString().slice(0, 10));
}

/** The first moment of a day in a zone (01:00 where the clocks go forward at midnight). */
export const startOfDay = (day: CalendarDay, zone: TimeZone): Instant => instantOfWallTime(day, 0, zone);

/**
 * The moment at which clocks in the zone show `day` and `wallMs` milliseconds after midnight. A time that occurs twice means
 * its first occurrence; one that is skipped means as long after the last moment before the gap as it is after it on the
 * clock (02:30 becomes 03:30), so that what is planned for it happens, and once.
 */
export function instantOfWallTime(day: CalendarDay, wallMs: number, zone: TimeZone): Instant {
  const wall = dayNumber(day) * dayMs + wallMs;
  // Offsets change at most once within two days, so that one of the two is in force at that wall time, unless it is skipped.
  const early = wall - offsetMs(wall - dayMs, zone);
  if (early + offsetMs(early, zone) === wall) return instant(early);
  const late = wall - offsetMs(wall + dayMs, zone);
  return instant(late + offsetMs(late, zone) === wall ? late : early);
}

/** ISO 8601 with the offset in force, to the second: `2026-12-04T22:00:00+00:00`. */
export function formatInstant(at: Instant, zone: TimeZone): string {
  return DateTime.fromMillis(at, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ssZZ");
}

/** `22:00` in the zone. */
export const formatTimeOfDay = (at: Instant, zone: TimeZone): string => formatInstant(at, zone).slice(11, 16);

const offsetMs = (at: number, zone: TimeZone): number => IANAZone.create(zone).offset(at) * minuteMs;
