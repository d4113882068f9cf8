import { DeviceError, GrandsireError, throwIfAborted } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { ReadyState } from '#src/device/tape-drive';
import { cleanDrive, drivesLeft } from '#src/library/drives/cleaning-session';
import { noteAlerts } from '#src/library/drives/drive-alerts';
import type { Bay } from '#src/library/drives/drive-bays';
import { putDown, setDrive } from '#src/library/drives/drive-state';
import { inDrive, troubleOfLoad } from '#src/library/drives/drive-trouble';
import { leaveInDrive } from '#src/library/drives/leave-in-drive';
import { describePlace } from '#src/library/library-address';
import { notInLibrary } from '#src/library/library-errors';
import type { LibraryParts } from '#src/library/library-parts';
import { chooseBay } from '#src/library/mount/choose-bay';
import type { MountRequest } from '#src/library/mount/mount';
import type { NumberedElement } from '#src/library/robot/numbered-element';

/**
 * Brings a cartridge into an idle drive that can take it; the drive is then busy. A drive that a dead process left is cleaned first. `wait`: every drive that could is
 * mounted by this process. Robot work: one after the other, with the library's lease.
 */
export async function bringCartridge(
  parts: LibraryParts,
  cartridge: CartridgeRecord,
  { leaveLoaded = false, ...request }: MountRequest & { readonly leaveLoaded?: boolean },
): Promise<Bay | 'wait'> {
  const { options, busy, threading } = parts;
  const { signal, purpose } = request;
  // Each turn but the last puts a drive in order, finds it still loading, or puts it out of use.
  for (;;) {
    throwIfAborted(signal);
    const source = findCartridge(parts, cartridge);
    const bay = await chooseBay(parts, { cartridge, source, request, leaveLoaded });
    if (bay === 'wait') return bay;
    const isLeft = !threading.has(bay.number) && (await drivesLeft(parts)).some(({ number }) => number === bay.number);
    if (isLeft) {
      await cleanDrive(parts, bay, { signal });
      continue;
    }
    busy.add(bay.number);
    bay.drive.attend((trouble) => parts.experience.failed(bay, cartridge, trouble));
    try {
      // Before the first move: whoever finds the drive after a crash knows that it is to be cleaned.
      await setDrive(options, bay.number, { state: 'busy', reason: purpose });
      await bring(parts, cartridge, bay);
      trace('mount.carried');
      await setDrive(options, bay.number, { cartridge: cartridge.barcode });
      return bay;
    } catch (cause) {
      await giveBack(parts, bay, cartridge);
      throw cause;
    }
  }
}

/** Threads what was brought; can take hours for a new cartridge. Other drives and the robot may work meanwhile. */
export async function threadCartridge(
  { options, threading }: Pick<LibraryParts, 'options' | 'threading'>,
  bay: Bay,
  { cartridge, signal }: { readonly cartridge: CartridgeRecord; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const state = await bay.drive.load({ signal });
  threading.delete(bay.number);
  trace('mount.threaded');
  if (state.kind !== 'ready') throw notReady(options.name, bay, { cartridge, state });
}

/**
 * Unloads and brings the cartridge home. What fails here is told; what was written is safe already. The drive is put out of use where it met
 * something that condemns it, or does not let go.
 */
export async function giveBack(parts: LibraryParts, bay: Bay, cartridge: CartridgeRecord): Promise<void> {
  const { options, robot, busy, threading } = parts;
  const { number, drive } = bay;
  const place = { kind: 'drive', number } as const;
  try {
    if (drive.leave()) await parts.experience.worked(bay, cartridge);
    if (robot.at(place).full) await robot.carryHome(place);
    threading.delete(number);
    trace('mount.given-back');
    await setDrive(options, number, { state: 'empty', reason: undefined, cartridge: undefined });
    if (drive.fault !== undefined) await putDown(options, number, drive.fault);
    else await noteAlerts(options, bay);
  } catch (cause) {
    await leaveInDrive(parts, bay, cause);
  } finally {
    busy.delete(number);
  }
}

/** Throws `cartridge.not-in-library` where the robot cannot reach it: somebody has to bring it. */
function findCartridge({ options, robot }: LibraryParts, { barcode, location }: CartridgeRecord): NumberedElement {
  const found = robot.elements.filter((element) => element.full && element.barcode === barcode);
  // Of two cartridges with one barcode the place tells which is meant.
  const isThere = ({ kind, number }: NumberedElement) =>
    kind === location.kind && 'number' in location && location.number === number;
  const element =
    found.length > 1
      ? found.find(isThere)
      : (found[0] ??
        robot.elements.find((candidate) => candidate.full && candidate.barcode === undefined && isThere(candidate)));
  if (element) return element;
  throw notInLibrary(options.name, barcode);
}

async function bring(parts: LibraryParts, cartridge: CartridgeRecord, { number }: Bay): Promise<void> {
  const { robot } = parts;
  const place = { kind: 'drive', number } as const;
  for (let attempt = 1; ; attempt++) {
    const source = findCartridge(parts, cartridge);
    if (source.kind === 'drive' && source.number === number) return;
    try {
      // Left there by hand: home with it first.
      if (robot.at(place).full) await robot.carryHome(place);
      return await robot.carry(source, place);
    } catch (cause) {
      // Somebody was at the library in the meantime: it has been looked into, and the cartridge may lie in another place.
      if (!isOtherThere(cause) || attempt >= maxAttempts) throw cause;
    }
  }
}

/** How often a cartridge is looked for anew after hands changed the library. */
const maxAttempts = 3;

const isOtherThere = (cause: unknown): boolean =>
  cause instanceof GrandsireError &&
  (cause.code === 'library.contents-changed' || cause.code === 'library.place-empty');

function notReady(
  library: string,
  { number, drive }: Bay,
  { cartridge, state }: { readonly cartridge: CartridgeRecord; readonly state: ReadyState },
): GrandsireError {
  const { barcode } = cartridge;
  const where = `${library}/${describePlace({ kind: 'drive', number })}`;
  const text = 'sense' in state ? `: ${state.sense.text}` : '';
  if (state.kind === 'cleaning-cartridge') {
    return new GrandsireError('cartridge.cleaning', {
      message: `${barcode} is a cleaning cartridge`,
      remedy:
        'Name a data cartridge: `grandsire cartridge list` shows them. To clean a drive, let the library do it, or put this one in by hand.',
    });
  }
  if (state.kind === 'incompatible-medium') {
    return new GrandsireError('cartridge.incompatible', {
      message: `the drive in ${where} cannot use ${barcode}${text}`,
      remedy: 'Use a cartridge of the generation of the drives; `grandsire drive list` shows it.',
    });
  }
  const failure = new DeviceError('drive.load-failed', {
    message: `the drive in ${where} did not take ${barcode} (${state.kind})${text}`,
    remedy: 'Look at the display of the drive; `grandsire drive list` says whether it was put out of use.',
    usable: troubleOfLoad(state)?.certain !== true,
  });
  return inDrive(failure, drive.place);
}
