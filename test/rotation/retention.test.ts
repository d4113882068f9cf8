import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '#src/base/clock';
import { parsePeriod } from '#src/media/period';
import {
  endOfPeriod,
  endOfProtection,
  isProtectionOver,
  laterProtection,
  protectionFrom,
} from '#src/rotation/retention';
import { day, london, runTime, zone } from '#test/rotation/office';

const period = (text: string) => {
  const parsed = parsePeriod(text);
  assert.ok(parsed);
  return parsed;
};

test('periods are calendar days and calendar months', () => {
  assert.equal(endOfPeriod(day('2026-11-23'), period('2 weeks')), '2026-12-07');
  assert.equal(endOfPeriod(day('2026-11-27'), period('3 months')), '2027-02-27');
  assert.equal(endOfPeriod(day('2026-11-30'), period('3 months')), '2027-02-28');
  assert.equal(endOfPeriod(day('2028-02-29'), period('1 year')), '2029-02-28');
  assert.equal(endOfPeriod(day('2026-11-27'), period('forever')), undefined);
  assert.equal(endOfPeriod(day('2026-11-27'), period('9999 years')), undefined);
  assert.equal(endOfPeriod(day('2026-11-27'), period('9999 days')), '2054-04-13');
});

test('what the run of a day wrote under two weeks is free for the run fourteen days later, over a change of clocks too', () => {
  const time = runTime('0 22 * * *', london);
  for (const [written, again] of [
    ['2026-11-23', '2026-12-07'],
    ['2026-10-20', '2026-11-03'],
    ['2027-03-22', '2027-04-05'],
  ] as const) {
    const protection = protectionFrom(day(written), period('2 weeks'), london);
    const next = time.on(day(again));
    assert.ok(next !== null && isProtectionOver(protection, next), again);
    const dayBefore = time.on(day(again.replace(/\d\d$/, (d) => String(Number(d) - 1).padStart(2, '0'))));
    assert.ok(dayBefore !== null && !isProtectionOver(protection, dayBefore), again);
  }
});

test('protection ends with the day in its own zone', () => {
  const tokyo = protectionFrom(day('2026-11-23'), period('1 day'), zone('Asia/Tokyo'));
  const newYork = protectionFrom(day('2026-11-23'), period('1 day'), zone('America/New_York'));
  assert.equal(endOfProtection(tokyo), Date.parse('2026-11-24T00:00:00+09:00'));
  assert.equal(laterProtection(tokyo, newYork), newYork);
  assert.equal(laterProtection(newYork, tokyo), newYork);
});

test('nothing limits what nobody limited, and a zone that is not known protects for ever', () => {
  assert.deepEqual(protectionFrom(day('2026-11-23'), undefined, london), { kind: 'forever' });
  const lost = { kind: 'until', freeOn: '2026-01-01', timeZone: 'Mars/Olympus' } as const;
  assert.ok(!isProtectionOver(lost, instant(Date.parse('2099-01-01T00:00:00Z'))));
  assert.deepEqual(laterProtection({ kind: 'none' }, { kind: 'forever' }), { kind: 'forever' });
});
