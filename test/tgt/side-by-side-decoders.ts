import { parseElementAddressAssignment } from '#src/scsi/changer-mode-pages';
import { parseInquiry } from '#src/scsi/inquiry';
import { type ParsedModeParameters, parseModeParameters6, parseModeParameters10 } from '#src/scsi/mode-parameters';
import { definitionOf, type OperationDefinition, operationNames } from '#src/scsi/operation-codes';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { parseSense } from '#src/scsi/parse-sense';
import { parseBlockLimits } from '#src/scsi/read-block-limits';
import { parseLongPosition, parseShortPosition } from '#src/scsi/read-position';
import { parseReportLuns } from '#src/scsi/report-luns';
import { parseOneOperation, parseSupportedOperations } from '#src/scsi/report-supported-operation-codes';
import { parseMediumConfiguration, tapeModePage } from '#src/scsi/tape-mode-pages';
import {
  type Designator,
  parseDeviceIdentification,
  parseSequentialAccessCapabilities,
  parseSupportedPages,
  parseUnitSerialNumber,
  serialInT10Designator,
} from '#src/scsi/vital-product-data';

/** What is compared of data-in: what it says of the device, without what two devices have of their own (serial numbers, addresses). */
type Decoder = (data: Uint8Array) => string;

const hex = (value: number): string => `${value.toString(16).padStart(2, '0').toUpperCase()}h`;
const list = (items: readonly string[]): string => items.join(' ') || 'none';

export const device: Decoder = (data) => {
  const { deviceType, removable } = parseInquiry(data);
  return `type ${deviceType}, removable ${removable}`;
};
export const pageList: Decoder = (data) => `pages ${list(parseSupportedPages(data).pages.map(hex))}`;
export const serialNumber: Decoder = (data) =>
  `serial number ${parseUnitSerialNumber(data) === undefined ? 'absent' : 'there'}`;

const associations = ['unit', 'port', 'device', 'reserved'] as const;
const designator = (found: Designator): string => {
  const isWithSerial = serialInT10Designator(found) !== undefined;
  return `${associations[found.association]} type ${found.type}${isWithSerial ? ' with serial number' : ''}`;
};
export const designators: Decoder = (data) => parseDeviceIdentification(data).designators.map(designator).join(', ');

export const senseData: Decoder = (data) => {
  const sense = parseSense(data);
  return sense ? `sense ${sense.key}/${hex(sense.asc)}/${hex(sense.ascq)}` : 'no sense data';
};
export const unitCount: Decoder = (data) => `${parseReportLuns(data).luns.length} units`;
/** Of the commands that the program knows for this kind of device. */
export const lackingOperations =
  (standard: OperationDefinition['standard']): Decoder =>
  (data) => {
    const has = new Set(parseSupportedOperations(data).operations.map(({ operationCode }) => operationCode));
    const lacking = operationNames
      .map(definitionOf)
      .filter(({ operationCode, standard: own }) => (own === 'SPC-5' || own === standard) && !has.has(operationCode));
    return `lacks ${lacking.map(({ name }) => name).join(', ') || 'none'}`;
  };
export const operationSupport: Decoder = (data) => `support ${parseOneOperation(data).support}`;

const elementCountsOf = ({ pages: [page] }: ParsedModeParameters): string => {
  const assignment = page && parseElementAddressAssignment(page);
  return `${assignment?.storage.count} slots, ${assignment?.importExport.count} mail slots, ${assignment?.drive.count} drives`;
};
export const elementCounts6: Decoder = (data) => elementCountsOf(parseModeParameters6(data));
export const elementCounts10: Decoder = (data) => elementCountsOf(parseModeParameters10(data));

const modePagesOf = ({ pages }: ParsedModeParameters): string => `pages ${list(pages.map(({ page }) => hex(page)))}`;
export const modePages10: Decoder = (data) => modePagesOf(parseModeParameters10(data));
export const blockLength6: Decoder = (data) =>
  `block length ${parseModeParameters6(data).blockDescriptors[0]?.blockLengthBytes}`;
export const wormMedium: Decoder = (data) => {
  const page = parseModeParameters6(data).pages.find((found) => found.page === tapeModePage.mediumConfiguration);
  return page ? `worm ${parseMediumConfiguration(page).worm}` : 'no page';
};
export const wormDrive: Decoder = (data) => `worm ${parseSequentialAccessCapabilities(data).worm}`;

export const elements: Decoder = (data) => {
  const { elements: found } = parseElementStatus(data);
  return `${found.length}: ${found.flatMap(({ primaryVolumeTag }) => primaryVolumeTag?.identifier || []).join(' ') || 'empty'}`;
};
export const announcedElements: Decoder = (data) => `${parseElementStatus(data).announcedElements} announced`;
export const identifiedDrives: Decoder = (data) => {
  const { elements: found } = parseElementStatus(data);
  const identified = found.filter(({ deviceIdentifier }) => deviceIdentifier !== undefined);
  return `${found.length} drives, ${identified.length} identified`;
};

export const blockLimits: Decoder = (data) => {
  const { minimumBlockBytes, maximumBlockBytes } = parseBlockLimits(data);
  return `${minimumBlockBytes} to ${maximumBlockBytes}`;
};
export const shortPosition: Decoder = (data) => {
  const { beginningOfPartition, locationUnknown, firstLogicalObject } = parseShortPosition(data);
  return `${beginningOfPartition ? 'BOP ' : ''}${locationUnknown ? 'location unknown' : `object ${firstLogicalObject}`}`;
};
export const longPosition: Decoder = (data) => {
  const { beginningOfPartition, logicalObject, logicalFile } = parseLongPosition(data);
  return `${beginningOfPartition ? 'BOP ' : ''}object ${logicalObject} file ${logicalFile}`;
};
export const firstByte: Decoder = (data) => `first byte ${data[0]}`;

/** Of a block whose bytes count from 0. */
export const countedBytes: Decoder = (data) => {
  const wrong = data.findIndex((byte, index) => byte !== index);
  return wrong === -1 ? `${data.length} bytes` : `${data.length} bytes, wrong from byte ${wrong} on`;
};
