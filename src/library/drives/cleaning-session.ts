import { GrandsireError } from '#src/base/errors';
import type { DriveRecord } from '#src/catalog/libraries';
import type { Cancellable } from '#src/device/tape-drive';
import type { Bay } from '#src/library/drives/drive-bays';
import { driveRecord, nameDrive, setDrive } from '#src/library/drives/drive-state';
import { leaveInDrive } from '#src/library/drives/leave-in-drive';
import { describePlace } from '#src/library/library-address';
import type { LibraryParts } from '#src/library/library-parts';
import type { Place } from '#src/library/robot/numbered-element';

/** `threading`: the drive is still getting ready what the dead process loaded. `stuck`: the cartridge could not be brought home. */
export type CleaningOutcome = 'clean' | 'threading' | 'stuck';

/** Drives that a process marked as its own and left full: whoever holds the library's lease now knows that it is dead. */
export async function drivesLeft({
  options,
  busy,
}: Pick<LibraryParts, 'options' | 'busy'>): Promise<readonly DriveRecord[]> {
  const drives = (await options.catalog.libraries.get(options.name))?.drives ?? [];
  return drives.filter(({ number, state }) => state === 'busy' && !busy.has(number));
}

/**
 * The first session on a drive after a process died on it: says what was found, has the drive let go, brings the cartridge home and frees the record. Nothing is
 * written, and nothing read: what lies on the cartridge is settled by the session that next writes to it.
 *
 * A drive that is still getting a cartridge ready is left to finish, for a calibration must not be cut off. What cannot be brought home is named, and the drive down where it does not let go.
 */
export async function cleanDrive(parts: LibraryParts, bay: Bay, options: Cancellable = {}): Promise<CleaningOutcome> {
  const { robot, threading } = parts;
  const { number } = bay;
  const place: Place = { kind: 'drive', number };
  const record = await driveRecord(parts.options, number);
  const purpose = record?.reason ?? 'unknown work';
  const name = robot.at(place).barcode ?? record?.cartridge ?? 'a cartridge without barcode';
  try {
    if ((await bay.drive.ready(options)).kind === 'becoming-ready') {
      threading.add(number);
      const message = `drive:${number} of ${parts.options.name} is still getting ${name} ready, which a command that died began (${purpose}); it is left to finish, which takes up to two hours for a new cartridge. Afterwards: grandsire library inventory`;
      parts.options.warn({ code: 'drive.still-loading', subject: nameDrive(parts.options, number), message });
      return 'threading';
    }
    const journal = await openTapeFile(parts, place);
    const to = await robot.carryHome(place);
    await concludeDrive(parts, number, { purpose, cartridge: name, to: describePlace(to) });
    parts.options.note(
      `drive:${number} of ${parts.options.name} held ${name} of a command that died (${purpose}); it is back in ${describePlace(to)}${journal}`,
    );
    return 'clean';
  } catch (cause) {
    if (!(cause instanceof GrandsireError) || cause.kind === 'interrupted') throw cause;
    await leaveInDrive(parts, bay, cause);
    return 'stuck';
  }
}

/** What the robot still holds of a move that was cut off goes to its slot. What does not is told: the library can be looked into all the same. */
export async function cleanHand({ options, robot }: Pick<LibraryParts, 'options' | 'robot'>): Promise<void> {
  const { name: library, catalog, clock, warn } = options;
  for (const { number, full, barcode } of robot.of('transport')) {
    if (!full) continue;
    const name = barcode ?? 'a cartridge without barcode';
    try {
      const to = describePlace(await robot.emptyHand(number));
      const details = { library, cartridge: name, to };
      await catalog.actions.append({ at: clock.now(), event: 'robot.cleaned', subject: library, details });
      options.note(`the robot of ${library} held ${name} of a move that was cut off; it is back in ${to}`);
    } catch (cause) {
      if (!(cause instanceof GrandsireError) || cause.kind === 'interrupted') throw cause;
      const message = `${name} is in the hand of the robot of ${library} and cannot be put down: ${cause.message}. Put it into a free slot by hand, then: grandsire library inventory --library ${library}`;
      warn({ code: 'cartridge.not-brought-home', subject: name, message });
    }
  }
}

async function concludeDrive(
  { options }: LibraryParts,
  number: number,
  found: { readonly purpose: string; readonly cartridge: string; readonly to: string },
): Promise<void> {
  await setDrive(options, number, { state: 'empty', reason: undefined, cartridge: undefined });
  const subject = nameDrive(options, number);
  await options.catalog.actions.append({ at: options.clock.now(), event: 'drive.cleaned', subject, details: found });
}

/** What was being written when the process died: in words, or nothing. */
async function openTapeFile({ options, robot }: LibraryParts, place: Place): Promise<string> {
  const { volumes, tapeFiles } = options.catalog;
  const cartridge = await robot.recordAt(robot.at(place));
  const volume = cartridge && (await volumes.ofCartridge(cartridge.id));
  const open = volume && (await tapeFiles.ofVolume(volume.key)).find(({ state }) => state === 'open');
  if (!open) return '';
  if (open.fileNumber === 0) return ', and its label, which was being written, is settled by whoever uses it next';
  return `, and can be appended to: tape file ${open.fileNumber}, which was being written, is given up and written over`;
}
