import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import type { TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { DeviceError } from '#src/base/errors';

/** A drive that knows where it is can be asked; the count of another is worth nothing after an error. */
export function loseAfterMediumError(unit: TapeUnit, abilities: DriveAbilities): void {
  if (abilities.asData.knowsPosition) unit.count.losePlace();
  else unit.lose();
}

/** The failure of a drive that stands where it was not sent, whose place is lost with it. */
export function wrongPlace(unit: TapeUnit, wanted: bigint, actual: bigint): DeviceError {
  unit.lose();
  return new DeviceError('device.position-wrong', {
    message: `${unit.transport.address}: the medium stands at block ${actual}, not at block ${wanted} where it was sent`,
    remedy: 'Run the command again; if it fails in the same way, take the drive out of use and have it serviced.',
    usable: true,
    details: { wanted: wanted.toString(), actual: actual.toString() },
  });
}
