import {
  type CalendarDay,
  dayOfMonth,
  daysInMonth,
  monthOf,
  type Weekday,
  weekdayOf,
  yearOf,
} from '#src/base/calendar-day';
import { longNames, parseWeekday } from '#src/rotation/weekday-list';

/** A rule that picks one day of every month. */
export interface MonthRule {
  /** As an operator writes it, in one spelling: `last friday of month`. */
  readonly text: string;
  matches(day: CalendarDay): boolean;
}

const ordinals = ['first', 'second', 'third', 'fourth', 'last'] as const;
type Ordinal = (typeof ordinals)[number];

/** Not every month has a 29th: a rule that picks no day in February would leave a month without its run. */
const lastCommonDay = 28;

/** Examples of what `parseMonthRule` takes, for messages. */
export const monthRuleExamples =
  '`last friday of month`, `first monday of month`, `last day of month` or `15` (a day from 1 to 28)';

/** `last friday of month`, `first mon of month`, `last day of month`, `day 15 of month`, `15`; undefined for anything else. */
export function parseMonthRule(value: unknown): MonthRule | undefined {
  if (typeof value === 'number') return dayRule(value);
  if (typeof value !== 'string') return undefined;
  const words = value
    .trim()
    .toLowerCase()
    .replace(/ of (the )?month$/, '')
    .split(/\s+/);
  const [first = '', second = ''] = words;
  if (words.length === 1) return /^\d{1,2}$/.test(first) ? dayRule(Number(first)) : undefined;
  if (words.length !== 2) return undefined;
  if (first === 'day') return /^\d{1,2}$/.test(second) ? dayRule(Number(second)) : undefined;
  if (!(ordinals as readonly string[]).includes(first)) return undefined;
  if (second === 'day') return first === 'last' ? lastDayRule : dayRule(ordinals.indexOf(first as Ordinal) + 1);
  const weekday = parseWeekday(second);
  return weekday && weekdayRule(first as Ordinal, weekday);
}

const lastDayRule: MonthRule = {
  text: 'last day of month',
  matches: (day) => dayOfMonth(day) === daysInMonth(yearOf(day), monthOf(day)),
};

function dayRule(number: number): MonthRule | undefined {
  if (!Number.isInteger(number) || number < 1 || number > lastCommonDay) return undefined;
  return { text: `day ${number} of month`, matches: (day) => dayOfMonth(day) === number };
}

function weekdayRule(ordinal: Ordinal, weekday: Weekday): MonthRule {
  return {
    text: `${ordinal} ${longNames[weekday]} of month`,
    matches(day) {
      if (weekdayOf(day) !== weekday) return false;
      if (ordinal === 'last') return dayOfMonth(day) + 7 > daysInMonth(yearOf(day), monthOf(day));
      return Math.floor((dayOfMonth(day) - 1) / 7) === ordinals.indexOf(ordinal);
    },
  };
}
