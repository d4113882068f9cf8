import { ChangerUnit, type Request } from '#drivers/scsi-changer/changer-unit';
import { elementState } from '#drivers/scsi-changer/element-state';
import { ElementReader } from '#drivers/scsi-changer/read-elements';
import { ScsiMediaChanger } from '#drivers/scsi-changer/scsi-media-changer';
import { timeLimits } from '#drivers/scsi-changer/time-limits';
import { DeviceError } from '#src/base/errors';
import { type Pause, systemPause } from '#src/base/pause';
import type { ElementRange, LibraryGeometry, MediaChanger } from '#src/device/media-changer';
import { readIdentity } from '#src/device/read-identity';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { changerModePage, type ElementAssignment, parseElementAddressAssignment } from '#src/scsi/changer-mode-pages';
import { deviceType } from '#src/scsi/inquiry';
import { encodeModeSense6Cdb, encodeModeSense10Cdb } from '#src/scsi/mode-commands';
import { type ParsedModeParameters, parseModeParameters6, parseModeParameters10 } from '#src/scsi/mode-parameters';
import { senseKey } from '#src/scsi/sense-key';

export interface MediaChangerOptions {
  /** How the driver waits between two questions to a library that is becoming ready. */
  readonly pause?: Pause;
}

/**
 * A media changer (SMC-3) behind any transport. Disposing the changer disposes the transport; where opening fails, the
 * transport is disposed too.
 */
export async function openMediaChanger(
  transport: ScsiTransport,
  options: MediaChangerOptions = {},
): Promise<MediaChanger> {
  const pause = options.pause ?? systemPause;
  try {
    const timeout = timeLimits.inquiry;
    const identity = await readIdentity(transport, { expectedType: deviceType.changer, timeout, pause });
    const unit = new ChangerUnit(transport, pause);
    const geometry = await readGeometry(unit);
    const reader = new ElementReader(unit);
    // The first look also finds out whether the library names its drives; attentions from before our time end with it.
    const drives = await reader.read('drive', geometry.drives);
    const serials = drives.map((drive) => elementState(drive).driveSerial);
    const tellsDriveSerials = serials.length > 0 && !serials.includes(undefined);
    return new ScsiMediaChanger({ unit, reader, identity, geometry, tellsDriveSerials });
  } catch (cause) {
    await transport[Symbol.asyncDispose]();
    throw cause;
  }
}

/** Element address assignment mode page (SMC-3). */
async function readGeometry(unit: ChangerUnit): Promise<LibraryGeometry> {
  const parameters = (await senseAssignment(unit, 6)) ?? (await senseAssignment(unit, 10));
  const page = parameters?.pages.find((candidate) => candidate.page === changerModePage.elementAddressAssignment);
  const assignment = page && parseElementAddressAssignment(page);
  if (!assignment || assignment.truncated || assignment.storage.count + assignment.drive.count === 0) {
    throw new DeviceError('device.malformed-response', {
      message: `${unit.transport.address}: the library does not say which elements it has`,
      remedy: 'Power-cycle the library; if it stays so, it is not a media changer that this program can drive.',
      usable: false,
    });
  }
  return {
    transport: rangeOf(assignment.transport),
    slots: rangeOf(assignment.storage),
    mailSlots: rangeOf(assignment.importExport),
    drives: rangeOf(assignment.drive),
  };
}

async function senseAssignment(unit: ChangerUnit, width: 6 | 10): Promise<ParsedModeParameters | undefined> {
  const buffer = new Uint8Array(255);
  const fields = {
    page: changerModePage.elementAddressAssignment,
    noBlockDescriptors: true,
    allocationBytes: buffer.length,
  };
  const request: Request = {
    cdb: width === 6 ? encodeModeSense6Cdb(fields) : encodeModeSense10Cdb(fields),
    data: { direction: 'in', buffer },
    timeout: timeLimits.inquiry,
  };
  const answer = await unit.sendThrough(request);
  if (answer.kind === 'check') {
    // Only a refusal of the command or its page is answered by asking in another way.
    if (answer.sense.key === senseKey.illegalRequest) return undefined;
    throw unit.failure(request, answer.sense);
  }
  const data = buffer.subarray(0, answer.transferredBytes);
  return width === 6 ? parseModeParameters6(data) : parseModeParameters10(data);
}

/** Element addresses have 16 bits; a range that runs over the end is cut. */
const rangeOf = ({ first, count }: ElementAssignment): ElementRange => ({
  first,
  count: Math.min(count, 0x1_0000 - first),
});
