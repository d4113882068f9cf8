import { type Duration, minutes, seconds } from '#src/base/duration';

/** How long each class of command may take before it is given up: the slowest healthy case with room for the robot's own retries. */
export const timeLimits = {
  /** Answered from memory. */
  inquiry: seconds(60),
  /** Without CURDATA a library may look at what it is not sure of before it answers. */
  elementStatus: minutes(15),
  /**
   * A robot crosses a large library in under a minute, picks several times when it fails, and some wait for the drive to rewind
   * (186 s) and unload (56 s) before they take the cartridge.
   */
  move: minutes(15),
  /** Reads every barcode again: about a second a slot, and libraries have thousands. */
  rescan: minutes(120),
  /** A library that was switched on looks at all its slots before it is ready. */
  becomingReady: minutes(60),
} as const satisfies Record<string, Duration>;

/** Between two questions to a library that is becoming ready. */
export const pollDelays = { first: 250 as Duration, longest: seconds(10) } as const;
