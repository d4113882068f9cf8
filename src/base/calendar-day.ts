declare const calendarDayBrand: unique symbol;

/** A day of the Gregorian calendar, `YYYY-MM-DD`, years 0001–9999, in no time zone. Days compare as strings do. */
export type CalendarDay = string & { readonly [calendarDayBrand]: true };

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

const dayMs = 86_400_000;

/** The day that the text names, or null: `2026-02-30` and `2026-2-3` name none. */
export function parseCalendarDay(text: string): CalendarDay | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  return text as CalendarDay;
}

/** For days that the code itself knows to exist. Throws a RangeError for anything else. */
export function calendarDay(text: string): CalendarDay {
  const day = parseCalendarDay(text);
  if (day === null) throw new RangeError(`not a calendar day: ${text}`);
  return day;
}

/** Days since 1970-01-01, which is day 0. */
export function dayNumber(day: CalendarDay): number {
  const date = new Date(0);
  date.setUTCFullYear(yearOf(day), monthOf(day) - 1, dayOfMonth(day));
  return Math.round(date.getTime() / dayMs);
}

export function dayFromNumber(number: number): CalendarDay {
  return calendarDay(new Date(number * dayMs).toISOString().slice(0, 10));
}

/** `count` days later, or earlier where it is negative. */
export const addDays = (day: CalendarDay, count: number): CalendarDay => dayFromNumber(dayNumber(day) + count);

/** `count` calendar months later; a day that the month does not have becomes its last (31 January + 1 month = 28 February). */
export function addMonths(day: CalendarDay, count: number): CalendarDay {
  const months = yearOf(day) * 12 + (monthOf(day) - 1) + count;
  const year = Math.floor(months / 12);
  const month = months - year * 12 + 1;
  return fromParts(year, month, Math.min(dayOfMonth(day), daysInMonth(year, month)));
}

/** How many days `to` is after `from`. */
export const daysBetween = (from: CalendarDay, to: CalendarDay): number => dayNumber(to) - dayNumber(from);

/** Day 0 (1970-01-01) was a Thursday. */
export const weekdayOf = (day: CalendarDay): Weekday => weekdays[(((dayNumber(day) + 3) % 7) + 7) % 7] as Weekday;

/** The Monday of the day's ISO 8601 week. */
export const mondayOf = (day: CalendarDay): CalendarDay => addDays(day, -weekdays.indexOf(weekdayOf(day)));

export const yearOf = (day: CalendarDay): number => Number(day.slice(0, 4));
export const monthOf = (day: CalendarDay): number => Number(day.slice(5, 7));
export const dayOfMonth = (day: CalendarDay): number => Number(day.slice(8, 10));

/** Gregorian: every fourth year, not the hundredth, but the four-hundredth. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The days from `from` to `to`, both included; none where `to` is earlier. */
export function* eachDay(from: CalendarDay, to: CalendarDay): Generator<CalendarDay> {
  const last = dayNumber(to);
  for (let number = dayNumber(from); number <= last; number += 1) yield dayFromNumber(number);
}

function fromParts(year: number, month: number, day: number): CalendarDay {
  const pad = (n: number, width: number): string => String(n).padStart(width, '0');
  return calendarDay(`${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`);
}
