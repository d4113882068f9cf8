import type { DriveRecord } from '#src/catalog/libraries';
import { describePlace } from '#src/library/library-address';
import type { LibraryOptions } from '#src/library/library-options';

export type StateParts = Pick<LibraryOptions, 'name' | 'catalog' | 'clock' | 'warn'>;

/** `main/drive:1`. */
export const nameDrive = ({ name }: Pick<StateParts, 'name'>, number: number): string =>
  `${name}/${describePlace({ kind: 'drive', number })}`;

export const setDrive = (
  { catalog, name }: StateParts,
  number: number,
  changes: Partial<Pick<DriveRecord, 'state' | 'reason' | 'cartridge'>>,
): Promise<void> => catalog.libraries.updateDrive(name, number, changes);

export const driveRecord = async ({ catalog, name }: StateParts, number: number): Promise<DriveRecord | undefined> =>
  (await catalog.libraries.get(name))?.drives.find((drive) => drive.number === number);

/** Puts a drive out of use: it is chosen no more until an inventory that an operator asks for has found it working again. */
export async function putDown(parts: StateParts, number: number, reason: string): Promise<void> {
  const { name, catalog, clock, warn } = parts;
  await setDrive(parts, number, { state: 'down', reason });
  const subject = nameDrive(parts, number);
  await catalog.actions.append({ at: clock.now(), event: 'drive.down', subject, details: { reason } });
  const message = `drive:${number} of ${name} was put out of use: ${reason}; when it works again: grandsire library inventory --library ${name}`;
  warn({ code: 'drive.down', subject, message });
}
