import { DeviceError, GrandsireError } from '#src/base/errors';
import type { SenseSummary } from '#src/device/sense-outcome';
import type { TapeDrive } from '#src/device/tape-drive';

/** How often in a row work is begun again after the drive lost its place; a drive that loses it each time is not fit for work. */
export const maxRestarts = 2;

/**
 * The drive was reset, lost or was given another medium, or the link gave up a command: nothing speaks against the cartridge, and what was not committed
 * can be begun again from the label.
 */
export const interruptedByDrive = (
  drive: Pick<TapeDrive, 'address'>,
  sense: SenseSummary,
  doing: string,
): DeviceError =>
  new DeviceError('drive.interrupted', {
    message: `drive ${drive.address} lost its place while ${doing}: ${sense.text}`,
    remedy:
      'What was committed before is safe. Look at the drive, its power and its cables, then run the command again.',
    usable: true,
  });

export const isInterruption = (error: unknown): error is GrandsireError =>
  error instanceof GrandsireError && error.code === 'drive.interrupted';

/** Does work that begins by mounting, and begins it again where the drive lost its place. */
export async function beginningAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isInterruption(error) || restarts === maxRestarts) throw error;
    }
  }
}

/** A drive that loses its place without a segment written in between is not tried for ever. */
export class Patience {
  #pending: number | undefined;
  #restarts = 0;

  allows(pending: number): boolean {
    this.#restarts = pending === this.#pending ? this.#restarts + 1 : 1;
    this.#pending = pending;
    return this.#restarts <= maxRestarts;
  }
}
