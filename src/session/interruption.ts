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
