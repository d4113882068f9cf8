import {
  announcedElements,
  blockLength6,
  blockLimits,
  countedBytes,
  designators,
  device,
  elementCounts6,
  elementCounts10,
  elements,
  firstByte,
  identifiedDrives,
  lackingOperations,
  longPosition,
  modePages10,
  operationSupport,
  pageList,
  senseData,
  serialNumber,
  shortPosition,
  unitCount,
  wormDrive,
  wormMedium,
} from '#test/tgt/side-by-side-decoders';

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
const counted: readonly Uint8Array[] = [Uint8Array.from({ length: 100 }, (_, index) => index)];
/** Data-out in hexadecimal. */
const list = (bytes: string): readonly Uint8Array[] => [Buffer.from(bytes, 'hex')];

const elementStatus =
  (type: number, from: (places: Places) => string): Step['cdb'] =>
  (places) =>
    `b81${type}${from(places)}ffff000010000000`;

/** Asked of both, in this order: a blank cartridge in slot 1, another in slot 2, drive and mail slot empty. */
export const steps: readonly Step[] = [
  changer('changer: INQUIRY', '120000006000', { phase: 96, decode: device }),
  drive('drive: INQUIRY', '120000006000', { phase: 96, decode: device }),
  changer('changer: VPD 00h, pages', '12010000ff00', { phase: 255, decode: pageList }),
  drive('drive: VPD 00h, pages', '12010000ff00', { phase: 255, decode: pageList }),
  changer('changer: VPD 80h, serial number', '12018000ff00', { phase: 255, decode: serialNumber }),
  drive('drive: VPD 80h, serial number', '12018000ff00', { phase: 255, decode: serialNumber }),
  changer('changer: VPD 83h, designators', '12018300ff00', { phase: 255, decode: designators }),
  drive('drive: VPD 83h, designators', '12018300ff00', { phase: 255, decode: designators }),
  changer('changer: REPORT LUNS', 'a00000000000000001000000', { phase: 256, decode: unitCount }),
  changer('changer: REPORT SUPPORTED OPERATION CODES', 'a30c00000000000010000000', {
    phase: 4096,
    decode: lackingOperations('SMC-3'),
  }),
  drive('drive: REPORT SUPPORTED OPERATION CODES', 'a30c00000000000010000000', {
    phase: 4096,
    decode: lackingOperations('SSC-5'),
  }),
  drive('drive: REPORT SUPPORTED OPERATION CODES, one', 'a30c01080000000010000000', {
    phase: 4096,
    decode: operationSupport,
  }),
  changer('changer: MODE SENSE(6), elements', '1a081d00ff00', { phase: 255, decode: elementCounts6 }),
  changer('changer: MODE SENSE(10), elements', '5a081d0000000000ff00', { phase: 255, decode: elementCounts10 }),
  changer('changer: MODE SENSE(10), all pages', '5a083f0000000000ff00', { phase: 255, decode: modePages10 }),
  changer('changer: MODE SELECT(6), a header alone', '151000000400', { phase: list('00000000') }),
  changer('changer: MODE SELECT(10), a header alone', '55100000000000000800', { phase: list('0000000000000000') }),
  changer('changer: PERSISTENT RESERVE IN', '5e00000000000000ff00', { phase: 255 }),
  changer('changer: PERSISTENT RESERVE OUT', '5f000000000000001800', { phase: [Buffer.alloc(24)] }),
  changer('changer: POSITION TO ELEMENT', ({ slot }) => `2b000000${slot(1)}00000000`),
  changer(
    'changer: READ ELEMENT STATUS, slots',
    elementStatus(2, ({ slot }) => slot(1)),
    { phase: 4096, decode: elements },
  ),
  changer('changer: READ ELEMENT STATUS, 2 of the slots', ({ slot }) => `b812${slot(1)}0002000010000000`, {
    phase: 4096,
    decode: elements,
  }),
  changer('changer: READ ELEMENT STATUS, room for the header', ({ slot }) => `b812${slot(1)}ffff000000080000`, {
    phase: 8,
    decode: announcedElements,
  }),
  changer('changer: READ ELEMENT STATUS, room for half', ({ slot }) => `b812${slot(1)}ffff000000780000`, {
    phase: 120,
    decode: elements,
  }),
  changer(
    'changer: READ ELEMENT STATUS, drives',
    elementStatus(4, ({ drive: first }) => first),
    { phase: 4096, decode: identifiedDrives },
  ),
  changer('changer: READ ELEMENT STATUS, drives with DVCID', ({ drive: first }) => `b814${first}ffff010010000000`, {
    phase: 4096,
    decode: identifiedDrives,
  }),
  changer(
    'changer: READ ELEMENT STATUS, mail slots',
    elementStatus(3, ({ mailSlot }) => mailSlot),
    { phase: 4096, decode: elements },
  ),
  changer('changer: READ ELEMENT STATUS, an unknown type', 'b8170000ffff000010000000', { phase: 4096 }),
  changer('changer: INITIALIZE ELEMENT STATUS', '070000000000'),
  changer('changer: INITIALIZE ELEMENT STATUS WITH RANGE', ({ slot }) => `3701${slot(1)}000000020000`),
  changer('changer: TEST UNIT READY', '000000000000'),
  changer('changer: REQUEST SENSE', '030000001200', { phase: 18, decode: senseData }),
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
  drive('drive: READ BLOCK LIMITS', '050000000000', { phase: 6, decode: blockLimits }),
  drive('drive: mode page 1Dh, WORM medium', '1a001d00ff00', { phase: 255, decode: wormMedium }),
  drive('drive: VPD B0h, WORM mode', '1201b0004000', { phase: 64, decode: wormDrive }),
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
  changer('changer: MOVE MEDIUM, another cartridge', ({ slot, drive: to }) => move(slot(2), to)),
  drive('drive: first command after another load', '000000000000'),
  drive('drive: REQUEST SENSE', '030000001200', { phase: 18, decode: senseData }),
  drive('drive: MODE SENSE(10), all pages', '5a003f0000000000ff00', { phase: 255, decode: modePages10 }),
  drive('drive: MODE SELECT(6), variable blocks', '151000000c00', { phase: list('000010080000000000000000') }),
  drive('drive: MODE SELECT(6), a cut list', '151000000600', { phase: list('000010080000') }),
  drive('drive: MODE SELECT(6), fixed blocks', '151000000c00', { phase: list('000010080000000000000200') }),
  drive('drive: MODE SENSE(6), fixed blocks', '1a000000ff00', { phase: 255, decode: blockLength6 }),
  drive('drive: MODE SELECT(6), an unknown page', '151000000800', { phase: list('000010003e020000') }),
  drive('drive: MODE SELECT(6), back to variable blocks', '151000000c00', { phase: list('000010080000000000000000') }),
  drive('drive: MODE SELECT(10), variable blocks', '55100000000000001000', {
    phase: list('00000010000000080000000000000000'),
  }),
  drive('drive: PERSISTENT RESERVE IN', '5e00000000000000ff00', { phase: 255 }),
  drive('drive: PERSISTENT RESERVE OUT', '5f000000000000001800', { phase: [Buffer.alloc(24)] }),
  drive('drive: PREVENT ALLOW MEDIUM REMOVAL, prevent', '1e0000000100'),
  changer('changer: MOVE MEDIUM out of a drive that prevents it', ({ slot, drive: from }) => move(from, slot(2))),
  drive('drive: PREVENT ALLOW MEDIUM REMOVAL, allow', '1e0000000000'),
  drive('drive: WRITE, counted bytes', '0a0000006400', { phase: counted }),
  drive('drive: WRITE, counted bytes again', '0a0000006400', { phase: counted }),
  drive('drive: WRITE FILEMARKS, behind them', '100000000100'),
  drive('drive: REWIND to the counted bytes', '010000000000'),
  drive('drive: READ, SILI, room for more', '080200010000', { phase: 256, decode: countedBytes }),
  drive('drive: READ, SILI, block too long', '080200000a00', { phase: 10, decode: countedBytes }),
  drive('drive: REWIND before a READ of 1.5 blocks', '010000000000'),
  drive('drive: READ, room for 1.5 blocks', '080000009600', { phase: 150, decode: countedBytes }),
  drive('drive: READ behind it', '080000006400', { phase: 100, decode: countedBytes }),
  drive('drive: REWIND before a READ of fixed blocks', '010000000000'),
  drive('drive: READ, FIXED without a block length', '080100000100', { phase: 100, decode: countedBytes }),
  drive('drive: REWIND before SPACE(16)', '010000000000'),
  drive('drive: SPACE(16), 1 block', '91000000000000000000000100000000'),
  drive('drive: REWIND before ERASE', '010000000000'),
  drive('drive: ERASE(6), short', '190000000000'),
  drive('drive: READ, erased', '080000006400', { phase: 100, decode: countedBytes }),
  drive('drive: REWIND before a long ERASE', '010000000000'),
  drive('drive: ERASE(6), long', '190100000000'),
];
