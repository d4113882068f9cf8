import { parseCalendarDay } from '#src/base/calendar-day';
import type { AllocationRecord } from '#src/catalog/allocations';
import type { ScheduleReason, Unfit } from '#src/report/schedule-reason';
import type { AgendaItem } from '#src/rotation/agenda';
import { chooseCartridges, type NextUse } from '#src/rotation/choose-cartridges';
import { canAppend, type Need, whyNotOverwrite } from '#src/rotation/fitness';
import type { Forecast } from '#src/rotation/forecast';
import { type ModelCartridge, type PlanModel, protectionOfVolume } from '#src/rotation/plan-model';

export interface Assigned {
  readonly ordinal: number;
  readonly cartridge: ModelCartridge;
  readonly use: 'overwrite' | 'append';
}

export interface Assignment {
  /** By ordinal, with gaps where there is none. */
  readonly cartridges: readonly Assigned[];
  readonly missing: number;
  readonly reasons: readonly ScheduleReason[];
}

export interface AssignmentInput {
  readonly item: AgendaItem;
  readonly need: Need;
  readonly forecast: Forecast;
  readonly remembered: readonly AllocationRecord[];
  readonly nextUse: NextUse;
}

/**
 * The cartridges of one run, in four steps: what it has already; what it writes behind; what was planned before, as far as it
 * still holds; and the best of what is free for the rest.
 */
export function assignCartridges(model: PlanModel, input: AssignmentInput): Assignment {
  const work = new AssignmentWork(model, input);
  work.keepTaken();
  work.appendWhereAllowed();
  work.keepRemembered();
  work.fillUp();
  return work.result();
}

class AssignmentWork {
  readonly #model: PlanModel;
  readonly #input: AssignmentInput;
  readonly #slots = new Map<number, Assigned>();
  readonly #reasons: ScheduleReason[] = [];
  #wanted: number;

  constructor(model: PlanModel, input: AssignmentInput) {
    this.#model = model;
    this.#input = input;
    const { item, forecast, remembered } = input;
    const { taken = [], needs = 0 } = item.running ?? {};
    this.#wanted = Math.max(forecast.cartridges, taken.length, needs, ...remembered.map(({ ordinal }) => ordinal));
  }

  keepTaken(): void {
    for (const [index, id] of (this.#input.item.running?.taken ?? []).entries()) {
      const cartridge = this.#model.cartridge(id);
      if (cartridge)
        this.#assign(
          { ordinal: index + 1, cartridge, use: 'append' },
          { code: 'cartridge.taken', cartridge: cartridge.facts.barcode },
        );
    }
  }

  appendWhereAllowed(): void {
    const { item, need, forecast, remembered } = this.#input;
    const { append } = item.run;
    if (append === 'never' || this.#slots.size > 0) return;
    const cartridge = append === 'cycle' ? this.#openInCycle() : this.#newestOpen();
    if (cartridge === undefined || !canAppend(cartridge, need)) return;
    const { barcode, capacityBytes } = cartridge.facts;
    this.#assign(
      { ordinal: 1, cartridge, use: 'append' },
      { code: 'cartridge.append', cartridge: barcode, rule: append },
    );
    const isTooMuch = capacityBytes !== undefined && cartridge.usedBytes + (forecast.bytes ?? 0) > capacityBytes;
    const others = remembered.map(({ ordinal }) => ordinal);
    // What fits takes this cartridge alone, however many a run of this tier takes that begins on an empty one.
    this.#wanted = Math.max(1 + (isTooMuch ? forecast.cartridges : 0), item.running?.needs ?? 0, ...others);
  }

  keepRemembered(): void {
    const takenCount = this.#input.item.running?.taken.length ?? 0;
    for (const { ordinal, cartridge: id } of this.#input.remembered) {
      if (ordinal <= takenCount) continue;
      const cartridge = this.#model.cartridge(id);
      const holder = this.#slots.get(ordinal);
      if (cartridge !== undefined && holder?.cartridge === cartridge) continue;
      const because = holder ? 'other-is-open' : cartridge === undefined ? 'absent' : this.#whyNot(cartridge);
      const barcode = cartridge?.facts.barcode ?? `cartridge ${id}`;
      if (because === undefined && cartridge !== undefined) {
        this.#assign({ ordinal, cartridge, use: 'overwrite' }, { code: 'cartridge.remembered', cartridge: barcode });
      } else if (because !== undefined && !this.#isTaken(cartridge)) {
        this.#reasons.push({ code: 'cartridge.departed', was: barcode, because });
      }
    }
  }

  fillUp(): void {
    const free: number[] = [];
    for (let ordinal = 1; ordinal <= this.#wanted; ordinal += 1) if (!this.#slots.has(ordinal)) free.push(ordinal);
    if (free.length === 0) return;
    const { nextUse } = this.#input;
    const candidates = this.#model.cartridges.filter((cartridge) => this.#whyNot(cartridge) === undefined);
    const chosen = chooseCartridges(candidates, { count: free.length, nextUse });
    for (const [index, cartridge] of chosen.entries()) {
      this.#assign({ ordinal: free[index] as number, cartridge, use: 'overwrite' }, whyChosen(cartridge, nextUse));
    }
  }

  result(): Assignment {
    const cartridges = [...this.#slots.values()].sort((a, b) => a.ordinal - b.ordinal);
    const missing = this.#wanted - cartridges.length;
    const reasons = [...this.#reasons];
    if (this.#wanted > 1) reasons.push({ code: 'cartridges.forecast', count: this.#wanted });
    if (missing > 0) reasons.push({ code: 'cartridges.missing', pool: this.#input.need.pool.name, missing });
    return { cartridges, missing, reasons };
  }

  #assign(assigned: Assigned, reason: ScheduleReason): void {
    this.#slots.set(assigned.ordinal, assigned);
    this.#reasons.push(reason);
  }

  #whyNot(cartridge: ModelCartridge): Unfit | undefined {
    if (this.#isTaken(cartridge)) return 'in-this-run';
    const unfit = whyNotOverwrite(this.#model, cartridge, this.#input.need);
    if (unfit !== undefined) return unfit;
    const [first] = this.#slots.values();
    return first === undefined || first.cartridge.facts.generation === cartridge.facts.generation
      ? undefined
      : 'other-generation';
  }

  #isTaken(cartridge: ModelCartridge | undefined): boolean {
    for (const assigned of this.#slots.values()) if (assigned.cartridge === cartridge) return true;
    return false;
  }

  /** The last cartridge of the last run of the same tier, if that was in the same cycle. */
  #openInCycle(): ModelCartridge | undefined {
    const { rotation, run } = this.#input.item;
    for (const { rotation: name, tier, pool, runDay, copies } of this.#model.newestDataSets()) {
      if (name !== rotation.name || tier !== run.tier || pool !== run.pool) continue;
      const volume = copies[0]?.at(-1);
      if (volume === undefined) continue;
      return !volume.overwritten && rotation.scheme.runsOn(runDay)?.cycle === run.cycle ? volume.cartridge : undefined;
    }
    return undefined;
  }

  /** The cartridge of the pool that was written on last and has room. */
  #newestOpen(): ModelCartridge | undefined {
    const { need } = this.#input;
    for (const { pool, copies } of this.#model.newestDataSets()) {
      if (pool !== need.pool.name) continue;
      for (const copy of copies) {
        const volume = copy.at(-1);
        if (volume !== undefined && !volume.overwritten && canAppend(volume.cartridge, need)) return volume.cartridge;
      }
    }
    return undefined;
  }
}

function whyChosen(cartridge: ModelCartridge, nextUse: NextUse): ScheduleReason {
  const { barcode } = cartridge.facts;
  const next = nextUse(cartridge);
  if (next !== undefined) return { code: 'cartridge.furthest-next-use', cartridge: barcode, nextUse: next.day };
  if (cartridge.fill === 'blank') return { code: 'cartridge.blank', cartridge: barcode };
  const protection = protectionOfVolume(cartridge.volume);
  const expired = protection.kind === 'until' ? parseCalendarDay(protection.freeOn) : null;
  return { code: 'cartridge.oldest-expiry', cartridge: barcode, expired };
}
