import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimeZone } from '#src/base/time-zone';
import { parseMoment, type RangeEnd } from '#src/cli/parse-moment';

const zone = 'Europe/London' as TimeZone;
const iso = (text: string, end: RangeEnd = 'first') =>
  new Date(parseMoment('--after', text, { zone, end })).toISOString();

test('a day is its first or its last moment in the zone', () => {
  assert.equal(iso('2026-07-01'), '2026-06-30T23:00:00.000Z');
  assert.equal(iso('2026-07-01', 'last'), '2026-07-01T22:59:59.999Z');
  // Summer time ends on 25 October: the day has 25 hours.
  assert.equal(iso('2026-10-25', 'last'), '2026-10-25T23:59:59.999Z');
});

test('a time is in the zone, unless it has an offset', () => {
  assert.equal(iso('2026-07-01T22:00'), '2026-07-01T21:00:00.000Z');
  assert.equal(iso('2026-07-01 22:00:05.25'), '2026-07-01T21:00:05.250Z');
  assert.equal(iso('2026-07-01T22:00:00Z'), '2026-07-01T22:00:00.000Z');
  assert.equal(iso('2026-07-01T22:00:00+02:00', 'last'), '2026-07-01T20:00:00.000Z');
  assert.equal(iso('2026-07-01T22:00:00-05:30'), '2026-07-02T03:30:00.000Z');
});

test('what is none is refused, and the option named', () => {
  const none = [
    '',
    'yesterday',
    '2026-02-30',
    '2026-7-1',
    '2026-07-01T24:00',
    '2026-07-01T10:60',
    '2026-07-01T10',
    '1e9',
  ];
  for (const text of [...none, '2026-07-01T10:00+99:00', '2026-07-01T10:00:61', ' 2026-07-01']) {
    assert.throws(() => iso(text), { code: 'command.usage', message: /^--after is / }, text);
  }
});
