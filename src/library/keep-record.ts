import type { DriveRecord } from '#src/catalog/libraries';
import type { Bay } from '#src/library/drives/drive-bays';
import { leftInIt, unreachable, workLeft } from '#src/library/drives/drive-trouble';
import type { LibraryOptions } from '#src/library/library-options';
import type { LibraryParts } from '#src/library/library-parts';
import type { NumberedElement } from '#src/library/robot/numbered-element';

interface KeepParts extends Pick<LibraryParts, 'robot' | 'bays' | 'busy'> {
  readonly options: Pick<LibraryOptions, 'name' | 'catalog' | 'clock' | 'changer'>;
}

/** What commands that only read will answer from. Drives that were put out of use stay so. */
export async function keepRecord({ options, robot, bays, busy }: KeepParts): Promise<void> {
  const { catalog, clock, name: library, changer } = options;
  const known = (await catalog.libraries.get(library))?.drives ?? [];
  const drives = driveRecords({ library, elements: robot.of('drive'), known, bays: bays.all, busy });
  const { slots, mailSlots } = changer.geometry;
  const counts = { slots: slots.count, mailSlots: mailSlots.count };
  await catalog.libraries.put({ name: library, inventoriedAt: clock.now(), ...counts, drives });
}

interface DriveFacts {
  readonly library: string;
  readonly elements: readonly NumberedElement[];
  /** As the catalog has them. */
  readonly known: readonly DriveRecord[];
  readonly bays: readonly Bay[];
  /** Numbers of the drives that are mounted. */
  readonly busy: ReadonlySet<number>;
}

/** What the catalog is to say of the drives after a look; what could not be asked stays as it was known. */
function driveRecords({ library, elements, known, bays, busy }: DriveFacts): readonly DriveRecord[] {
  return elements.map((element) => {
    const before = known.find(({ number }) => number === element.number);
    const bay = bays.find(({ number }) => number === element.number);
    const identity = bay?.drive.identity;
    const about = {
      library,
      number: element.number,
      serial: identity?.serial ?? element.driveSerial ?? before?.serial ?? '',
      vendor: identity?.vendor ?? before?.vendor ?? '',
      product: identity?.product ?? before?.product ?? '',
      generation: bay?.generation ?? before?.generation,
      cartridge: element.full ? element.barcode : undefined,
    };
    if (!bay) return { ...about, state: 'down', reason: whyOutOfReach(before, element) };
    // Reached again, it is used again; but not by the process that lost it, which would only lose it again.
    const isBack = before?.reason?.startsWith(unreachable) && bay.drive.fault === undefined;
    if (before?.state === 'down' && !isBack) return { ...about, state: 'down', reason: before.reason };
    // What a process that died left in a drive stays marked until a cleaning session has brought it home.
    const work = before?.state === 'busy' ? before.reason : workLeft(before?.reason);
    const isLeft = element.full && (before?.state === 'busy' || work !== undefined);
    if (busy.has(element.number) || isLeft) return { ...about, state: 'busy', reason: work };
    return { ...about, state: element.full ? 'loaded' : 'empty', reason: undefined };
  });
}

/** A drive that was down for another reason is not mended by being switched off and on, and what was left in one is still to be brought home. */
function whyOutOfReach(before: DriveRecord | undefined, { full }: NumberedElement): string {
  if (before?.state === 'down') return before.reason ?? unreachable;
  return before?.state === 'busy' && full ? leftInIt(before.reason) : unreachable;
}
