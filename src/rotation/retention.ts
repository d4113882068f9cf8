import { addDays, addMonths, type CalendarDay, parseCalendarDay, yearOf } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import { parseTimeZone, startOfDay, type TimeZone } from '#src/base/time-zone';
import type { Protection } from '#src/media/facets';
import type { Period } from '#src/media/period';

/** No period ends later: beyond it the calendar has no names for the years. */
const lastYear = 9999;

/**
 * The first day on which what was written on `day` is free again: `day` + 14 for `2 weeks`; the same date three months on for
 * `3 months`, or that month's last day. Undefined: never (`forever`, or beyond the year 9999).
 */
export function endOfPeriod(day: CalendarDay, period: Period): CalendarDay | undefined {
  if (period.kind === 'forever') return undefined;
  const { unit, count } = period;
  const years = unit === 'years' ? count : unit === 'months' ? count / 12 : count / (unit === 'weeks' ? 52 : 365);
  if (yearOf(day) + years >= lastYear) return undefined;
  if (unit === 'days' || unit === 'weeks') return addDays(day, unit === 'weeks' ? count * 7 : count);
  return addMonths(day, unit === 'years' ? count * 12 : count);
}

/**
 * What a run of `day` is protected by under a pool's period. It counts calendar days of the rotation from the run's day, not
 * hours from its end, so that the run two weeks later finds the cartridge free and not some minutes too late, for ever.
 */
export function protectionFrom(day: CalendarDay, period: Period | undefined, timeZone: TimeZone): Protection {
  // What nobody limited is kept.
  const freeOn = period === undefined ? undefined : endOfPeriod(day, period);
  return freeOn === undefined ? { kind: 'forever' } : { kind: 'until', freeOn, timeZone };
}

/** The moment from which nothing stands against overwriting; `forever`; undefined: there never was a protection. */
export type ProtectionEnd = Instant | 'forever' | undefined;

/** The moment at which a protection ends: the beginning of its first free day in its zone. Unreadable ones last for ever. */
export function endOfProtection(protection: Protection): ProtectionEnd {
  if (protection.kind === 'none') return undefined;
  if (protection.kind === 'forever') return 'forever';
  const known = knownEnds.get(protection);
  if (known !== undefined) return known;
  const zone = parseTimeZone(protection.timeZone);
  const freeOn = parseCalendarDay(protection.freeOn);
  const end = zone === null || freeOn === null ? 'forever' : startOfDay(freeOn, zone);
  knownEnds.set(protection, end);
  return end;
}

/** The planner compares ends many thousand times, and each look into a zone's rules costs tens of microseconds. */
const knownEnds = new WeakMap<Protection, Instant | 'forever'>();

/** Whether what is protected so may be overwritten at `at`. */
export function isProtectionOver(protection: Protection, at: Instant): boolean {
  const end = endOfProtection(protection);
  return end === undefined || (end !== 'forever' && end <= at);
}

/** The one that ends later; of two that end together the first. */
export function laterProtection(a: Protection, b: Protection): Protection {
  return compareEnds(endOfProtection(b), endOfProtection(a)) > 0 ? b : a;
}

/** Orders ends of protection, earliest first: none, then by moment, then for ever. */
export function compareEnds(a: ProtectionEnd, b: ProtectionEnd): number {
  const rank = (end: ProtectionEnd): number =>
    end === undefined ? Number.NEGATIVE_INFINITY : end === 'forever' ? Number.POSITIVE_INFINITY : end;
  const [left, right] = [rank(a), rank(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
