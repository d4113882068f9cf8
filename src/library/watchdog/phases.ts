import { type Duration, hours, minutes } from '#src/base/duration';

interface PhaseDefinition {
  /** As in "drive:1 did not finish loading a cartridge within 3 h". */
  readonly what: string;
  readonly budget: Duration;
  /** Why it is so long: `docs/operating.md` prints it. */
  readonly reason: string;
}

const define = (what: string, budget: Duration, reason: string): PhaseDefinition => ({ what, budget, reason });

/**
 * What a device is given for each phase of its work before it is given up. A phase is more than one command (load with its polling, a search by rewinding and
 * spacing), and each budget is longer than what the drivers allow for the commands in it: where a command has its own time-out, that speaks first and says
 * more. The budget is for what never ends: a device that stays "becoming ready", a transport that forgets its time-out.
 */
export const phases = {
  open: define(
    'being opened',
    minutes(15),
    'a dozen questions that are answered from memory, each given up after a minute, and a minute of BUSY for each',
  ),
  question: define('answering a question', minutes(15), 'as for opening: mode pages, cartridge memory, alerts'),
  load: define(
    'loading a cartridge',
    hours(3),
    'the first load of an LTO-9 cartridge calibrates it for 40 to 132 minutes and must not be begun twice; the driver asks for 150 minutes, then rewinds',
  ),
  position: define(
    'positioning',
    minutes(150),
    'a search along the whole tape takes minutes; a drive without LOCATE rewinds (15 minutes at the very worst) and spaces over filemarks and blocks (an hour each)',
  ),
  data: define(
    'moving data',
    minutes(40),
    'no block, and no filemark, for that long: rewriting one bad block takes minutes, a synchronising filemark that has to do so for a full buffer at most 30',
  ),
  erase: define('erasing', hours(25), 'a long erase runs along every track: 18 TB at 300 MB/s are 17 hours'),
  unload: define(
    'unloading',
    minutes(40),
    'rewind 186 s and unload 56 s, after the buffer was written with all its retries',
  ),
  unloadUnready: define(
    'unloading a cartridge that was not ready yet',
    hours(3),
    'a drive that calibrates a new cartridge refuses to unload before it has finished, in up to 132 minutes',
  ),
  close: define('being closed', minutes(2), 'nothing is waited for but the end of what was under way'),
  look: define(
    'saying what lies where',
    hours(2),
    'a library that was switched on looks at all its slots first, for up to an hour; then four kinds of places, 15 minutes for each at worst',
  ),
  rescan: define('reading its barcodes anew', hours(3), 'about a second a slot, and libraries have thousands'),
  move: define(
    'moving a cartridge',
    minutes(90),
    'under a minute, several times where a grip fails, and some wait for the drive to rewind and unload; up to an hour before that where the library was just switched on',
  ),
} as const satisfies Record<string, PhaseDefinition>;

export type Phase = keyof typeof phases;

/** How long after it was told to stop a device may take to do so; transports that heed their signal answer in seconds. */
export const stopGrace: Duration = minutes(1);

/** `40 min`, `3 h`, `2 h 30 min`. */
export function describeBudget(budget: Duration): string {
  const all = Math.round(budget / minutes(1));
  const [whole, rest] = [Math.floor(all / 60), all % 60];
  const parts = [whole > 0 ? `${whole} h` : '', rest > 0 ? `${rest} min` : ''];
  return parts.filter(Boolean).join(' ');
}
