import { type Weekday, weekdays } from '#src/base/calendar-day';

/** `fri`, `friday`, in any case; undefined for anything else. */
export function parseWeekday(text: string): Weekday | undefined {
  const word = text.trim().toLowerCase();
  const short = weekdays.find((day) => day === word.slice(0, 3));
  return short !== undefined && (word === short || word === longNames[short]) ? short : undefined;
}

/** A list of different weekdays, at least one, put in the order of the week; undefined for anything else. */
export function parseWeekdayList(value: unknown): readonly Weekday[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const days = value.map((entry) => (typeof entry === 'string' ? parseWeekday(entry) : undefined));
  if (days.includes(undefined) || new Set(days).size !== days.length) return undefined;
  return weekdays.filter((day) => days.includes(day));
}

export const longNames: Readonly<Record<Weekday, string>> = {
  mon: 'monday',
  tue: 'tuesday',
  wed: 'wednesday',
  thu: 'thursday',
  fri: 'friday',
  sat: 'saturday',
  sun: 'sunday',
};
