import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { DriveRecord } from '#src/catalog/libraries';
import type { Bay } from '#src/library/drives/drive-bays';
import { describePlace } from '#src/library/library-address';
import type { LibraryParts } from '#src/library/library-parts';
import type { MountRequest } from '#src/library/mount/mount';
import type { NumberedElement } from '#src/library/robot/numbered-element';
import { driveAccess } from '#src/media/generation';

export interface BayQuestion {
  readonly cartridge: CartridgeRecord;
  readonly source: NumberedElement;
  readonly request: MountRequest;
  /** What other drives hold stays there: for an operator who loads by hand. */
  readonly leaveLoaded: boolean;
}

/**
 * The drive in which a cartridge lies already; else an empty one; else one that holds something which nobody uses. One that something tells against, or that lost its place in the
 * middle of the work, and one that is still getting a cartridge ready, only where there is no other. `wait`: every drive that could, or the one that holds it, is mounted by this process.
 */
export async function chooseBay(parts: LibraryParts, question: BayQuestion): Promise<Bay | 'wait'> {
  const { options, bays, robot, busy, threading } = parts;
  const { cartridge, source, request, leaveLoaded } = question;
  if (request.driveNumber !== undefined) robot.at({ kind: 'drive', number: request.driveNumber });
  const records = (await options.catalog.libraries.get(options.name))?.drives ?? [];
  const whyDown = (number: number) => reasonDown(parts, number, records);
  const enough = (access: 'none' | 'read' | 'write') => access === 'write' || (access === 'read' && !request.writing);
  const wanted = bays.all.filter(({ number }) => request.driveNumber === undefined || number === request.driveNumber);
  const able = wanted.filter((bay) => enough(driveAccess(bay.generation, cartridge.generation)));
  const usable = able.filter(({ number }) => whyDown(number) === undefined);
  if (usable.length === 0) throw noDrive(options.name, { cartridge, request, wanted, able, records });
  if (source.kind === 'drive' && busy.has(source.number)) return 'wait';
  const stuckBecause = source.kind === 'drive' ? whyDown(source.number) : undefined;
  if (stuckBecause !== undefined) throw stuck(options.name, cartridge, { number: source.number, reason: stuckBecause });
  const isFull = ({ number }: Bay) => robot.at({ kind: 'drive', number }).full;
  const idle = usable.filter(({ number }) => !busy.has(number));
  const holding = source.kind === 'drive' ? idle.find(({ number }) => number === source.number) : undefined;
  if (holding) return holding;
  const isSuspected = await parts.experience.suspicion();
  const isDoubtful = (bay: Bay) => bay.drive.isUnsteady || isSuspected(bay);
  const cost = (bay: Bay) => (threading.has(bay.number) ? 4 : 0) + (isDoubtful(bay) ? 2 : 0) + (isFull(bay) ? 1 : 0);
  const candidates = leaveLoaded ? idle.filter((bay) => !isFull(bay)) : idle;
  const [best] = [...candidates].sort((a, b) => cost(a) - cost(b));
  if (!best && leaveLoaded && idle.length > 0) throw noneFree(options.name, { cartridge, idle, robot });
  return best ?? 'wait';
}

/** Undefined for a drive in working order. What a drive met in this process counts whatever the catalog says: so no work is tried in it for ever. */
function reasonDown({ bays }: LibraryParts, number: number, records: readonly DriveRecord[]): string | undefined {
  const record = records.find((drive) => drive.number === number);
  return record?.state === 'down' ? (record.reason ?? 'it was put out of use') : bays.get(number)?.drive.fault;
}

interface Refusal {
  readonly cartridge: CartridgeRecord;
  readonly request: MountRequest;
  readonly wanted: readonly Bay[];
  readonly able: readonly Bay[];
  readonly records: readonly DriveRecord[];
}

function noDrive(library: string, { cartridge, request, wanted, able, records }: Refusal): GrandsireError {
  const { barcode, generation } = cartridge;
  if (wanted.length > 0 && able.length === 0) {
    return new GrandsireError('cartridge.incompatible', {
      message: `no drive of library ${library} can ${request.writing ? 'write' : 'read'} ${barcode} (${generation ?? 'unknown generation'})`,
      remedy: 'Use a cartridge of the generation of the drives; `grandsire drive list` shows it.',
    });
  }
  const which = request.driveNumber === undefined ? 'no drive' : `drive:${request.driveNumber}`;
  const down = records.filter(
    ({ number, reason }) =>
      reason !== undefined && (request.driveNumber === undefined || number === request.driveNumber),
  );
  const reasons = down.map(({ number, reason }) => `; drive:${number}: ${reason}`).join('');
  return new GrandsireError('drive.none-usable', {
    message: `${which} of library ${library} ${request.driveNumber === undefined ? 'is' : 'is not'} in working order${reasons}`,
    remedy: `When it is repaired, \`grandsire library inventory --library ${library}\` puts it back into use; \`grandsire drive list\` shows the state.`,
  });
}

const stuck = (
  library: string,
  { barcode }: CartridgeRecord,
  { number, reason }: { readonly number: number; readonly reason: string },
): GrandsireError =>
  new GrandsireError('cartridge.stuck', {
    message: `${barcode} is in drive:${number} of ${library}, which is down: ${reason}`,
    remedy: `Take it out at the drive, or have it let go: \`grandsire drive unload --drive ${number} --library ${library}\`.`,
  });

function noneFree(
  library: string,
  {
    cartridge,
    idle,
    robot,
  }: { readonly cartridge: CartridgeRecord; readonly idle: readonly Bay[] } & Pick<LibraryParts, 'robot'>,
): GrandsireError {
  const held = idle.map(({ number }) => {
    const { barcode } = robot.at({ kind: 'drive', number });
    return `${describePlace({ kind: 'drive', number })} holds ${barcode ?? 'a cartridge without barcode'}`;
  });
  return new GrandsireError('drive.none-free', {
    message: `no drive of library ${library} is free for ${cartridge.barcode}: ${held.join(', ')}`,
    remedy: `What was loaded by hand is not sent home for it. Unload one first: \`grandsire drive unload --drive ${idle[0]?.number}\`.`,
  });
}
