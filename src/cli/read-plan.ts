import type { CalendarDay } from '#src/base/calendar-day';
import type { Context } from '#src/cli/context';
import type { App } from '#src/compose';
import type { Plan } from '#src/rotation/planning-state';

/** The first and last day that the operator named, as far as they were. */
export interface AskedRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** The plan from the catalog alone, without a device. `days`: how long it is where `--to` is not given. */
export async function readPlan(
  app: App,
  context: Context,
  asked: AskedRange & { readonly days: number },
): Promise<Plan> {
  const { addDays } = await import('#src/base/calendar-day');
  const { dayAt } = await import('#src/base/time-zone');
  const { readPlanningState } = await import('#src/jobs/planning-state');
  const { planSchedule } = await import('#src/rotation/planner');
  const now = app.clock.now();
  const zone = app.planning.rotations[0]?.timeZone ?? context.timeZone;
  const from = await dayOf(asked.from, '--from', dayAt(now, zone));
  const to = await dayOf(asked.to, '--to', addDays(from, asked.days - 1));
  if (to < from) {
    const { reversedRange } = await import('#src/cli/parse-moment');
    throw reversedRange(['--from', asked.from ?? from], ['--to', asked.to ?? to]);
  }
  return planSchedule(await readPlanningState(app.catalog, app.planning), { now, from, to });
}

/** What a plan takes its cartridges from. */
export const librariesOf = ({ planning }: App): readonly string[] => planning.rotations.map(({ library }) => library);

/** Fixes the plan: what it says is kept, and departed from only where it must be. */
export async function commitPlan(app: App, { allocations, obsolete }: Plan): Promise<void> {
  await app.catalog.transaction(async (repositories) => {
    await repositories.allocations.remove(obsolete);
    await repositories.allocations.put(allocations);
  });
}

async function dayOf(text: string | undefined, option: string, fallback: CalendarDay): Promise<CalendarDay> {
  if (text === undefined) return fallback;
  const { parseCalendarDay } = await import('#src/base/calendar-day');
  const { GrandsireError } = await import('#src/base/errors');
  const day = parseCalendarDay(text);
  if (day !== null) return day;
  throw new GrandsireError('command.usage', {
    message: `${option} is ${JSON.stringify(text.slice(0, 64))}, which is not a day.`,
    remedy: `Write a day such as \`${option} ${fallback}\`.`,
  });
}
