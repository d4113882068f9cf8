import { addDays, addMonths, type CalendarDay } from '#src/base/calendar-day';

/** How long something is protected: so many calendar days or months of the rotation, or without end. */
export type Period = { readonly unit: 'days' | 'months'; readonly count: number } | 'forever';

/** More than this is a slip of the pen; it keeps day arithmetic inside the calendar. */
const longestDays = 100 * 366;

/**
 * `14 days`, `2 weeks`, `3 months`, `1 year`, `forever`; null for anything else, for nothing (`0 days`) and for more than a
 * hundred years.
 */
export function parsePeriod(text: string): Period | null {
  if (text.trim() === 'forever') return 'forever';
  const match = /^\s*([1-9]\d{0,4})\s*(day|week|month|year)s?\s*$/.exec(text);
  if (!match) return null;
  const count = Number(match[1]);
  const unit = match[2] as 'day' | 'week' | 'month' | 'year';
  const period: Period =
    unit === 'day' || unit === 'week'
      ? { unit: 'days', count: unit === 'week' ? count * 7 : count }
      : { unit: 'months', count: unit === 'year' ? count * 12 : count };
  const days = period.unit === 'days' ? period.count : period.count * 31;
  return days > longestDays ? null : period;
}

/** As an operator writes it: `2 weeks`, `1 year`, `forever`. */
export function formatPeriod(period: Period): string {
  if (period === 'forever') return 'forever';
  const { unit, count } = period;
  const large = unit === 'days' ? 7 : 12;
  const whole = count % large === 0;
  const amount = whole ? count / large : count;
  const word = unit === 'days' ? (whole ? 'week' : 'day') : whole ? 'year' : 'month';
  return `${amount} ${word}${amount === 1 ? '' : 's'}`;
}

/**
 * The first day on which what was written on `day` is free again: `day` + 14 for `2 weeks`, the same date three months on for
 * `3 months` (or that month's last), null for `forever`.
 */
export function endOfPeriod(day: CalendarDay, period: Period): CalendarDay | null {
  if (period === 'forever') return null;
  return period.unit === 'days' ? addDays(day, period.count) : addMonths(day, period.count);
}
