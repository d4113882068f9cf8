import type { ErrorCode } from '#src/base/error-codes';
import { DeviceError } from '#src/base/errors';
import type { MediumErrorOutcome, ReadyState } from '#src/device/tape-drive';
import { senseKey } from '#src/scsi/sense-key';

/** What a drive met with a cartridge. `certain`: it is the drive's fault, whatever the cartridge. */
export interface DriveTrouble {
  readonly certain: boolean;
  readonly message: string;
}

/** Failures that tell nothing of drive or cartridge: of the disk behind, of other programs, of what was asked, of what was met before. */
const othersFault: ReadonlySet<string> = new Set<ErrorCode>([
  'device.closed',
  'device.position-lost',
  'device.rejected-command',
  'device.removal-prevented',
  'device.reserved',
  'device.storage-full',
]);

/** So begins the reason of a drive that is down only because nothing gets through to it: it is used again as soon as something does. */
export const unreachable = 'the drive cannot be reached';

const leftThere = '; what is in it was left there while ';

/**
 * Why a drive still holds what somebody worked with: it is no cartridge that was loaded by hand, and is brought home when the drive can be reached, or the robot works, again.
 */
export const leftInIt = (work: string | undefined, why: string = unreachable): string =>
  `${why}${leftThere}${work ?? 'working'}`;

/** What was done with the cartridge that such a drive holds; undefined for any other reason. */
export const workLeft = (reason: string | undefined): string | undefined => reason?.split(leftThere)[1];

/** Undefined where a failure is neither the drive's nor the cartridge's. */
export function troubleOfFailure(error: unknown): DriveTrouble | undefined {
  if (!(error instanceof DeviceError) || othersFault.has(error.code) || isLost(error)) return undefined;
  const message = error.code === 'device.unreachable' ? `${unreachable}: ${error.message}` : error.message;
  return { certain: !error.usable, message };
}

/** Undefined where the cartridge is ready, or of a kind for which no drive can be blamed. */
export function troubleOfLoad(state: ReadyState): DriveTrouble | undefined {
  if (state.kind === 'failed') {
    const isCertain = state.sense.key === senseKey.hardwareError;
    return { certain: isCertain, message: `the cartridge was not taken: ${state.sense.text}` };
  }
  if (state.kind === 'no-medium') return { certain: false, message: 'the drive does not see the cartridge' };
  return undefined;
}

export const troubleOfOutcome = ({ sense }: MediumErrorOutcome): DriveTrouble => ({
  certain: false,
  message: sense.text,
});

/** A failure with the drive in which it was met, by which those who work with it know whose it is. */
export const inDrive = (error: DeviceError, drive: string): DeviceError =>
  new DeviceError(error.code, {
    message: error.message,
    remedy: error.remedy,
    usable: error.usable,
    cause: error,
    details: { ...error.details, drive },
  });

/** A failure that a drive met, and not the robot or the medium alone. */
export const isDriveTrouble = (error: unknown): error is DeviceError =>
  error instanceof DeviceError && error.details['drive'] !== undefined && troubleOfFailure(error) !== undefined;

/** The way to the drive broke, and can be had again: nobody's fault here, and what was not committed is done again. */
export const isLostConnection = (error: unknown): error is DeviceError =>
  error instanceof DeviceError && error.details['drive'] !== undefined && isLost(error);

/** Nobody knows whether the command was carried out, nor whose fault it was: what was not committed is done again, and the failure remembered. */
export const isTimeOut = (error: unknown): error is DeviceError =>
  isDriveTrouble(error) && error.code === 'device.time-out';

const isLost = ({ code, usable }: DeviceError): boolean => code === 'device.unreachable' && usable;

/** After it the drive is out of use, and the same can be tried in another one; each time there is one drive fewer. */
export const isDriveFault = (error: unknown): error is DeviceError => isDriveTrouble(error) && !error.usable;
