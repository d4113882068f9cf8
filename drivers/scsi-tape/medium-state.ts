import type { Cancellable, MediumState } from '#src/device/tape-drive';
import { encodeModeSense6Cdb } from '#src/scsi/mode-commands';
import { type ModeParameters, parseModeParameters6 } from '#src/scsi/mode-parameters';
import { deviceText, FieldView } from '#src/base/field-view';
import { encodeReadAttributeCdb, type MediumAttribute, parseAttributeValues } from '#src/scsi/read-attribute';
import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import { isRefusedOperation } from '#drivers/scsi-tape/refusal';
import type { Request, TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';

/** Mode pages of SSC-5. */
export const modePage = { dataCompression: 0x0f, mediumConfiguration: 0x1d } as const;

/** Medium attributes (SPC-5, MAM attribute identifiers). */
const attribute = { capacityMebibytes: 0x0001, mediumSerial: 0x0401, mediumType: 0x0408, barcode: 0x0806 } as const;

const mebibyte = 2 ** 20;

export async function readMediumState(
  unit: TapeUnit,
  abilities: DriveAbilities,
  { signal }: Cancellable,
): Promise<MediumState> {
  const { parameters, request } = await senseMode(unit, modePage.mediumConfiguration, signal);
  const header = parameters ?? (await requireHeader(unit, signal, request));
  const memory = abilities.can('readAttribute') ? await readMemory(unit, abilities, signal) : [];
  const find = (identifier: number) => memory.find((entry) => entry.identifier === identifier)?.value;
  const mediumType = find(attribute.mediumType);
  const capacity = find(attribute.capacityMebibytes);
  return {
    writeProtected: header.writeProtected,
    worm: isWormPage(header) || (mediumType !== undefined && ((mediumType[0] ?? 0) & 0x80) !== 0),
    densityCode: header.densityCode,
    mediumSerial: textOf(find(attribute.mediumSerial)),
    barcode: textOf(find(attribute.barcode)),
    capacityBytes: capacity?.length === 8 ? Number(new FieldView(capacity).bigUint(0)) * mebibyte : undefined,
  };
}
