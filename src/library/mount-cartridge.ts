import { DeviceError, GrandsireError, throwIfAborted } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { ReadyState, TapeDrive } from '#src/device/tape-drive';
import type { Bay, DriveBays } from '#src/library/drive-bays';
import { describePlace } from '#src/library/library-address';
import { notInLibrary } from '#src/library/library-errors';
import type { LibraryOptions } from '#src/library/library-parts';
import type { NumberedElement } from '#src/library/numbered-element';
import type { Robot } from '#src/library/robot';
import { driveAccess } from '#src/media/generation';

export interface MountRequest {
  /** What for, in the operator's words. */
  readonly purpose: string;
  /** The drive must be able to write this generation, not only to read it. */
  readonly writing: boolean;
  /** This drive and no other. */
  readonly driveNumber?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A cartridge threaded in a drive, rewound, and ours until disposed; then it is back in its slot. Its label has not been looked at. */
export interface Mount extends AsyncDisposable {
  readonly drive: TapeDrive;
  readonly driveNumber: number;
  readonly cartridge: CartridgeRecord;
  /** The cartridges of this library are files. */
  readonly virtual: boolean;
}

export interface MountParts {
  readonly options: Pick<LibraryOptions, 'name' | 'catalog' | 'clock' | 'warn' | 'virtual'>;
  readonly robot: Robot;
  readonly bays: DriveBays;
  /** Numbers of the drives that are mounted by this process. */
  readonly busy: Set<number>;
}

/**
 * Brings a cartridge into an idle drive that can take it; the drive is then busy. `wait`: every drive that could is mounted by this
 * process. Robot work: one after the other, with the library's lease.
 */
export async function bringCartridge(
  parts: MountParts,
  cartridge: CartridgeRecord,
  request: MountRequest,
): Promise<Bay | 'wait'> {
  const { options, busy } = parts;
  throwIfAborted(request.signal);
  const source = findCartridge(parts, cartridge);
  const bay = await chooseBay(parts, { cartridge, source, request });
  if (bay === 'wait') return bay;
  busy.add(bay.number);
  try {
    await bring(parts, cartridge, bay);
    trace('mount.carried');
    await setDrive(options, bay.number, { state: 'busy', reason: request.purpose, cartridge: cartridge.barcode });
    return bay;
  } catch (cause) {
    await giveBack(parts, bay, cause);
    throw cause;
  }
}

/** Threads what was brought; can take hours for a new cartridge. Other drives and the robot may work meanwhile. */
export async function threadCartridge(
  { options }: Pick<MountParts, 'options'>,
  bay: Bay,
  { cartridge, signal }: { readonly cartridge: CartridgeRecord; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const state = await bay.drive.load({ signal });
  trace('mount.threaded');
  if (state.kind !== 'ready') throw notReady(options.name, bay, { cartridge, state });
}

/** Unloads and brings the cartridge home. What fails here is told and puts the drive out of use; what was written is safe already. */
export async function giveBack({ options, robot, busy }: MountParts, bay: Bay, reason?: unknown): Promise<void> {
  try {
    await setDrive(options, bay.number, { state: 'loaded', reason: undefined });
    const place = { kind: 'drive', number: bay.number } as const;
    if (robot.at(place).full) await robot.carryHome(place);
    trace('mount.given-back');
    const isFaulty = reason instanceof DeviceError && !reason.usable;
    await setDrive(
      options,
      bay.number,
      isFaulty ? down(reason) : { state: 'empty', reason: undefined, cartridge: undefined },
    );
  } catch (cause) {
    const message = `drive:${bay.number} of ${options.name} was put out of use: ${messageOf(cause)}`;
    options.warn({ code: 'drive.down', subject: `${options.name}/drive:${bay.number}`, message });
    await setDrive(options, bay.number, down(cause));
  } finally {
    busy.delete(bay.number);
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
const down = (cause: unknown) => ({ state: 'down', reason: messageOf(cause) }) as const;

const setDrive = (
  { catalog, name }: MountParts['options'],
  number: number,
  changes: Parameters<MountParts['options']['catalog']['libraries']['updateDrive']>[2],
): Promise<void> => catalog.libraries.updateDrive(name, number, changes);

/** Throws `cartridge.not-in-library` where the robot cannot reach it: somebody has to bring it. */
function findCartridge({ options, robot }: MountParts, { barcode, location }: CartridgeRecord): NumberedElement {
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

interface Choice {
  readonly cartridge: CartridgeRecord;
  readonly source: NumberedElement;
  readonly request: MountRequest;
}

/** The drive in which it lies already; else an empty one; else one that holds something which nobody uses. */
async function chooseBay(
  { options, bays, robot, busy }: MountParts,
  { cartridge, source, request }: Choice,
): Promise<Bay | 'wait'> {
  if (request.driveNumber !== undefined) robot.at({ kind: 'drive', number: request.driveNumber });
  const drives = (await options.catalog.libraries.get(options.name))?.drives ?? [];
  const isDown = ({ number }: Bay) => drives.find((drive) => drive.number === number)?.state === 'down';
  const enough = (access: 'none' | 'read' | 'write') => access === 'write' || (access === 'read' && !request.writing);
  const wanted = bays.all.filter(({ number }) => request.driveNumber === undefined || number === request.driveNumber);
  const able = wanted.filter((bay) => enough(driveAccess(bay.generation, cartridge.generation)));
  const usable = able.filter((bay) => !isDown(bay));
  if (usable.length === 0) throw noDrive(options.name, { cartridge, request, wanted, able });
  const isFull = ({ number }: Bay) => robot.at({ kind: 'drive', number }).full;
  const idle = usable.filter(({ number }) => !busy.has(number));
  const holding = source.kind === 'drive' ? idle.find(({ number }) => number === source.number) : undefined;
  return holding ?? idle.find((bay) => !isFull(bay)) ?? idle[0] ?? 'wait';
}

async function bring(parts: MountParts, cartridge: CartridgeRecord, { number }: Bay): Promise<void> {
  const { robot } = parts;
  const place = { kind: 'drive', number } as const;
  for (let attempt = 1; ; attempt++) {
    const source = findCartridge(parts, cartridge);
    if (source.kind === 'drive' && source.number === number) return;
    try {
      // Left there by a run that was ended, or loaded by hand: home with it first.
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

interface Refusal {
  readonly cartridge: CartridgeRecord;
  readonly request: MountRequest;
  readonly wanted: readonly Bay[];
  readonly able: readonly Bay[];
}

function noDrive(library: string, { cartridge, request, wanted, able }: Refusal): GrandsireError {
  const { barcode, generation } = cartridge;
  if (wanted.length > 0 && able.length === 0) {
    return new GrandsireError('cartridge.incompatible', {
      message: `no drive of library ${library} can ${request.writing ? 'write' : 'read'} ${barcode} (${generation ?? 'unknown generation'})`,
      remedy: 'Use a cartridge of the generation of the drives; `grandsire drive list` shows it.',
    });
  }
  const which = request.driveNumber === undefined ? 'no drive' : `drive:${request.driveNumber}`;
  return new GrandsireError('drive.none-usable', {
    message: `${which} of library ${library} ${request.driveNumber === undefined ? 'is' : 'is not'} in working order`,
    remedy: 'Run `grandsire drive list` for the reason, and `grandsire library inventory` when it is repaired.',
  });
}

function notReady(
  library: string,
  { number }: Bay,
  { cartridge, state }: { readonly cartridge: CartridgeRecord; readonly state: ReadyState },
): GrandsireError {
  const { barcode } = cartridge;
  const where = `${library}/${describePlace({ kind: 'drive', number })}`;
  const text = 'sense' in state ? `: ${state.sense.text}` : '';
  if (state.kind === 'cleaning-cartridge') {
    return new GrandsireError('cartridge.cleaning', {
      message: `${barcode} is a cleaning cartridge`,
      remedy: 'Use `grandsire drive clean` to clean a drive with it.',
    });
  }
  if (state.kind === 'incompatible-medium') {
    return new GrandsireError('cartridge.incompatible', {
      message: `the drive in ${where} cannot use ${barcode}${text}`,
      remedy: 'Use a cartridge of the generation of the drives; `grandsire drive list` shows it.',
    });
  }
  return new DeviceError('drive.load-failed', {
    message: `the drive in ${where} did not take ${barcode} (${state.kind})${text}`,
    remedy: 'Look at the display of the drive; `grandsire drive list` says whether it was put out of use.',
    usable: state.kind !== 'failed',
  });
}
