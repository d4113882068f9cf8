import { DeviceError } from '#src/base/errors';
import type { Bay } from '#src/library/drives/drive-bays';
import { driveRecord, nameDrive, putDown, setDrive } from '#src/library/drives/drive-state';
import { isDriveTrouble, leftInIt, unreachable, workLeft } from '#src/library/drives/drive-trouble';
import type { LibraryParts } from '#src/library/library-parts';

/**
 * A cartridge stays in a drive: the robot's failures are the robot's, and a drive that does not let go is out of use. What somebody worked with keeps a mark, and is brought home
 * when the library works again.
 */
export async function leaveInDrive(
  { options, robot }: Pick<LibraryParts, 'options' | 'robot'>,
  { number, drive }: Bay,
  cause: unknown,
): Promise<void> {
  const message = cause instanceof Error ? cause.message : String(cause);
  const { full, barcode } = robot.at({ kind: 'drive', number });
  const record = full ? await driveRecord(options, number) : undefined;
  const work = record?.state === 'busy' ? record.reason : workLeft(record?.reason);
  if (drive.fault !== undefined || isHeld(cause)) {
    const reason = drive.fault ?? message;
    const isWithWork = full && reason.startsWith(unreachable);
    return await putDown(options, number, isWithWork ? leftInIt(work, reason) : reason);
  }
  await setDrive(options, number, {
    state: full ? 'loaded' : 'empty',
    reason: work === undefined ? undefined : leftInIt(work, message),
    cartridge: full ? barcode : undefined,
  });
  const subject = barcode ?? nameDrive(options, number);
  const text = `${subject} could not be brought home from drive:${number} of ${options.name}: ${message}. Once the library works again: grandsire drive unload --drive ${number}`;
  options.warn({ code: 'cartridge.not-brought-home', subject, message: text });
}

const isHeld = (cause: unknown): boolean =>
  isDriveTrouble(cause) || (cause instanceof DeviceError && cause.code === 'device.removal-prevented');
