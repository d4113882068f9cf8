import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  addMonths,
  calendarDay,
  dayFromNumber,
  dayNumber,
  daysBetween,
  eachDay,
  mondayOf,
  parseCalendarDay,
  weekdayOf,
} from '#src/base/calendar-day';

const day = calendarDay;

test('only days that exist are days', () => {
  assert.equal(parseCalendarDay('2028-02-29'), '2028-02-29');
  for (const text of [
    '2026-02-29',
    '1900-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-1-01',
    '0000-01-01',
    '',
  ]) {
    assert.equal(parseCalendarDay(text), null, text);
  }
});

test('days are counted through leap years and changes of clocks', () => {
  assert.equal(addDays(day('2028-02-28'), 2), '2028-03-01');
  assert.equal(addDays(day('2026-03-28'), 2), '2026-03-30');
  assert.equal(daysBetween(day('2026-01-01'), day('2027-01-01')), 365);
  assert.deepEqual(
    [...eachDay(day('2026-12-30'), day('2027-01-02'))],
    ['2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02'],
  );
  assert.deepEqual([...eachDay(day('2026-12-30'), day('2026-12-29'))], []);
});

test('a month later is the same date, or the last day of a shorter month', () => {
  assert.equal(addMonths(day('2027-01-31'), 1), '2027-02-28');
  assert.equal(addMonths(day('2028-01-31'), 1), '2028-02-29');
  assert.equal(addMonths(day('2026-11-30'), 3), '2027-02-28');
  assert.equal(addMonths(day('2026-01-15'), -1), '2025-12-15');
});

test('weekdays are those of known dates', () => {
  assert.equal(weekdayOf(day('1970-01-01')), 'thu');
  assert.equal(weekdayOf(day('2000-02-29')), 'tue');
  assert.equal(weekdayOf(day('1969-07-20')), 'sun');
  assert.equal(mondayOf(day('2026-11-29')), '2026-11-23');
  assert.equal(mondayOf(day('2026-11-23')), '2026-11-23');
});

test('the number of a day and the day are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (number) => {
      assert.equal(dayNumber(dayFromNumber(number)), number);
    }),
  );
});
