import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import type { Positioning } from '#drivers/scsi-tape/positioning';
import { isRefusedOperation } from '#drivers/scsi-tape/refusal';
import type { Request, TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { telemetry } from '#drivers/scsi-tape/telemetry';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { deviceText, FieldView } from '#src/base/field-view';
import type { Cancellable, MediumState } from '#src/device/tape-drive';
import { encodeInquiryCdb } from '#src/scsi/inquiry';
import { encodeModeSense6Cdb } from '#src/scsi/mode-commands';
import { type ParsedModeParameters, parseModeParameters6 } from '#src/scsi/mode-parameters';
import { encodeReadAttributeCdb, type MediumAttribute, parseAttributeValues } from '#src/scsi/read-attribute';
import { parseMediumConfiguration, tapeModePage } from '#src/scsi/tape-mode-pages';
import { parseSequentialAccessCapabilities, vitalProductDataPage } from '#src/scsi/vital-product-data';

/** What the questions to a drive are asked with. */
export interface DriveParts {
  readonly unit: TapeUnit;
  readonly abilities: DriveAbilities;
  readonly positioning: Positioning;
}

/** Medium attributes (SPC-5, MAM attribute identifiers). */
const attribute = { capacityMebibytes: 0x0001, mediumSerial: 0x0401, mediumType: 0x0408, barcode: 0x0806 } as const;

const mebibyte = 2 ** 20;

export async function readMediumState(
  { unit, abilities, positioning }: DriveParts,
  { signal }: Cancellable,
): Promise<MediumState> {
  const mode = await senseMode(unit, tapeModePage.mediumConfiguration, signal);
  const memory = await telemetry<readonly MediumAttribute[]>(
    { unit, positioning },
    { ask: () => readMemory(unit, abilities, signal), otherwise: [], signal },
  );
  const find = (identifier: number) => memory.find((entry) => entry.identifier === identifier)?.value;
  const capacity = find(attribute.capacityMebibytes);
  const page = mode.pages.find((candidate) => candidate.page === tapeModePage.mediumConfiguration);
  return {
    writeProtected: mode.writeProtected,
    worm:
      isWormType(find(attribute.mediumType)) ||
      (page !== undefined && parseMediumConfiguration(page).worm && (await canWorkWithWorm(unit, signal))),
    densityCode: mode.blockDescriptors[0]?.densityCode ?? 0,
    mediumSerial: textOf(find(attribute.mediumSerial)),
    barcode: textOf(find(attribute.barcode)),
    capacityBytes: capacity?.length === 8 ? bytesOf(new FieldView(capacity).bigUint(0)) : undefined,
  };
}

/**
 * Mode parameters with a page; without it where the drive does not have that page. Older drives know page 00h only, which
 * still brings header and block descriptor.
 */
export async function senseMode(
  unit: TapeUnit,
  page: number,
  signal: AbortSignal | undefined,
): Promise<ParsedModeParameters> {
  for (const wanted of [page, 0x00]) {
    const buffer = new Uint8Array(255);
    const request: Request = {
      cdb: encodeModeSense6Cdb({ page: wanted, allocationBytes: buffer.length }),
      data: { direction: 'in', buffer },
      timeout: timeLimits.inquiry,
      signal,
    };
    const answer = await unit.sendAside(request);
    if (answer.kind === 'good') return parseModeParameters6(buffer.subarray(0, answer.transferredBytes));
    if (wanted === 0x00) throw unit.failure(request, answer.sense);
  }
  return parseModeParameters6(new Uint8Array(0));
}

async function readMemory(
  unit: TapeUnit,
  abilities: DriveAbilities,
  signal: AbortSignal | undefined,
): Promise<readonly MediumAttribute[]> {
  if (!abilities.can('readAttribute')) return [];
  const buffer = new Uint8Array(Math.min(64 * 1024, unit.transport.maxTransferBytes));
  const answer = await unit.sendAside({
    cdb: encodeReadAttributeCdb({ query: 'values', cached: true, allocationBytes: buffer.length }),
    data: { direction: 'in', buffer },
    timeout: timeLimits.inquiry,
    signal,
  });
  if (answer.kind === 'good') return parseAttributeValues(buffer.subarray(0, answer.transferredBytes)).attributes;
  if (isRefusedOperation(answer.sense)) abilities.refused('readAttribute');
  return [];
}

/** More than any number holds exactly is no capacity: drives that do not know it have been seen to send all ones. */
function bytesOf(mebibytes: bigint): number | undefined {
  const bytes = Number(mebibytes) * mebibyte;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Sequential-access device capabilities (SSC-5, VPD page B0h): a drive that cannot work with WORM media at all has none loaded, whatever its
 * mode page says. True where the drive has no such page.
 */
async function canWorkWithWorm(unit: TapeUnit, signal: AbortSignal | undefined): Promise<boolean> {
  const buffer = new Uint8Array(64);
  const cdb = encodeInquiryCdb({
    page: vitalProductDataPage.sequentialAccessCapabilities,
    allocationBytes: buffer.length,
  });
  const answer = await unit.sendAside({ cdb, data: { direction: 'in', buffer }, timeout: timeLimits.inquiry, signal });
  if (answer.kind === 'check') return true;
  const { worm, truncated } = parseSequentialAccessCapabilities(buffer.subarray(0, answer.transferredBytes));
  return worm || truncated;
}

/** MEDIUM TYPE 80h is write-once (SPC-5, medium type attribute). */
const isWormType = (value: Uint8Array | undefined): boolean => ((value?.[0] ?? 0) & 0x80) !== 0;

function textOf(value: Uint8Array | undefined): string | undefined {
  const text = value ? deviceText(value) : '';
  return text === '' ? undefined : text;
}
