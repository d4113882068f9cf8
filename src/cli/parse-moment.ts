import { addDays, parseCalendarDay } from '#src/base/calendar-day';
import { type Instant, instant } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import { instantOfWallTime, startOfDay, type TimeZone } from '#src/base/time-zone';

/** Which end of a range a date stands for: ranges include both ends, so that a day means its first or its last moment. */
export type RangeEnd = 'first' | 'last';

/**
 * The moment that an operator writes: `2026-11-27`, `2026-11-27T22:00` (both in `zone`), or ISO 8601 with an offset. `option` is
 * named in the failure, `command.usage`.
 */
export function parseMoment(option: string, text: string, { zone, end }: { zone: TimeZone; end: RangeEnd }): Instant {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const day = match && parseCalendarDay(match[1] as string);
  if (!match || !day) throw notAMoment(option, text);
  if (match[2] === undefined) {
    return end === 'first' ? startOfDay(day, zone) : instant(startOfDay(addDays(day, 1), zone) - 1);
  }
  const [hour, minute, second] = [Number(match[2]), Number(match[3]), Number(match[4] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) throw notAMoment(option, text);
  const wallMs = ((hour * 60 + minute) * 60 + second) * 1000 + Number((match[5] ?? '').padEnd(3, '0'));
  if (match[6] === undefined) return instantOfWallTime(day, wallMs, zone);
  const offset = Date.parse(`1970-01-01T00:00:00${match[6]}`);
  if (Number.isNaN(offset)) throw notAMoment(option, text);
  return instant(Date.parse(`${day}T00:00:00Z`) + wallMs + offset);
}

/** A range whose end comes before its beginning would answer that there is nothing, which is not true. Each as option and what stands for it. */
export function reversedRange(first: readonly [string, string], last: readonly [string, string]): GrandsireError {
  return new GrandsireError('command.usage', {
    message: `${last.join(' ')} is before ${first.join(' ')}`,
    remedy: `Write the earlier one first: \`${first[0]} ${last[1]} ${last[0]} ${first[1]}\`.`,
  });
}

function notAMoment(option: string, text: string): GrandsireError {
  return new GrandsireError('command.usage', {
    message: `${option} is ${JSON.stringify(text.slice(0, 64))}, which is no date or time`,
    remedy: `Write a day, or ISO 8601: \`${option} 2026-11-27\`, \`${option} 2026-11-27T22:00:00+00:00\`.`,
  });
}
