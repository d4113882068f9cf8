import type { Alarm } from '#src/base/alarm';
import { DeviceError } from '#src/base/errors';
import type { MediaChanger } from '#src/device/media-changer';
import { PhaseWatch } from '#src/library/watchdog/phase-watch';
import { describeBudget, phases } from '#src/library/watchdog/phases';

interface Watching {
  readonly library: string;
  readonly alarm: Alarm;
}

/** Opens a changer, which looks where its drives are; throws `library.overdue` where that does not end. */
export const openChangerInTime = (open: () => Promise<MediaChanger>, watching: Watching): Promise<MediaChanger> =>
  watchOver(watching).during('look', open);

/** A changer with a watchdog: the same contract, and every call ends. */
export function watchChanger(changer: MediaChanger, watching: Watching): MediaChanger {
  const watch = watchOver(watching);
  return {
    address: changer.address,
    identity: changer.identity,
    geometry: changer.geometry,
    tellsDriveSerials: changer.tellsDriveSerials,
    inventory: (options = {}) => watch.during('look', (signal) => changer.inventory({ signal }), options.signal),
    rescan: (options = {}) => watch.during('rescan', (signal) => changer.rescan({ signal }), options.signal),
    move: (from, to, options = {}) =>
      watch.during('move', (signal) => changer.move(from, to, { signal }), options.signal),
    preventRemoval: (prevent, options = {}) =>
      watch.during('question', (signal) => changer.preventRemoval(prevent, { signal }), options.signal),
    [Symbol.asyncDispose]: () => watch.during('close', async () => await changer[Symbol.asyncDispose]()),
  };
}

const watchOver = ({ library, alarm }: Watching): PhaseWatch =>
  new PhaseWatch({
    alarm,
    overdue: (phase) =>
      new DeviceError('library.overdue', {
        message: `the robot of library ${library} did not finish ${phases[phase].what} within ${describeBudget(phases[phase].budget)}`,
        remedy: `Look at the display of the library, power-cycle it if need be, then run \`grandsire library inventory --library ${library}\`.`,
        usable: false,
        details: { library, phase },
      }),
  });
