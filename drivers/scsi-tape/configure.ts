import { senseMode } from '#drivers/scsi-tape/medium-state';
import type { Request, TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { DeviceError } from '#src/base/errors';
import type { Cancellable } from '#src/device/tape-drive';
import { encodeModeSelect6Cdb } from '#src/scsi/mode-commands';
import { encodeModeParameters6, type ModePage, type ModeParameters } from '#src/scsi/mode-parameters';
import { encodeDataCompression, parseDataCompression, tapeModePage } from '#src/scsi/tape-mode-pages';

/**
 * Variable-length blocks, buffered mode, and compression where the drive has it (MODE SELECT(6), which older drives and targets know too), read back
 * afterwards: a drive that stays in fixed-block mode would cut every block.
 */
export async function configureDrive(
  unit: TapeUnit,
  { compression }: { readonly compression: boolean },
  { signal }: Cancellable,
): Promise<void> {
  const before = await senseMode(unit, tapeModePage.dataCompression, signal);
  if (isAsWanted(before, compression)) return;
  const pages = compressionPages(before, compression);
  unit.changesModeItself = true;
  try {
    await selectMode(unit, { ...before, ...wantedHeader(before), pages }, signal);
    const after = await senseMode(unit, tapeModePage.dataCompression, signal);
    if (!isAsWanted(after, compression)) throw notTaken(unit);
  } finally {
    unit.changesModeItself = false;
  }
}

/** The density stays what it is: 7Fh would be "no change", which not every drive knows (SSC-5, density code). */
function wantedHeader({ blockDescriptors }: ModeParameters): Pick<ModeParameters, 'bufferedMode' | 'blockDescriptors'> {
  const densityCode = blockDescriptors[0]?.densityCode ?? 0;
  return { bufferedMode: 1, blockDescriptors: [{ densityCode, blocks: 0, blockLengthBytes: 0 }] };
}

function compressionPages({ pages }: ModeParameters, compression: boolean): readonly ModePage[] {
  const page = pages.find((candidate) => candidate.page === tapeModePage.dataCompression);
  if (page === undefined) return [];
  const current = parseDataCompression(page);
  if (!current.capable) return [];
  // Decompression stays on, or data that was written compressed would come back as it lies on the medium.
  return [encodeDataCompression({ ...current, enabled: compression, decompressionEnabled: true })];
}

function isAsWanted({ bufferedMode, blockDescriptors, pages }: ModeParameters, compression: boolean): boolean {
  const page = pages.find((candidate) => candidate.page === tapeModePage.dataCompression);
  const current = page === undefined ? undefined : parseDataCompression(page);
  const isVariable = (blockDescriptors[0]?.blockLengthBytes ?? 0) === 0;
  return isVariable && bufferedMode !== 0 && (!current?.capable || current.enabled === compression);
}

async function selectMode(unit: TapeUnit, parameters: ModeParameters, signal: AbortSignal | undefined): Promise<void> {
  const list = encodeModeParameters6(parameters, 'select');
  const request: Request = {
    cdb: encodeModeSelect6Cdb({ parameterListBytes: list.length }),
    data: { direction: 'out', data: [list] },
    timeout: timeLimits.inquiry,
    signal,
  };
  const answer = await unit.sendAside(request);
  if (answer.kind === 'check') throw unit.failure(request, answer.sense);
}

const notTaken = (unit: TapeUnit): DeviceError =>
  new DeviceError('device.mode-not-taken', {
    message: `${unit.transport.address}: the drive accepted variable-length blocks, buffering or compression and did not set them`,
    remedy: 'Switch the drive to variable-length blocks with its own tools, or take it out of use.',
    usable: true,
  });
