import { Cron } from 'croner';
import { type CalendarDay, dayNumber } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import { dayAt, instantOfWallTime, type TimeZone } from '#src/base/time-zone';

const dayMs = 86_400_000;

/** When on a day a rotation runs. */
export interface RunTime {
  /** The nominal start of that day's run; null on a day that the expression leaves out. */
  on(day: CalendarDay): Instant | null;
}

/**
 * A cron expression (`0 22 * * *`) read in a time zone; null where it is not one. There is one run a day: of several times
 * on a day the first counts. The expression is evaluated on a clock without daylight saving, and only its result is placed
 * in the zone, so that a time which is skipped or occurs twice still means one run on that day (`instantOfWallTime`).
 */
export function parseRunTime(expression: string, zone: TimeZone): RunTime | null {
  const cron = parseCron(expression);
  if (cron === null) return null;
  // A plan asks for the same days again and again.
  const known = new Map<CalendarDay, Instant | null>();
  return {
    on(day) {
      const before = known.get(day);
      if (before !== undefined) return before;
      const at = firstOn(cron, day, zone);
      known.set(day, at);
      return at;
    },
  };
}

function firstOn(cron: Cron, day: CalendarDay, zone: TimeZone): Instant | null {
  const midnight = dayNumber(day) * dayMs;
  // `nextRun` looks for a time after the given second.
  const next = cron.nextRun(new Date(midnight - 1000))?.getTime();
  if (next === undefined || next >= midnight + dayMs) return null;
  const at = instantOfWallTime(day, next - midnight, zone);
  // Where a zone has left out a whole day (Samoa, 30 December 2011) there is no run on it.
  return dayAt(at, zone) === day ? at : null;
}

function parseCron(expression: string): Cron | null {
  // croner also takes a date, which would run once.
  if (!/^(@[a-z]+|\S+(\s+\S+){4,5})$/.test(expression.trim())) return null;
  try {
    return new Cron(expression.trim(), { timezone: 'UTC', paused: true });
  } catch {
    return null;
  }
}
