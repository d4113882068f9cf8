import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarDay as day } from '#src/base/calendar-day';
import { instant } from '#src/base/clock';
import { dayAt, formatInstant, instantOfWallTime, parseTimeZone, startOfDay, type TimeZone } from '#src/base/time-zone';

const zone = (name: string): TimeZone => {
  const parsed = parseTimeZone(name);
  assert.ok(parsed, name);
  return parsed;
};
const at = (text: string) => instant(Date.parse(text));
const wall = (hours: number, minutes = 0) => (hours * 60 + minutes) * 60_000;

test('a zone that the machine does not know is none', () => {
  assert.equal(parseTimeZone('Europe/Lundon'), null);
  assert.equal(parseTimeZone(''), null);
});

test('a time that the clocks skip is as long after the gap as it was to be after its beginning', () => {
  // New York, 8 March 2026: 02:00 EST is followed by 03:00 EDT.
  const gap = instantOfWallTime(day('2026-03-08'), wall(2, 30), zone('America/New_York'));
  assert.equal(formatInstant(gap, zone('America/New_York')), '2026-03-08T03:30:00-04:00');
});

test('of a time that occurs twice the first is meant', () => {
  // London, 25 October 2026: 01:00–02:00 happens in BST, and again in GMT.
  const first = instantOfWallTime(day('2026-10-25'), wall(1, 30), zone('Europe/London'));
  assert.equal(formatInstant(first, zone('Europe/London')), '2026-10-25T01:30:00+01:00');
  assert.equal(first, at('2026-10-25T00:30:00Z'));
});

test('ordinary times east and west, with odd offsets', () => {
  assert.equal(instantOfWallTime(day('2026-06-01'), wall(22), zone('Asia/Kathmandu')), at('2026-06-01T22:00:00+05:45'));
  assert.equal(
    instantOfWallTime(day('2026-06-01'), wall(22), zone('Pacific/Honolulu')),
    at('2026-06-01T22:00:00-10:00'),
  );
  assert.equal(instantOfWallTime(day('2026-03-29'), wall(22), zone('Europe/London')), at('2026-03-29T22:00:00+01:00'));
  assert.equal(instantOfWallTime(day('2026-10-25'), wall(22), zone('Europe/London')), at('2026-10-25T22:00:00Z'));
});

test('a day begins at its first moment, where midnight is skipped too', () => {
  // Beirut, 29 March 2026: clocks go from 00:00 to 01:00.
  assert.equal(
    formatInstant(startOfDay(day('2026-03-29'), zone('Asia/Beirut')), zone('Asia/Beirut')),
    '2026-03-29T01:00:00+03:00',
  );
  assert.equal(dayAt(startOfDay(day('2026-03-29'), zone('Asia/Beirut')), zone('Asia/Beirut')), '2026-03-29');
});

test('one moment is two days in two zones', () => {
  const moment = at('2026-11-22T23:30:00Z');
  assert.equal(dayAt(moment, zone('Europe/London')), '2026-11-22');
  assert.equal(dayAt(moment, zone('Europe/Berlin')), '2026-11-23');
});
