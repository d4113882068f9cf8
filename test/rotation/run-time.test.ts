import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CalendarDay, eachDay } from '#src/base/calendar-day';
import { formatInstant, type TimeZone } from '#src/base/time-zone';
import { parseRunTime } from '#src/rotation/run-time';
import { day, london, runTime, zone } from '#test/rotation/office';

const at = (expression: string, on: CalendarDay, timeZone: TimeZone): string | null => {
  const moment = runTime(expression, timeZone).on(on);
  return moment === null ? null : formatInstant(moment, timeZone);
};

test('ten in the evening is ten in the evening, in summer and in winter', () => {
  assert.equal(at('0 22 * * *', day('2026-07-01'), london), '2026-07-01T22:00:00+01:00');
  assert.equal(at('0 22 * * *', day('2026-12-01'), london), '2026-12-01T22:00:00+00:00');
});

test('a run at 02:30 happens once on the day that skips it, and once on the day that has it twice', () => {
  const newYork = zone('America/New_York');
  const moments: (number | null)[] = [];
  for (const date of eachDay(day('2026-01-01'), day('2026-12-31')))
    moments.push(runTime('30 2 * * *', newYork).on(date));
  assert.equal(moments.filter((moment) => moment !== null).length, 365);
  assert.equal(new Set(moments).size, 365);
  assert.equal(at('30 2 * * *', day('2026-03-08'), newYork), '2026-03-08T03:30:00-04:00');
  assert.equal(at('30 1 * * *', day('2026-11-01'), newYork), '2026-11-01T01:30:00-04:00');
});

test('days that the expression leaves out have no run; of several times the first counts', () => {
  assert.equal(at('0 22 * * 1-5', day('2026-11-28'), london), null);
  assert.equal(at('0 22 * * 1-5', day('2026-11-27'), london), '2026-11-27T22:00:00+00:00');
  assert.equal(at('15 6,18 * * *', day('2026-11-27'), london), '2026-11-27T06:15:00+00:00');
  assert.equal(at('0 0 * * *', day('2026-11-27'), london), '2026-11-27T00:00:00+00:00');
});

test('a day that a zone left out has no run, and the day after it has its own', () => {
  const apia = zone('Pacific/Apia');
  assert.equal(at('0 22 * * *', day('2011-12-30'), apia), null);
  assert.equal(at('0 22 * * *', day('2011-12-31'), apia), '2011-12-31T22:00:00+14:00');
});

test('what is no cron expression is refused', () => {
  for (const text of ['', 'hello', '0 25 * * *', '0 22 * *', '2026-11-27T22:00:00', '60 22 * * *', 'x y z a b']) {
    assert.equal(parseRunTime(text, london), null, text);
  }
});
