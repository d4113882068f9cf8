import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Alarm } from '#src/base/alarm';
import type { Duration } from '#src/base/duration';
import type { Pause } from '#src/base/pause';

/** Time that passes only where a pause, or a test, has it pass: what waits for hours is tested in milliseconds. */
export class Timeline {
  #now = 0;
  readonly #alarms = new Set<{ readonly at: number; readonly ring: () => void }>();

  get passed(): Duration {
    return this.#now as Duration;
  }

  /** Alarms that wait. */
  get armed(): number {
    return this.#alarms.size;
  }

  readonly alarm: Alarm = (after, ring) => {
    const entry = { at: this.#now + after, ring };
    this.#alarms.add(entry);
    return { cancel: () => void this.#alarms.delete(entry) };
  };

  readonly pause: Pause = async (duration, signal) => {
    this.pass(duration);
    await nextTurn();
    signal?.throwIfAborted();
  };

  /** In the order in which they are due. */
  pass(duration: Duration): void {
    const until = this.#now + duration;
    for (;;) {
      const [due] = [...this.#alarms].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!due) break;
      this.#alarms.delete(due);
      this.#now = due.at;
      due.ring();
    }
    this.#now = until;
  }
}
