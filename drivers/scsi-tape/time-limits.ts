import { type Duration, hours, minutes, seconds } from '#src/base/duration';

/**
 * How long each class of command may take before it is given up. A time-out loses the position and with it the segment being
 * written, so each limit is the slowest healthy case with room for the drive's own error recovery, not a typical time.
 */
export const timeLimits = {
  /** Answered from the drive's memory; a drive busy with recovery has been seen to take half a minute (LTFS #505). */
  inquiry: seconds(60),
  /** One block. The buffer may have to be drained first, and the drive repositions and rewrites for minutes on bad media. */
  transfer: minutes(25),
  /** A synchronising filemark drains the whole buffer, with the same recovery as a block. */
  filemark: minutes(30),
  /** Half-height LTO-9 rewinds in up to 186 s; a worn tape goes slower, and buffered data is written first. */
  rewind: minutes(15),
  /** SPACE and LOCATE read along the whole tape at worst: minutes for LTO, and older drives space at reading speed. */
  position: minutes(60),
  /** Answers at once (IMMED); the waiting is done by asking. */
  loadBegin: minutes(2),
  /** Load 16 s, but the first load of an LTO-9 cartridge calibrates it for 40 to 132 min, and must not be started twice. */
  loadWait: minutes(150),
  /** Rewind 186 s, unload 56 s, draining the buffer before. */
  unload: minutes(20),
  /** A long erase runs along every track: 18 TB at 300 MB/s is 17 h. */
  erase: hours(24),
  /** How long an empty drive is believed to be one whose cartridge is still settling after the robot let go. */
  settle: seconds(15),
} as const satisfies Record<string, Duration>;

/** Between two TEST UNIT READY while the drive is becoming ready. */
export const pollDelays = { first: 250 as Duration, longest: seconds(10) } as const;
