import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePeriod, parsePeriod } from '#src/media/period';

test('periods are read and written as operators do', () => {
  assert.deepEqual(parsePeriod('14 days'), { kind: 'calendar', unit: 'days', count: 14 });
  assert.deepEqual(parsePeriod('1 year'), { kind: 'calendar', unit: 'years', count: 1 });
  for (const text of ['14 days', '1 day', '5 weeks', '12 months', '1 year', 'forever']) {
    const period = parsePeriod(text);
    assert.ok(period);
    assert.equal(describePeriod(period), text);
  }
});

test('what is no period is refused', () => {
  for (const text of [
    '',
    '0 days',
    '14',
    'two weeks',
    '1.5 weeks',
    '-1 days',
    '10000 days',
    '2 hours',
    'Forever',
    '3 months ago',
  ]) {
    assert.equal(parsePeriod(text), undefined, text);
  }
});
