import type { Duration } from '#src/base/duration';

/** Calls `ring` once after that long, unless it is cancelled before. Injected, so that tests do not wait for the wall clock. */
export type Alarm = (after: Duration, ring: () => void) => { cancel(): void };

export const systemAlarm: Alarm = (after, ring) => {
  const timer = setTimeout(ring, after);
  return { cancel: () => clearTimeout(timer) };
};
