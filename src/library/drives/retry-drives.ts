import { GrandsireError } from '#src/base/errors';
import type { Cancellable } from '#src/device/tape-drive';
import type { Bay } from '#src/library/drives/drive-bays';
import { nameDrive, putDown, setDrive } from '#src/library/drives/drive-state';
import type { LibraryParts } from '#src/library/library-parts';

/**
 * Gives drives that are down another chance: one that answers, and lets go of what is in it, is used again. Whether it is really mended shows at its next session.
 */
export async function retryDrives(parts: LibraryParts, options: Cancellable = {}): Promise<void> {
  const { catalog, name } = parts.options;
  for (const { number, state } of (await catalog.libraries.get(name))?.drives ?? []) {
    const bay = parts.bays.get(number);
    if (state !== 'down' || !bay || parts.busy.has(number)) continue;
    bay.drive.forgive();
    try {
      await retry(parts, bay, options);
    } catch (cause) {
      if (!(cause instanceof GrandsireError) || cause.kind === 'interrupted') throw cause;
      await putDown(parts.options, number, cause.message);
    }
  }
}

async function retry({ options, robot, experience }: LibraryParts, bay: Bay, cancel: Cancellable): Promise<void> {
  const { number, drive } = bay;
  const state = await drive.ready(cancel);
  if (state.kind === 'failed') return await putDown(options, number, `it still fails: ${state.sense.text}`);
  const place = { kind: 'drive', number } as const;
  if (robot.at(place).full) await robot.carryHome(place);
  await setDrive(options, number, { state: 'empty', reason: undefined, cartridge: undefined });
  await experience.putBack(bay);
  const subject = nameDrive(options, number);
  await options.catalog.actions.append({ at: options.clock.now(), event: 'drive.put-back', subject, details: {} });
}
