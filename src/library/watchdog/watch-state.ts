import type { Duration } from '#src/base/duration';
import { type Phase, phases, stopGrace } from '#src/library/watchdog/phases';

/** One stretch of work of a device, as its watchdog sees it. */
export type WatchState =
  | { readonly kind: 'working'; readonly phase: Phase }
  /** Its time is over; it was told to stop. */
  | { readonly kind: 'stopping'; readonly phase: Phase }
  /** Ended in time. */
  | { readonly kind: 'ended' }
  /** It stopped when told to: the device still listens, and can be asked to let go of its cartridge. */
  | { readonly kind: 'stopped'; readonly phase: Phase }
  /** It did not even stop: whatever is sent to the device would wait behind what it never answered. */
  | { readonly kind: 'lost'; readonly phase: Phase };

/** `settled`: the work returned or threw; `fruitful`: it did what was asked of it. */
export type WatchInput = { readonly kind: 'settled'; readonly fruitful: boolean } | { readonly kind: 'rang' };

export type WatchEffect =
  | { readonly kind: 'arm'; readonly after: Duration }
  | { readonly kind: 'disarm' }
  /** Abort the work. */
  | { readonly kind: 'stop' }
  /** Hand what the work came to to whoever waits. */
  | { readonly kind: 'deliver' }
  /** Tell whoever waits that it took too long. */
  | { readonly kind: 'give-up' };

export interface WatchStep {
  readonly state: WatchState;
  readonly effects: readonly WatchEffect[];
}

export const beginWatch = (phase: Phase): WatchStep => ({
  state: { kind: 'working', phase },
  effects: [{ kind: 'arm', after: phases[phase].budget }],
});

export function nextWatch(state: WatchState, input: WatchInput): WatchStep {
  switch (state.kind) {
    case 'working':
      if (input.kind === 'settled')
        return { state: { kind: 'ended' }, effects: [{ kind: 'disarm' }, { kind: 'deliver' }] };
      return {
        state: { kind: 'stopping', phase: state.phase },
        effects: [{ kind: 'stop' }, { kind: 'arm', after: stopGrace }],
      };
    case 'stopping':
      if (input.kind === 'rang') return { state: { kind: 'lost', phase: state.phase }, effects: [{ kind: 'give-up' }] };
      // What was done after all is as good as if it had been in time.
      return input.fruitful
        ? { state: { kind: 'ended' }, effects: [{ kind: 'disarm' }, { kind: 'deliver' }] }
        : { state: { kind: 'stopped', phase: state.phase }, effects: [{ kind: 'disarm' }, { kind: 'give-up' }] };
    case 'ended':
    case 'stopped':
    case 'lost':
      // Whoever waited is gone: what comes later is heard by nobody.
      return { state, effects: [] };
  }
}
