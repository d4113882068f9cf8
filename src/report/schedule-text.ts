import { type CalendarDay, dayOfMonth, mondayOf, monthOf, weekdayOf, yearOf } from '#src/base/calendar-day';
import { countOf } from '#src/base/count-of';
import { formatTimeOfDay } from '#src/base/time-zone';
import type { Protection } from '#src/media/facets';
import type { Schedule, ScheduleEntry, ScheduleShortage } from '#src/report/schedule-entry';
import { describeScheduleReason, isUnusual } from '#src/report/schedule-reason-text';

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

interface Column {
  readonly title: string;
  readonly of: (run: ScheduleEntry) => string;
}

/**
 * A schedule as a page for the wall: a block a month, an empty line between weeks, a line a run, and below it in words what an
 * operator would not expect of that day. At the end what is missing, and what to do about it. Lines end in `\n`.
 */
export function scheduleText(schedule: Schedule): string {
  const { from, to, runs, shortages } = schedule;
  const rotations = [...new Set(runs.map(({ rotation }) => rotation))].sort();
  const zones = [...new Set(runs.map(({ timeZone }) => timeZone))].sort();
  const title = rotations.length === 1 ? `Schedule of rotation ${rotations[0]}` : 'Schedule';
  const lines = [`${title}: ${longDate(from)} to ${longDate(to)}`];
  if (runs.length === 0) return [...lines, '', 'No runs.', ''].join('\n');
  lines.push(zones.length === 1 ? `Times of ${zones[0]}.` : `Times of ${zones.join(', ')}, each in its own.`);
  const columns = columnsFor({ showRotation: rotations.length > 1 });
  const widths = columns.map(({ title, of }) => Math.max(title.length, ...runs.map((run) => of(run).length)));
  const row = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  let month = '';
  let week: CalendarDay | undefined;
  for (const run of runs) {
    const monthOfRun = `${months[monthOf(run.day) - 1]} ${yearOf(run.day)}`;
    const weekOfRun = mondayOf(run.day);
    if (monthOfRun !== month)
      lines.push('', monthOfRun.toUpperCase(), row(columns.map((column) => column.title)), rule(widths));
    else if (weekOfRun !== week) lines.push('');
    [month, week] = [monthOfRun, weekOfRun];
    lines.push(row(columns.map(({ of }) => of(run))));
    for (const reason of run.reasons.filter(isUnusual)) lines.push(`    ! ${describeScheduleReason(reason)}`);
  }
  if (shortages.length > 0) lines.push('', 'NOT ENOUGH CARTRIDGES', ...shortages.map(describeShortage));
  return `${lines.join('\n')}\n`;
}

function columnsFor({ showRotation }: { readonly showRotation: boolean }): readonly Column[] {
  const cartridges = ({ cartridges }: ScheduleEntry): string =>
    cartridges.map(({ barcode, use }) => (use === 'append' ? `${barcode} (append)` : barcode)).join(' ');
  return [
    { title: 'Date', of: ({ day }) => day },
    { title: 'Day', of: ({ day }) => capital(weekdayOf(day)) },
    { title: 'Time', of: ({ at, timeZone }) => formatTimeOfDay(at, timeZone) },
    ...(showRotation ? [{ title: 'Rotation', of: ({ rotation }: ScheduleEntry) => rotation }] : []),
    { title: 'Tier', of: ({ tier }) => tier },
    { title: 'Level', of: ({ level }) => level },
    { title: 'Cartridges', of: (run) => cartridges(run) || '—' },
    { title: 'Free again', of: ({ protection }) => describeEnd(protection) },
  ];
}

/** The first day whose run may write over it. */
function describeEnd(protection: Protection): string {
  if (protection.kind === 'until') return protection.freeOn;
  return protection.kind === 'forever' ? 'never' : 'at once';
}

function describeShortage({ day, rotation, pool, missing, elsewhere, unread }: ScheduleShortage): string {
  const what = `${day}  ${rotation}: ${countOf(missing, 'cartridge')} too few for pool ${pool}.`;
  if (elsewhere.length > 0) {
    return `${what} Free, but not in the library: ${some(elsewhere)}. Put it into a mail slot and run \`grandsire library import\`.`;
  }
  const [first] = unread;
  if (first !== undefined) {
    return `${what} Nobody has looked what is on ${some(unread)}: run \`grandsire cartridge identify ${first}\`.`;
  }
  return `${what} Add a blank cartridge before that day: put it into a mail slot and run \`grandsire library import\`.`;
}

const mostNamed = 5;

const some = (barcodes: readonly string[]): string =>
  barcodes.length > mostNamed
    ? `${barcodes.slice(0, mostNamed).join(', ')} and ${barcodes.length - mostNamed} more`
    : barcodes.join(', ');

const rule = (widths: readonly number[]): string => widths.map((width) => '-'.repeat(width)).join('  ');

const longDate = (day: CalendarDay): string => `${dayOfMonth(day)} ${months[monthOf(day) - 1]} ${yearOf(day)}`;

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
