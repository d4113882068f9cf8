import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { scheme } from '#schemes/grandfather-father-son';
import { type CalendarDay, eachDay } from '#src/base/calendar-day';
import { GrandsireError } from '#src/base/errors';
import { formatInstant } from '#src/base/time-zone';
import { day, grandfatherFatherSon, london, officeSettings, place, runTime } from '#test/rotation/office';

const tierOn = (date: string, changes: object = {}): string | undefined =>
  grandfatherFatherSon(changes).runsOn(day(date))?.tier;

test('a year in London is the one that an independent script works out from the definition', () => {
  const golden = readFileSync('test/schemes/golden/grandfather-father-son-2027.txt', 'utf8');
  const bound = grandfatherFatherSon();
  const time = runTime('0 22 * * *', london);
  const lines: string[] = [];
  for (const date of eachDay(day('2027-01-01'), day('2027-12-31'))) {
    const run = bound.runsOn(date);
    const at = time.on(date);
    if (run !== null && at !== null) lines.push(`${formatInstant(at, london)} ${run.tier}`);
  }
  assert.equal(lines.length, 261);
  assert.equal(`${lines.join('\n')}\n`, golden);
});

test('the highest tier wins, and says over which', () => {
  const run = grandfatherFatherSon().runsOn(day('2026-11-27'));
  assert.deepEqual(run, {
    tier: 'grandfather',
    level: 'full',
    pool: 'monthly',
    append: 'never',
    cycle: '2026-11-27',
    reasons: [
      { code: 'tier.rule', tier: 'grandfather', rule: 'last friday of month' },
      { code: 'tier.highest-wins', tier: 'grandfather', over: ['father'] },
    ],
  });
  const overBoth = grandfatherFatherSon({
    son: { ...officeSettings.son, days: ['mon', 'fri'] },
    grandfather: { ...officeSettings.grandfather, on: 'last friday of month' },
  }).runsOn(day('2026-11-27'));
  assert.deepEqual(overBoth?.reasons.at(-1), {
    code: 'tier.highest-wins',
    tier: 'grandfather',
    over: ['father', 'son'],
  });
});

test('a cycle begins with a father or grandfather and lasts until the next', () => {
  const bound = grandfatherFatherSon();
  const cycleOf = (date: string): CalendarDay | undefined => bound.runsOn(day(date))?.cycle;
  assert.equal(cycleOf('2026-11-26'), '2026-11-20');
  assert.equal(cycleOf('2026-11-30'), '2026-11-27');
  assert.equal(cycleOf('2026-12-03'), '2026-11-27');
  assert.equal(cycleOf('2026-12-04'), '2026-12-04');
});

test('days of the month: first, last, by number; every rule picks one day of every month', () => {
  const on = (rule: unknown) => ({ grandfather: { ...officeSettings.grandfather, on: rule } });
  assert.equal(tierOn('2026-12-07', on('first monday of month')), 'grandfather');
  assert.equal(tierOn('2026-12-14', on('first monday of month')), 'son');
  assert.equal(tierOn('2026-02-28', on('last day of month')), 'grandfather');
  assert.equal(tierOn('2028-02-29', on('last day of the month')), 'grandfather');
  assert.equal(tierOn('2026-11-15', on(15)), 'grandfather');
  assert.equal(tierOn('2026-11-15', on('day 15 of month')), 'grandfather');
  assert.equal(tierOn('2026-11-01', on('first day of month')), 'grandfather');
  for (const rule of [
    'second tue of month',
    'third sunday of month',
    'fourth fri of month',
    'last monday of month',
    28,
    'last day of month',
  ]) {
    const bound = grandfatherFatherSon(on(rule));
    const months = [...eachDay(day('2026-01-01'), day('2029-12-31'))]
      .filter((date) => bound.runsOn(date)?.tier === 'grandfather')
      .map((date) => date.slice(0, 7));
    assert.equal(months.length, 48, String(rule));
    assert.equal(new Set(months).size, 48, String(rule));
  }
});

test('what is left out has its defaults', () => {
  const settings = scheme.parseSettings(
    { son: { pool: 'a' }, father: { pool: 'b' }, grandfather: { pool: 'c' } },
    place,
  );
  assert.deepEqual(settings.son, {
    days: ['mon', 'tue', 'wed', 'thu'],
    level: 'incremental',
    pool: 'a',
    append: 'never',
  });
  assert.deepEqual(settings.father, { days: ['fri'], level: 'full', pool: 'b', append: 'never' });
  assert.deepEqual(
    scheme.tiers(settings).map(({ tier, level, pool }) => `${tier} ${level} ${pool}`),
    ['son incremental a', 'father full b', 'grandfather full c'],
  );
  assert.equal(settings.grandfather.on.text, 'last friday of month');
});

test('sons may be differential, and may append', () => {
  const run = grandfatherFatherSon({ son: { ...officeSettings.son, level: 'differential', append: 'cycle' } }).runsOn(
    day('2026-11-24'),
  );
  assert.equal(run?.level, 'differential');
  assert.equal(run?.append, 'cycle');
});

test('a run by hand goes where the scheme writes that level, and appends', () => {
  const bound = grandfatherFatherSon();
  assert.deepEqual(bound.runByHand(day('2026-11-28')), {
    tier: 'manual',
    level: 'incremental',
    pool: 'daily',
    append: 'full',
    cycle: '2026-11-27',
    reasons: [{ code: 'tier.by-hand' }],
  });
  assert.equal(bound.runByHand(day('2026-11-28'), 'full').pool, 'weekly');
  assert.equal(bound.runByHand(day('2026-11-28'), 'differential').pool, 'daily');
});

test('every mistake is named with its place and what to write', () => {
  const wrong: readonly (readonly [object, RegExp, RegExp])[] = [
    [{ sun: {} }, /office\.sun is an unknown key/, /Did you mean `son`/],
    [{ son: undefined }, /office\.son is missing/, /Write `son:/],
    [{ son: [] }, /office\.son is not a mapping/, /Write `son:/],
    [{ son: { ...officeSettings.son, days: [] } }, /office\.son\.days is not a list/, /`days: \[mon, tue, wed, thu\]`/],
    [{ son: { ...officeSettings.son, days: ['mon', 'monday'] } }, /office\.son\.days/, /different/],
    [{ son: { ...officeSettings.son, days: 'mon' } }, /office\.son\.days/, /list/],
    [{ son: { ...officeSettings.son, day: ['mon'] } }, /office\.son\.day is an unknown/, /`days`/],
    [
      { son: { ...officeSettings.son, level: 'total' } },
      /office\.son\.level is "total"/,
      /`full`, `differential`, `incremental`/,
    ],
    [{ son: { ...officeSettings.son, pool: 7 } }, /office\.son\.pool is not the name/, /`pool:`/],
    [{ son: { ...officeSettings.son, append: 'always' } }, /office\.son\.append/, /`cycle`/],
    [{ father: { ...officeSettings.father, append: 'cycle' } }, /office\.father\.append is "cycle"/, /Write `never`/],
    [
      { grandfather: { ...officeSettings.grandfather, level: 'incremental' } },
      /office\.grandfather\.level/,
      /Write `full`/,
    ],
    [{ grandfather: { ...officeSettings.grandfather, on: 31 } }, /office\.grandfather\.on/, /last day of month/],
    [
      { grandfather: { ...officeSettings.grandfather, on: 'fifth friday of month' } },
      /office\.grandfather\.on/,
      /last friday/,
    ],
    [
      { grandfather: { ...officeSettings.grandfather, on: 'second last friday' } },
      /office\.grandfather\.on/,
      /last friday/,
    ],
  ];
  for (const [changes, message, remedy] of wrong) {
    assert.throws(
      () =>
        scheme.parseSettings(
          Object.fromEntries(Object.entries({ ...officeSettings, ...changes }).filter(([, v]) => v !== undefined)),
          place,
        ),
      (error) =>
        error instanceof GrandsireError &&
        error.code === 'config.invalid' &&
        message.test(error.message) &&
        remedy.test(error.remedy),
      JSON.stringify(changes),
    );
  }
});
