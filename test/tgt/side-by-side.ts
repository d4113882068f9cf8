import { parseElementAddressAssignment } from '#src/scsi/changer-mode-pages';
import { parseInquiry } from '#src/scsi/inquiry';
import { parseModeParameters6 } from '#src/scsi/mode-parameters';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { parseBlockLimits } from '#src/scsi/read-block-limits';
import { parseLongPosition, parseShortPosition } from '#src/scsi/read-position';
import { parseMediumConfiguration, tapeModePage } from '#src/scsi/tape-mode-pages';
import { parseSequentialAccessCapabilities } from '#src/scsi/vital-product-data';

/** Element addresses of a device, as four hexadecimal digits. */
export interface Places {
  readonly slot: (number: number) => string;
  readonly drive: string;
  readonly mailSlot: string;
}

export interface Step {
  /** Unique; in the documentation. */
  readonly name: string;
  readonly unit: 'changer' | 'drive';
  readonly cdb: (places: Places) => string;
  /** Bytes of room for data-in, or data-out. */
  readonly phase?: number | readonly Uint8Array[];
  /** What is compared of data-in, besides status and sense. */
  readonly decode?: (data: Uint8Array) => string;
}

const changer = (name: string, cdb: string | Step['cdb'], rest: Partial<Step> = {}): Step => ({
  name,
  unit: 'changer',
  cdb: typeof cdb === 'string' ? () => cdb : cdb,
  ...rest,
});
const drive = (name: string, cdb: string, rest: Partial<Step> = {}): Step => ({
  name,
  unit: 'drive',
  cdb: () => cdb,
  ...rest,
});
const move = (from: string, to: string): string => `a5000000${from}${to}00000000`;
const block = (bytes: number): readonly Uint8Array[] => [Buffer.alloc(bytes, 7)];

const elements = (data: Uint8Array): string => {
  const list = parseElementStatus(data).elements;
  return `${list.length}: ${list.flatMap(({ primaryVolumeTag }) => primaryVolumeTag?.identifier || []).join(' ') || 'empty'}`;
};
const elementStatus =
  (type: number, from: (places: Places) => string): Step['cdb'] =>
  (places) =>
    `b81${type}${from(places)}ffff000010000000`;

const shortPosition = (data: Uint8Array): string => {
  const { beginningOfPartition, locationUnknown, firstLogicalObject } = parseShortPosition(data);
  return `${beginningOfPartition ? 'BOP ' : ''}${locationUnknown ? 'location unknown' : `object ${firstLogicalObject}`}`;
};
const longPosition = (data: Uint8Array): string => {
  const { beginningOfPartition, logicalObject, logicalFile } = parseLongPosition(data);
  return `${beginningOfPartition ? 'BOP ' : ''}object ${logicalObject} file ${logicalFile}`;
};
const firstByte = (data: Uint8Array): string => (data.length === 0 ? 'no data' : `first byte ${data[0]}`);

/** Asked of both, in this order: a blank cartridge in slot 1, another in slot 2, drive and mail slot empty. */
export const steps: readonly Step[] = [
  changer('changer: INQUIRY', '120000006000', {
    phase: 96,
    decode: (data) => `type ${parseInquiry(data).deviceType}, removable ${parseInquiry(data).removable}`,
  }),
  drive('drive: INQUIRY', '120000006000', {
    phase: 96,
    decode: (data) => `type ${parseInquiry(data).deviceType}, removable ${parseInquiry(data).removable}`,
  }),
  changer('changer: MODE SENSE(6), elements', '1a081d00ff00', {
    phase: 255,
    decode: (data) => {
      const page = parseModeParameters6(data).pages[0];
      const assignment = page && parseElementAddressAssignment(page);
      return `${assignment?.storage.count} slots, ${assignment?.importExport.count} mail slots, ${assignment?.drive.count} drives`;
    },
  }),
  changer(
    'changer: READ ELEMENT STATUS, slots',
    elementStatus(2, ({ slot }) => slot(1)),
    {
      phase: 4096,
      decode: elements,
    },
  ),
  changer('changer: READ ELEMENT STATUS, an unknown type', 'b8170000ffff000010000000', { phase: 4096 }),
  changer('changer: INITIALIZE ELEMENT STATUS', '070000000000'),
  changer('changer: TEST UNIT READY', '000000000000'),
  changer('changer: LOG SENSE', '4d004000000000006000', { phase: 96 }),
  changer('changer: PREVENT ALLOW MEDIUM REMOVAL', '1e0000000000'),
  changer('changer: EXCHANGE MEDIUM', ({ slot }) => `a6000000${slot(1)}${slot(2)}${slot(1)}0000`),
  changer('changer: MOVE MEDIUM, source empty', ({ slot, drive: to }) => move(slot(4), to)),
  changer('changer: MOVE MEDIUM, destination full', ({ slot }) => move(slot(1), slot(2))),
  changer('changer: MOVE MEDIUM, no such element', ({ slot }) => move(slot(1), 'fffe')),
  drive('drive, empty: TEST UNIT READY', '000000000000'),
  drive('drive, empty: REWIND', '010000000000'),
  drive('drive, empty: READ', '080000006400', { phase: 100 }),
  changer('changer: MOVE MEDIUM into the drive', ({ slot, drive: to }) => move(slot(1), to)),
  drive('drive: first command after the load', '000000000000'),
  drive('drive: TEST UNIT READY', '000000000000'),
  drive('drive: READ BLOCK LIMITS', '050000000000', {
    phase: 6,
    decode: (data) => {
      const { minimumBlockBytes, maximumBlockBytes } = parseBlockLimits(data);
      return `${minimumBlockBytes} to ${maximumBlockBytes}`;
    },
  }),
  drive('drive: mode page 1Dh, WORM medium', '1a001d00ff00', {
    phase: 255,
    decode: (data) => {
      const page = parseModeParameters6(data).pages.find((found) => found.page === tapeModePage.mediumConfiguration);
      return page ? `worm ${parseMediumConfiguration(page).worm}` : 'no page';
    },
  }),
  drive('drive: VPD B0h, WORM mode', '1201b0004000', {
    phase: 64,
    decode: (data) => `worm ${parseSequentialAccessCapabilities(data).worm}`,
  }),
  drive('drive: LOG SENSE', '4d004000000000006000', { phase: 96 }),
  drive('drive: READ ATTRIBUTE', '8c000000000000000000000001000000', { phase: 256 }),
  drive('drive: REPORT DENSITY SUPPORT', '44000000000000010000', { phase: 256 }),
  drive('drive: READ, blank', '080000006400', { phase: 100 }),
  drive('drive: READ POSITION at the beginning', '34000000000000000000', { phase: 20, decode: shortPosition }),
  drive('drive: WRITE', '0a0000006400', { phase: block(100) }),
  drive('drive: WRITE, again', '0a0000006400', { phase: block(100) }),
  drive('drive: WRITE FILEMARKS, immediate', '100100000100'),
  drive('drive: WRITE, behind a filemark', '0a0000006400', { phase: block(100) }),
  drive('drive: WRITE FILEMARKS, synchronising', '100000000100'),
  drive('drive: READ POSITION, 5 objects written', '34000000000000000000', { phase: 20, decode: shortPosition }),
  drive('drive: READ POSITION, long form', '34060000000000000000', { phase: 32, decode: longPosition }),
  drive('drive: REWIND', '010000000000'),
  drive('drive: READ, exact length', '080000006400', { phase: 100, decode: firstByte }),
  drive('drive: READ, room for more', '080000010000', { phase: 256, decode: firstByte }),
  drive('drive: READ, filemark', '080000006400', { phase: 100 }),
  drive('drive: READ, behind a filemark', '080000006400', { phase: 100, decode: firstByte }),
  drive('drive: READ, last filemark', '080000006400', { phase: 100 }),
  drive('drive: READ, end of data', '080000006400', { phase: 100 }),
  drive('drive: REWIND again', '010000000000'),
  drive('drive: READ, block too long', '080000000a00', { phase: 10 }),
  drive('drive: SPACE, 1 filemark', '110100000100'),
  drive('drive: SPACE, filemarks to the end', '110100000500'),
  drive('drive: SPACE, 1 filemark back', '1101ffffff00'),
  drive('drive: READ before that filemark', '080000006400', { phase: 100 }),
  drive('drive: SPACE, more filemarks back than there are', '1101fffff700'),
  drive('drive: SPACE, 3 blocks over a filemark', '110000000300'),
  drive('drive: REWIND a third time', '010000000000'),
  drive('drive: SPACE, as many objects as there are', '110000000500'),
  drive('drive: SPACE, more blocks back than there are', '1100fffff700'),
  drive('drive: SPACE to the end of data', '110300000000'),
  drive('drive: LOCATE(10)', '2b000000000001000000'),
  drive('drive: LOCATE(16)', '92000000000000000001000000000000'),
  drive('drive: LOAD UNLOAD, unload', '1b0000000000'),
  drive('drive: TEST UNIT READY after the unload', '000000000000'),
  changer('changer: MOVE MEDIUM out of the drive', ({ slot, drive: from }) => move(from, slot(1))),
  drive('drive, empty again: TEST UNIT READY', '000000000000'),
];
