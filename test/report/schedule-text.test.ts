import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOfDay } from '#src/base/time-zone';
import { scheduleDocument } from '#src/report/schedule-document';
import type { ScheduleReason } from '#src/report/schedule-reason';
import { describeScheduleReason } from '#src/report/schedule-reason-text';
import { scheduleText } from '#src/report/schedule-text';
import { planSchedule } from '#src/rotation/planner';
import { cartridge, cartridges, day, london, monday, office, rotation } from '#test/rotation/office';

const plan = (count: number, to: string) =>
  planSchedule(office({ cartridges: cartridges(count) }), {
    now: startOfDay(monday, london),
    from: monday,
    to: day(to),
  });

test('the page for the wall: months, weeks, runs, and what is unusual', () => {
  assert.equal(
    scheduleText(plan(20, '2026-12-01')),
    `Schedule of rotation office: 23 November 2026 to 1 December 2026
Times of Europe/London.

NOVEMBER 2026
Date        Day  Time   Tier         Level        Cartridges  Free again
----------  ---  -----  -----------  -----------  ----------  ----------
2026-11-23  Mon  22:00  son          full         G00001L9    2026-12-10
    ! full instead of incremental: backup set home has no complete full that can be built on
2026-11-24  Tue  22:00  son          incremental  G00002L9    2026-12-10
2026-11-25  Wed  22:00  son          incremental  G00003L9    2026-12-10
2026-11-26  Thu  22:00  son          incremental  G00004L9    2026-12-10
2026-11-27  Fri  22:00  grandfather  full         G00005L9    2027-02-27

2026-11-30  Mon  22:00  son          incremental  G00006L9    2026-12-17

DECEMBER 2026
Date        Day  Time   Tier         Level        Cartridges  Free again
----------  ---  -----  -----------  -----------  ----------  ----------
2026-12-01  Tue  22:00  son          incremental  G00007L9    2026-12-17
`,
  );
});

test('shortages come at the end, with what to do', () => {
  const text = scheduleText(plan(1, '2026-11-24'));
  assert.match(text, /2026-11-24 {2}Tue .* — /);
  assert.match(text, /! 1 cartridge missing in pool daily/);
  assert.match(
    text,
    /NOT ENOUGH CARTRIDGES\n2026-11-24 {2}office: 1 cartridge too few for pool daily\. Add a blank .*`grandsire library import`/,
  );
  const listed = (changes: object) =>
    scheduleText(
      planSchedule(office({ cartridges: [cartridge(1, changes)] }), {
        now: startOfDay(monday, london),
        from: monday,
        to: monday,
      }),
    );
  assert.match(
    listed({ fill: 'unknown' }),
    /Nobody has looked what is on G00001L9: run `grandsire cartridge identify G00001L9`/,
  );
  assert.match(listed({ location: { kind: 'shelf', shelf: 'B' } }), /Free, but not in the library: G00001L9/);
});

test('several rotations have a column of their own; no runs are said to be none', () => {
  const state = office({ rotations: [rotation(), rotation({ name: 'annex' })] });
  const text = scheduleText(planSchedule(state, { now: startOfDay(monday, london), from: monday, to: monday }));
  assert.match(text, /Date .* Rotation .*\n.*\n2026-11-23 {2}Mon {2}22:00 {2}annex/);
  const none = planSchedule(office({ rotations: [] }), { now: startOfDay(monday, london), from: monday, to: monday });
  assert.match(scheduleText(none), /No runs\./);
});

test('JSON has the shape that scripts read', () => {
  const document = scheduleDocument(plan(1, '2026-11-24'));
  const [first] = document.days;
  assert.deepEqual(Object.keys(document), ['from', 'to', 'days', 'shortages']);
  assert.deepEqual(
    { ...first, reasons: undefined, text: undefined },
    {
      date: '2026-11-23',
      at: '2026-11-23T22:00:00+00:00',
      rotation: 'office',
      tier: 'son',
      level: 'full',
      cartridges: ['G00001L9'],
      protectedUntil: '2026-12-10T00:00:00+00:00',
      reasons: undefined,
      text: undefined,
    },
  );
  assert.ok(first?.text.startsWith('son: mon, tue, wed, thu; full instead of incremental: backup set home'));
  assert.deepEqual(first?.reasons[0], { code: 'tier.rule', tier: 'son', rule: 'mon, tue, wed, thu' });
  assert.deepEqual(document.shortages[0], {
    date: '2026-11-24',
    rotation: 'office',
    pool: 'daily',
    missing: 1,
    elsewhere: [],
    unread: [],
  });
  assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
});

test('every reason has words, and its own', () => {
  const cartridgeName = 'G00001L9';
  const reasons: readonly ScheduleReason[] = [
    { code: 'tier.rule', tier: 'son', rule: 'mon' },
    { code: 'tier.highest-wins', tier: 'grandfather', over: ['father', 'son'] },
    { code: 'tier.by-hand' },
    { code: 'level.no-live-full', backupSet: 'home', wanted: 'incremental' },
    { code: 'cartridge.remembered', cartridge: cartridgeName },
    { code: 'cartridge.taken', cartridge: cartridgeName },
    { code: 'cartridge.blank', cartridge: cartridgeName },
    { code: 'cartridge.oldest-expiry', cartridge: cartridgeName, expired: null },
    { code: 'cartridge.oldest-expiry', cartridge: cartridgeName, expired: monday },
    { code: 'cartridge.furthest-next-use', cartridge: cartridgeName, nextUse: monday },
    { code: 'cartridge.append', cartridge: cartridgeName, rule: 'cycle' },
    { code: 'cartridge.append', cartridge: cartridgeName, rule: 'full' },
    { code: 'cartridge.departed', was: cartridgeName, because: 'held' },
    { code: 'plan.tier-changed', was: 'father', tier: 'son' },
    { code: 'cartridges.forecast', count: 2 },
    { code: 'cartridges.missing', pool: 'daily', missing: 2 },
    { code: 'protection.period', pool: 'daily', period: 'forever' },
    { code: 'protection.needed-by', days: [monday] },
    { code: 'protection.appended', cartridge: cartridgeName, day: monday },
    { code: 'run.overdue' },
    { code: 'run.repeated' },
    { code: 'base.last-full-overwritten', backupSet: 'home', cartridge: cartridgeName },
    { code: 'base.leaves-site', pool: 'monthly', neededBy: [monday] },
  ];
  const texts = reasons.map(describeScheduleReason);
  assert.equal(new Set(texts).size, texts.length);
  for (const text of texts) assert.match(text, /^\S.*[^.]$/);
  assert.ok(texts.includes('grandfather in place of father and son: one run a day, the highest tier wins'));
  assert.ok(texts.includes('not G00001L9 as planned: it is held'));
});
