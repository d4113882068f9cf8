import { type CalendarDay, eachDay } from '#src/base/calendar-day';
import { type Instant, instant } from '#src/base/clock';
import { dayAt } from '#src/base/time-zone';
import type { PlanningRequest, PlanningRotation, PlanningState, RunningRun } from '#src/rotation/planning-state';
import type { SchemeRun } from '#src/rotation/scheme';

/** A run that is to be planned. */
export interface AgendaItem {
  readonly rotation: PlanningRotation;
  readonly day: CalendarDay;
  /** The nominal start, for which everything is decided. */
  readonly at: Instant;
  readonly run: SchemeRun;
  readonly running: RunningRun | undefined;
  readonly isOverdue: boolean;
  /** It was begun on this day, and interrupted. */
  readonly isRepeated: boolean;
}

/**
 * All runs from now to `to` that are not done, and the one that is under way, in the order in which they begin. Each rotation
 * counts days in its own zone.
 *
 * The one that is under way comes first, whatever its hour: what is overdue has not written a byte yet, so that nothing of it
 * can be appended to or built on. What was remembered for it is still not taken where there is another cartridge.
 */
export function listAgenda(state: PlanningState, request: PlanningRequest, to: CalendarDay): readonly AgendaItem[] {
  const items = state.rotations.flatMap((rotation) => agendaOf(rotation, state, { request, to }));
  return items.sort((a, b) => rankOf(a) - rankOf(b) || a.at - b.at || compareText(a.rotation.name, b.rotation.name));
}

function agendaOf(
  rotation: PlanningRotation,
  state: PlanningState,
  { request, to }: { readonly request: PlanningRequest; readonly to: CalendarDay },
): readonly AgendaItem[] {
  const { now } = request;
  const running = request.running?.rotation === rotation.name ? request.running : undefined;
  const items: AgendaItem[] = running ? [itemOfRunning(rotation, running)].flatMap((item) => item ?? []) : [];
  const begun = new Map(state.runs.filter((run) => run.rotation === rotation.name).map((run) => [run.day, run.state]));
  for (const day of eachDay(dayAt(now, rotation.timeZone), to)) {
    if (running && !running.byHand && running.day === day) continue;
    const before = begun.get(day);
    if (before === 'complete' || before === 'open') continue;
    const run = rotation.scheme.runsOn(day);
    const at = run === null ? null : rotation.runTime.on(day);
    if (run === null || at === null) continue;
    items.push({
      rotation,
      day,
      at,
      run,
      running: undefined,
      isOverdue: at < now,
      isRepeated: before === 'interrupted',
    });
  }
  return items;
}

/** A run that is under way is decided for its nominal start too, or for when it began where that was earlier. */
function itemOfRunning(rotation: PlanningRotation, running: RunningRun): AgendaItem | undefined {
  const { day, startedAt, byHand, level } = running;
  const asPlanned = byHand ?? rotation.scheme.runsOn(day);
  if (asPlanned === null) return undefined;
  const run = level === undefined ? asPlanned : { ...asPlanned, level };
  const nominal = byHand ? null : rotation.runTime.on(day);
  const at = nominal === null ? startedAt : instant(Math.min(nominal, startedAt));
  return { rotation, day, at, run, running, isOverdue: false, isRepeated: false };
}

const rankOf = ({ running }: AgendaItem): number => (running ? 0 : 1);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
