declare const instantBrand: unique symbol;

/** A moment: milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type Instant = number & { readonly [instantBrand]: true };

export const instant = (epochMs: number): Instant => Math.trunc(epochMs) as Instant;

/** The only way to learn what time it is below `src/cli`. */
export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => instant(Date.now()) };

/** A clock that starts at `start` and goes on at the speed of the system's clock. */
export function offsetClock(start: Instant, base: Clock = systemClock): Clock {
  const origin = base.now();
  return { now: () => instant(start + (base.now() - origin)) };
}

/** A clock that moves only when it is told to: for simulation and tests. */
export class ManualClock implements Clock {
  #now: Instant;

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  set(to: Instant): void {
    this.#now = to;
  }
}
