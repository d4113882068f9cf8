import { scheme } from '#schemes/grandfather-father-son';
import { type CalendarDay, calendarDay } from '#src/base/calendar-day';
import type { SettingsPlace } from '#src/base/settings-place';
import { parseTimeZone, type TimeZone } from '#src/base/time-zone';
import type { CartridgeId } from '#src/media/facets';
import { parsePeriod } from '#src/media/period';
import type { Pool } from '#src/media/pool';
import type { PlanningCartridge, PlanningRotation, PlanningState } from '#src/rotation/planning-state';
import { parseRunTime, type RunTime } from '#src/rotation/run-time';
import { type BoundScheme, bindScheme } from '#src/rotation/scheme';

/** The library, pools and rotation that `init` writes, as the planner sees them. */

export const day = calendarDay;

export const zone = (name: string): TimeZone => {
  const parsed = parseTimeZone(name);
  if (parsed === null) throw new RangeError(name);
  return parsed;
};

export const london = zone('Europe/London');

export const place: SettingsPlace = {
  describe: (path) => `grandsire.yaml:1:1 rotations.office.${path.join('.')}`,
  resolve: (path) => path,
};

export const officeSettings = {
  son: { days: ['mon', 'tue', 'wed', 'thu'], level: 'incremental', pool: 'daily' },
  father: { days: ['fri'], level: 'full', pool: 'weekly' },
  grandfather: { on: 'last friday of month', level: 'full', pool: 'monthly' },
};

export const grandfatherFatherSon = (changes: object = {}): BoundScheme =>
  bindScheme(scheme, scheme.parseSettings({ ...officeSettings, ...changes }, place));

export function runTime(expression: string, timeZone: TimeZone): RunTime {
  const parsed = parseRunTime(expression, timeZone);
  if (parsed === null) throw new RangeError(expression);
  return parsed;
}

export const pool = (name: string, protect?: string, changes: Partial<Pool> = {}): Pool => ({
  name,
  ...(protect === undefined ? {} : { draw: 'scratch', protect: parsePeriod(protect) as NonNullable<Pool['protect']> }),
  ...changes,
});

export const officePools: readonly Pool[] = [
  pool('scratch'),
  pool('daily', '2 weeks'),
  pool('weekly', '5 weeks'),
  pool('monthly', '3 months'),
];

/** `G00007L9` and the like: blank, in scratch, in the slot of its number. */
export function cartridge(number: number, changes: Partial<PlanningCartridge> = {}): PlanningCartridge {
  return {
    id: number as CartridgeId,
    barcode: `G${String(number).padStart(5, '0')}L9`,
    kind: 'data',
    generation: 'LTO-9',
    pool: 'scratch',
    location: { kind: 'slot', library: 'main', number },
    fill: 'blank',
    condition: 'good',
    writeProtected: false,
    holds: [],
    protection: { kind: 'none' },
    usedBytes: 0,
    capacityBytes: 1000,
    ...changes,
  };
}

export const cartridges = (count: number): readonly PlanningCartridge[] =>
  Array.from({ length: count }, (_, index) => cartridge(index + 1));

export const rotation = (changes: Partial<PlanningRotation> = {}): PlanningRotation => ({
  name: 'office',
  library: 'main',
  timeZone: london,
  runTime: runTime('0 22 * * *', london),
  scheme: grandfatherFatherSon(),
  sets: ['home'],
  ...changes,
});

export const office = (changes: Partial<PlanningState> = {}): PlanningState => ({
  rotations: [rotation()],
  pools: officePools,
  libraries: [{ name: 'main', drives: [{ generation: 'LTO-9' }, { generation: 'LTO-9' }] }],
  cartridges: cartridges(20),
  dataSets: [],
  runs: [],
  allocations: [],
  ...changes,
});

/** Weekdays of late 2026: 23 November is a Monday, 27 November the month's last Friday. */
export const monday: CalendarDay = day('2026-11-23');
