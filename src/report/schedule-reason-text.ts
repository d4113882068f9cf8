import { countOf } from '#src/base/count-of';
import { unreachable } from '#src/base/errors';
import type { ScheduleReason, Unfit } from '#src/report/schedule-reason';

/** A reason in the operator's words: part of a sentence, without a full stop. */
export function describeScheduleReason(reason: ScheduleReason): string {
  switch (reason.code) {
    case 'tier.rule':
      return `${reason.tier}: ${reason.rule}`;
    case 'tier.highest-wins':
      return `${reason.tier} in place of ${reason.over.join(' and ')}: one run a day, the highest tier wins`;
    case 'tier.by-hand':
      return 'started by an operator';
    case 'level.no-live-full':
      return `full instead of ${reason.wanted}: ${describeSet(reason.backupSet)} has no complete full that can be built on`;
    case 'cartridges.forecast':
      return `${countOf(reason.count, 'cartridge')} expected`;
    case 'cartridges.missing':
      return `${countOf(reason.missing, 'cartridge')} missing in pool ${reason.pool}`;
    case 'protection.period':
      return `pool ${reason.pool} protects ${reason.period === 'forever' ? 'forever' : `for ${reason.period}`}`;
    case 'protection.needed-by':
      return `kept as long as what builds on it: ${reason.days.join(', ')}`;
    case 'protection.appended':
      return `${reason.cartridge} kept as long as the last run on it: ${reason.day}`;
    case 'plan.tier-changed':
      return `was planned as ${reason.was} before the rotation was changed`;
    case 'run.overdue':
      return 'overdue: its time has passed and it has not run';
    case 'run.repeated':
      return 'begun before on this day, and interrupted';
    case 'base.last-full-overwritten':
      return `writes over the only full of ${describeSet(reason.backupSet)}, on ${reason.cartridge}`;
    case 'base.leaves-site':
      return `leaves the site without a second copy, and is needed on ${reason.neededBy.join(', ')}`;
    default:
      return describeChoice(reason);
  }
}

/** Why this cartridge. */
function describeChoice(reason: Extract<ScheduleReason, { readonly code: `cartridge.${string}` }>): string {
  switch (reason.code) {
    case 'cartridge.remembered':
      return `${reason.cartridge} as planned`;
    case 'cartridge.taken':
      return `${reason.cartridge} in use by this run`;
    case 'cartridge.blank':
      return `${reason.cartridge} is blank`;
    case 'cartridge.oldest-expiry':
      return reason.expired === null
        ? `${reason.cartridge} was never protected`
        : `${reason.cartridge} has been free the longest, since ${reason.expired}`;
    case 'cartridge.furthest-next-use':
      return `${reason.cartridge} is not planned again before ${reason.nextUse}`;
    case 'cartridge.append':
      return `${reason.cartridge} written on behind what is there${reason.rule === 'cycle' ? ', within its cycle' : ', until it is full'}`;
    case 'cartridge.departed':
      return `not ${reason.was} as planned: ${unfitWords[reason.because]}`;
    default:
      return unreachable(reason);
  }
}

const unfitWords: Readonly<Record<Unfit, string>> = {
  absent: 'it is not in the catalog',
  cleaning: 'it is a cleaning cartridge',
  condition: 'it is suspect, damaged or retired',
  'fill-foreign': 'it holds what another program wrote',
  'fill-unknown': 'nobody has looked what is on it',
  generation: 'no drive here can write it, or too few can read it',
  held: 'it is held',
  'in-this-run': 'this run has it already',
  'not-in-library': 'it is not in the library',
  'other-generation': 'the cartridges of a run have one generation',
  'other-is-open': 'another one is open to be written on',
  'passed-over': 'the run found it unfit',
  pool: 'it belongs to another pool now',
  protected: 'what is on it is still protected',
  worm: 'it can be written once, or the pool takes no other',
  'write-protected': 'it is write-protected',
};

const unusual: ReadonlySet<ScheduleReason['code']> = new Set<ScheduleReason['code']>([
  'base.last-full-overwritten',
  'base.leaves-site',
  'cartridge.departed',
  'cartridges.missing',
  'level.no-live-full',
  'plan.tier-changed',
  'run.overdue',
  'run.repeated',
]);

/** Whether a printed schedule says it in so many words: what an operator would not expect of the day. */
export const isUnusual = ({ code }: ScheduleReason): boolean => unusual.has(code);

const describeSet = (name: string): string => (name === '' ? 'this rotation' : `backup set ${name}`);
