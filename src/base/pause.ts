import { setTimeout } from 'node:timers/promises';
import type { Duration } from '#src/base/duration';
import { throwIfAborted } from '#src/base/errors';

/** Waits that long, or until the signal fires, and then throws its reason. Injected, so that tests do not wait for the wall clock. */
export type Pause = (duration: Duration, signal?: AbortSignal) => Promise<void>;

export const systemPause: Pause = async (duration, signal) => {
  throwIfAborted(signal);
  try {
    await setTimeout(duration, undefined, { signal });
  } catch (cause) {
    throwIfAborted(signal);
    throw cause;
  }
};

/** Delays that grow by half from `first` up to `longest`, for ever: quick answers stay quick, a long wait costs little. */
export function* growingDelays(first: Duration, longest: Duration): Generator<Duration, never> {
  for (let delay: number = first; ; delay = Math.min(longest, Math.ceil(delay * 1.5))) yield delay as Duration;
}
