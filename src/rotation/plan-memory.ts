import { type CalendarDay, parseCalendarDay } from '#src/base/calendar-day';
import type { AllocationRecord } from '#src/catalog/allocations';
import type { CartridgeId } from '#src/media/facets';
import type { AgendaItem } from '#src/rotation/agenda';
import type { NextUse } from '#src/rotation/choose-cartridges';
import type { ModelCartridge } from '#src/rotation/plan-model';
import type { PlanningRotation, PlanningState } from '#src/rotation/planning-state';

interface PlannedUse {
  readonly at: number;
  readonly day: CalendarDay;
  readonly run: string;
}

/** What was planned before: which cartridges a run was given, and what each cartridge is kept for. */
export class PlanMemory {
  readonly #ofRun = new Map<string, AllocationRecord[]>();
  /** Earliest first. */
  readonly #ofCartridge = new Map<CartridgeId, PlannedUse[]>();
  readonly #planned = new Set<string>();

  constructor(state: PlanningState) {
    const rotations = new Map(state.rotations.map((rotation) => [rotation.name, rotation]));
    const done = new Set(state.runs.filter(isDone).map((run) => runKey(run.rotation, run.day)));
    for (const allocation of state.allocations) {
      const key = runKey(allocation.rotation, allocation.runDay);
      push(this.#ofRun, key, allocation);
      const use = done.has(key) ? undefined : plannedUse(allocation, rotations.get(allocation.rotation));
      if (use) push(this.#ofCartridge, allocation.cartridge, use);
    }
    for (const uses of this.#ofCartridge.values()) uses.sort((a, b) => a.at - b.at || (a.run < b.run ? -1 : 1));
  }

  /** What was planned for the run, by ordinal: for its tier, and for another one that the day had then. */
  recall(item: AgendaItem): {
    readonly same: readonly AllocationRecord[];
    readonly other: readonly AllocationRecord[];
  } {
    const all = item.running?.byHand ? [] : (this.#ofRun.get(runKey(item.rotation.name, item.day)) ?? []);
    const sorted = [...all].sort((a, b) => a.ordinal - b.ordinal);
    return {
      same: sorted.filter(({ tier }) => tier === item.run.tier),
      other: sorted.filter(({ tier }) => tier !== item.run.tier),
    };
  }

  /** From now on what was remembered for this run holds no cartridge back. */
  markPlanned(item: AgendaItem): void {
    if (!item.running?.byHand) this.#planned.add(runKey(item.rotation.name, item.day));
  }

  /** The next use of a cartridge by a run that is not planned yet, also one beyond what is being planned. */
  nextUse: NextUse = (cartridge: ModelCartridge) =>
    this.#ofCartridge.get(cartridge.facts.id)?.find(({ run }) => !this.#planned.has(run)) as ReturnType<NextUse>;
}

/** Allocations that the calendar no longer has a run for keep nothing back. */
function plannedUse(allocation: AllocationRecord, rotation: PlanningRotation | undefined): PlannedUse | undefined {
  const day = parseCalendarDay(allocation.runDay);
  if (rotation === undefined || day === null || rotation.scheme.runsOn(day)?.tier !== allocation.tier) return undefined;
  const at = rotation.runTime.on(day);
  return at === null ? undefined : { at, day, run: runKey(rotation.name, day) };
}

const isDone = ({ state }: { readonly state: string }): boolean => state === 'complete' || state === 'open';

export const runKey = (rotation: string, day: string): string => `${rotation} ${day}`;

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
