import { DeviceError } from '#src/base/errors';
import type { MoveOutcome } from '#src/device/media-changer';
import { describePlace } from '#src/library/library-address';
import type { NumberedElement, Place } from '#src/library/robot/numbered-element';

/** Why a library does not do a move that it says is possible. */
export type MoveRefusal = Exclude<MoveOutcome['kind'], 'moved'>;

const lookAtDisplay =
  'Look at the display of the library (doors, mail slots, magazines), then run `grandsire library inventory`.';

export function moveRefused(
  library: string,
  {
    what,
    from,
    to,
    refusal,
  }: { readonly what: string | undefined; readonly from: Place; readonly to: Place; readonly refusal: MoveRefusal },
): DeviceError {
  const [source, destination] = [describePlace(from), describePlace(to)];
  const reasons: Record<MoveRefusal, readonly [because: string, remedy: string]> = {
    'source-empty': [`it says that nothing is in ${source}, and lists a cartridge there`, lookAtDisplay],
    'destination-full': [`it says that ${destination} is full, and lists it as empty`, lookAtDisplay],
    'drive-not-unloaded': [
      'the drive does not let go of it',
      'Stop other programs that use the drive, have it eject the cartridge at its panel, then run `grandsire library inventory`.',
    ],
    'removal-prevented': [
      'something has locked the library',
      'Stop other programs that use the library, or unlock it at its panel, then run the command again.',
    ],
    'inventory-changed': ['it says each time that something was changed by hand', lookAtDisplay],
  };
  const [because, remedy] = reasons[refusal];
  return new DeviceError('library.move-refused', {
    message: `library ${library} refuses to move ${what ?? 'the cartridge'} from ${source} to ${destination}: ${because}`,
    remedy,
    usable: true,
    details: { outcome: refusal },
  });
}

/** The failure of the hardware, and where the cartridge is by the inventory after it (`elements`; undefined where there was none). */
export function moveFailed(
  cause: unknown,
  {
    what,
    from,
    elements,
  }: {
    readonly what: string | undefined;
    readonly from: Place;
    readonly elements: readonly NumberedElement[] | undefined;
  },
): unknown {
  if (!(cause instanceof DeviceError)) return cause;
  const isIt = ({ full, barcode, kind, number }: NumberedElement): boolean =>
    full && (what === undefined ? kind === from.kind && number === from.number : barcode === what);
  const name = what ?? 'the cartridge';
  const found = elements?.find(isIt);
  const place = found && (found.kind === 'transport' ? 'the hand of the robot' : describePlace(found));
  const where = place
    ? `${name} is in ${place} now`
    : elements
      ? `${name} is not where the library looks`
      : `where ${name} is now, only the next inventory tells`;
  const { code, message, remedy, usable, details } = cause;
  return new DeviceError(code, { message: `${message.replace(/\.$/, '')}; ${where}`, remedy, usable, details, cause });
}
