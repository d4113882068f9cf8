import type { LogicalUnit } from '#drivers/virtual/logical-unit';
import { good, invalidCdbField, type Reply } from '#drivers/virtual/reply';
import { deviceType, encodeInquiry, type InquiryCommand } from '#src/scsi/inquiry';
import { cdbLengthBytes, cdbUsage, definitionOf, type OperationName, operationNames } from '#src/scsi/operation-codes';
import { encodeReportLuns, encodeSimpleLun, type ReportLunsCommand } from '#src/scsi/report-luns';
import {
  encodeOneOperation,
  encodeSupportedOperations,
  type ReportSupportedOperationCodesCommand,
} from '#src/scsi/report-supported-operation-codes';
import {
  encodeDeviceIdentification,
  encodeSequentialAccessCapabilities,
  encodeSupportedPages,
  encodeUnitSerialNumber,
  t10Designator,
  vitalProductDataPage,
} from '#src/scsi/vital-product-data';

/** Commands that every device of the library has, whatever its type (SPC-5). */
export const primaryOperations: readonly OperationName[] = [
  'testUnitReady',
  'requestSense',
  'inquiry',
  'modeSelect6',
  'modeSelect10',
  'modeSense6',
  'modeSense10',
  'preventAllow',
  'reportLuns',
  'reportSupportedOperationCodes',
];

export function answerInquiry({ page }: InquiryCommand, unit: LogicalUnit): Reply {
  if (page === undefined) return good(encodeInquiry(unit.inquiry));
  const { deviceType: type, vendor, product } = unit.inquiry;
  const isTape = type === deviceType.tape;
  switch (page) {
    case vitalProductDataPage.supportedPages:
      return good(encodeSupportedPages(type, isTape ? [0x00, 0x80, 0x83, 0xb0] : [0x00, 0x80, 0x83]));
    case vitalProductDataPage.unitSerialNumber:
      return good(encodeUnitSerialNumber(type, unit.serial));
    case vitalProductDataPage.deviceIdentification:
      return good(encodeDeviceIdentification(type, [t10Designator({ vendor, product, serial: unit.serial })]));
    case vitalProductDataPage.sequentialAccessCapabilities:
      return isTape ? good(encodeSequentialAccessCapabilities(type, { worm: true })) : invalidCdbField(2);
    default:
      return invalidCdbField(2);
  }
}

/** There are no well known logical units: SELECT REPORT 01h has an empty list. */
export function answerReportLuns({ selectReport }: ReportLunsCommand, unitCount: number): Reply {
  const luns = selectReport === 0x01 ? [] : Array.from({ length: unitCount }, (_, lun) => encodeSimpleLun(lun));
  return good(encodeReportLuns(luns));
}

export function answerSupportedOperations(
  { query, timeouts }: ReportSupportedOperationCodesCommand,
  supported: ReadonlySet<OperationName>,
): Reply {
  if (timeouts) return invalidCdbField(2, 7);
  const names = operationNames.filter((name) => supported.has(name));
  if (query.kind === 'all') {
    return good(
      encodeSupportedOperations(
        names.map((name) => {
          const { operationCode, serviceAction } = definitionOf(name);
          const cdbBytes = cdbLengthBytes(name);
          return { operationCode, cdbLengthBytes: cdbBytes, ...(serviceAction === undefined ? {} : { serviceAction }) };
        }),
      ),
    );
  }
  const sameCode = names.filter((name) => definitionOf(name).operationCode === query.operationCode);
  const hasActions = sameCode.some((name) => definitionOf(name).serviceAction !== undefined);
  // SPC-5 6.35: option 001b is for codes without service actions, 010b for those with them; the other way is refused.
  if (sameCode.length > 0 && hasActions !== (query.kind === 'one-service-action')) return invalidCdbField(2, 2);
  const wanted = query.kind === 'one' ? undefined : query.serviceAction;
  const found = sameCode.find((name) => definitionOf(name).serviceAction === wanted);
  return good(
    encodeOneOperation(
      found ? { support: 'standard', usage: cdbUsage(found) } : { support: 'no', usage: new Uint8Array(0) },
    ),
  );
}
