import { askAbilities } from '#drivers/scsi-tape/capabilities';
import { ScsiTapeDrive } from '#drivers/scsi-tape/scsi-tape-drive';
import { TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { type Pause, systemPause } from '#src/base/pause';
import { readIdentity } from '#src/device/read-identity';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { TapeDrive } from '#src/device/tape-drive';
import { deviceType } from '#src/scsi/inquiry';

export interface TapeDriveOptions {
  /** How the driver waits between two questions to a drive that is becoming ready. */
  readonly pause?: Pause;
}

/**
 * A tape drive (SSC-5) behind any transport. Disposing the drive disposes the transport; where opening fails, the transport is
 * disposed too.
 */
export async function openTapeDrive(transport: ScsiTransport, options: TapeDriveOptions = {}): Promise<TapeDrive> {
  const pause = options.pause ?? systemPause;
  try {
    const identity = await readIdentity(transport, {
      expectedType: deviceType.tape,
      timeout: timeLimits.inquiry,
      pause,
    });
    const unit = new TapeUnit(transport, pause);
    const abilities = await askAbilities(unit);
    // Attentions from before our time (login, power on, a load by somebody else) tell nothing: the place is unknown anyway.
    unit.forgetPending();
    return new ScsiTapeDrive({ unit, abilities, identity });
  } catch (cause) {
    await transport[Symbol.asyncDispose]();
    throw cause;
  }
}
