import type { Alarm } from '#src/base/alarm';
import type { DeviceError } from '#src/base/errors';
import type { Phase } from '#src/library/watchdog/phases';
import {
  beginWatch,
  nextWatch,
  type WatchInput,
  type WatchState,
  type WatchStep,
} from '#src/library/watchdog/watch-state';

/** What a device that was given up can still be asked for. */
export type Remaining = 'everything' | 'unloading' | 'nothing';

export interface PhaseWatchOptions {
  readonly alarm: Alarm;
  /** The failure of a phase that took too long. */
  readonly overdue: (phase: Phase) => DeviceError;
}

/**
 * The watchdog of one device. Whoever waits for a phase is set free at the end of its budget, whether or not the device, its driver or its transport ever answers;
 * after that the device is asked for nothing more, or only to let go of its cartridge.
 */
export class PhaseWatch {
  readonly #options: PhaseWatchOptions;
  #remaining: Remaining = 'everything';
  #failure: DeviceError | undefined;
  /** Kept between calls. */
  readonly #idle: SignalRelay[] = [];

  constructor(options: PhaseWatchOptions) {
    this.#options = options;
  }

  /** Why it was given up. */
  get failure(): DeviceError | undefined {
    return this.#failure;
  }

  /** Throws what `work` throws, and the failure of the phase where that takes too long or the device was given up before. */
  async during<T>(
    phase: Phase,
    work: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal | undefined,
  ): Promise<T> {
    if (this.#failure && !this.#mayStill(phase)) throw this.#failure;
    // Each call that is under way has one of its own.
    const relay = this.#idle.pop() ?? new SignalRelay();
    try {
      return await this.#watch(phase, work(relay.follow(signal)), relay);
    } finally {
      this.#idle.push(relay);
    }
  }

  #mayStill(phase: Phase): boolean {
    if (this.#remaining === 'nothing') return phase === 'close';
    return phase === 'unload' || phase === 'unloadUnready' || phase === 'close';
  }

  #watch<T>(phase: Phase, work: Promise<T>, relay: SignalRelay): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let state: WatchState = { kind: 'working', phase };
      let armed: ReturnType<Alarm> | undefined;
      let deliver = (): void => undefined;
      const overdue = (): DeviceError => this.#options.overdue(phase);
      const take = (step: WatchStep): void => {
        state = step.state;
        for (const effect of step.effects) {
          if (effect.kind === 'arm') armed = this.#options.alarm(effect.after, () => feed({ kind: 'rang' }));
          else if (effect.kind === 'disarm') armed?.cancel();
          else if (effect.kind === 'stop') relay.abort(overdue());
          else if (effect.kind === 'deliver') deliver();
          else reject(this.#giveUp(overdue(), state.kind === 'lost' ? 'nothing' : 'unloading'));
        }
      };
      const feed = (input: WatchInput): void => take(nextWatch(state, input));
      take(beginWatch(phase));
      work.then(
        (value) => {
          deliver = () => resolve(value);
          feed({ kind: 'settled', fruitful: true });
        },
        (cause: unknown) => {
          deliver = () => reject(cause);
          feed({ kind: 'settled', fruitful: false });
        },
      );
    });
  }

  #giveUp(failure: DeviceError, remaining: Remaining): DeviceError {
    this.#failure ??= failure;
    if (this.#remaining !== 'nothing') this.#remaining = remaining;
    return failure;
  }
}

/**
 * One signal that fires with the caller's and by itself. Used again from call to call, and so is the listener while the caller's signal is the same: making both anew costs
 * more than moving a block does.
 */
class SignalRelay {
  #controller = new AbortController();
  #followed: AbortSignal | undefined;
  readonly #forward = (): void => this.#controller.abort(this.#followed?.reason);

  follow(signal: AbortSignal | undefined): AbortSignal {
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
    if (signal !== this.#followed) {
      this.#followed?.removeEventListener('abort', this.#forward);
      this.#followed = signal;
      signal?.addEventListener('abort', this.#forward);
    }
    if (signal?.aborted) this.#forward();
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}
