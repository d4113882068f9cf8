import { addDays, type CalendarDay, type Weekday, weekdayOf } from '#src/base/calendar-day';
import { type MonthRule, monthRuleExamples, parseMonthRule } from '#src/rotation/month-rule';
import type { Level, Scheme, SchemeReason, SchemeRun } from '#src/rotation/scheme';
import {
  invalidSetting,
  parseTierSettings,
  refuseUnknownKeys,
  settingsBelow,
  type TierSettings,
} from '#src/rotation/tier-settings';
import { parseWeekdayList } from '#src/rotation/weekday-list';

interface WeeklyTier extends TierSettings {
  readonly days: readonly Weekday[];
}

interface MonthlyTier extends TierSettings {
  readonly on: MonthRule;
}

export interface GrandfatherFatherSonSettings {
  readonly son: WeeklyTier;
  readonly father: WeeklyTier;
  readonly grandfather: MonthlyTier;
}

/** Lowest first: the highest one that falls on a day wins it. */
const tierNames = ['son', 'father', 'grandfather'] as const;
type TierName = (typeof tierNames)[number];

/**
 * Sons on some weekdays, a father on others, a grandfather once a month. The father's data is what the sons of the next days
 * build on, and where a grandfather falls on a father's day it takes his place.
 *
 * A cycle begins with the run of a father or grandfather and lasts until the next one: sons that append do so within it.
 */
export const scheme: Scheme<GrandfatherFatherSonSettings> = {
  name: 'grandfather-father-son',

  parseSettings(settings, place) {
    refuseUnknownKeys(settings, tierNames, { place });
    const weekly = (key: 'son' | 'father', days: readonly Weekday[], level: Level): WeeklyTier => {
      const raw = settingsBelow(settings, key, place);
      refuseUnknownKeys(raw, ['days', 'level', 'pool', 'append'], { place, path: [key] });
      const list = raw['days'] === undefined ? days : parseWeekdayList(raw['days']);
      if (list === undefined) {
        const remedy = `Write a list of different weekdays, such as \`days: [${days.join(', ')}]\`.`;
        throw invalidSetting(place, [key, 'days'], { problem: 'is not a list of weekdays', remedy });
      }
      // Sons may share a cartridge; a father's stays as it was written.
      const rules = key === 'son' ? { level } : { level, append: ['never'] as const };
      return { days: list, ...parseTierSettings(raw, key, { place, rules }) };
    };
    const monthly = (): MonthlyTier => {
      const raw = settingsBelow(settings, 'grandfather', place);
      refuseUnknownKeys(raw, ['on', 'level', 'pool', 'append'], { place, path: ['grandfather'] });
      const on = parseMonthRule(raw['on'] ?? 'last friday of month');
      if (on === undefined) {
        const problem = 'is not a day of the month';
        throw invalidSetting(place, ['grandfather', 'on'], { problem, remedy: `Write ${monthRuleExamples}.` });
      }
      // What everything else is built on is whole.
      const rules = { level: 'full', levels: ['full'], append: ['never'] } as const;
      return { on, ...parseTierSettings(raw, 'grandfather', { place, rules }) };
    };
    return {
      son: weekly('son', ['mon', 'tue', 'wed', 'thu'], 'incremental'),
      father: weekly('father', ['fri'], 'full'),
      grandfather: monthly(),
    };
  },

  tiers: (settings) => tierNames.map((tier) => ({ tier, level: settings[tier].level, pool: settings[tier].pool })),

  runsOn(settings, day) {
    const falling = tiersOn(settings, day);
    const tier = falling.at(-1);
    if (tier === undefined) return null;
    const { level, pool, append } = settings[tier];
    const over = falling.slice(0, -1).reverse();
    const rule = tier === 'grandfather' ? settings.grandfather.on.text : settings[tier].days.join(', ');
    const reasons: SchemeReason[] = [{ code: 'tier.rule', tier, rule }];
    if (over.length > 0) reasons.push({ code: 'tier.highest-wins', tier, over });
    return { tier, level, pool, append, cycle: cycleOf(settings, day), reasons };
  },

  runByHand(settings, day, level = settings.son.level): SchemeRun {
    // Written where the scheme itself writes runs of this level, the lowest such tier.
    const like = tierNames.find((tier) => settings[tier].level === level) ?? 'son';
    return {
      tier: 'manual',
      level,
      pool: settings[like].pool,
      append: 'full',
      cycle: cycleOf(settings, day),
      reasons: [{ code: 'tier.by-hand' }],
    };
  },
};

function tiersOn({ son, father, grandfather }: GrandfatherFatherSonSettings, day: CalendarDay): readonly TierName[] {
  const weekday = weekdayOf(day);
  const falls = {
    son: son.days.includes(weekday),
    father: father.days.includes(weekday),
    grandfather: grandfather.on.matches(day),
  };
  return tierNames.filter((tier) => falls[tier]);
}

/** The father's weekdays are never empty, so that a cycle began within the last seven days. */
function cycleOf(settings: GrandfatherFatherSonSettings, day: CalendarDay): CalendarDay {
  let first = day;
  while (!tiersOn(settings, first).some((tier) => tier !== 'son')) first = addDays(first, -1);
  return first;
}
