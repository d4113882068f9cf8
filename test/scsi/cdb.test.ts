import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CdbFault, expectedTransferOf } from '#src/scsi/cdb';
import { elementAddress } from '#src/scsi/element-address';
import { encodeErase6Cdb } from '#src/scsi/erase';
import {
  encodeInitializeElementStatusCdb,
  encodeInitializeElementStatusWithRangeCdb,
} from '#src/scsi/initialize-element-status';
import { encodeInquiryCdb } from '#src/scsi/inquiry';
import { encodeLoadUnloadCdb } from '#src/scsi/load-unload';
import { encodeLocate10Cdb, encodeLocate16Cdb } from '#src/scsi/locate';
import { encodeLogSenseCdb } from '#src/scsi/log-sense';
import {
  encodeModeSelect6Cdb,
  encodeModeSelect10Cdb,
  encodeModeSense6Cdb,
  encodeModeSense10Cdb,
} from '#src/scsi/mode-commands';
import { encodeMoveMediumCdb } from '#src/scsi/move-medium';
import { cdbLengthBytes, cdbUsage, operationNames, operations } from '#src/scsi/operation-codes';
import { parseCdb, type ScsiCommand } from '#src/scsi/parse-cdb';
import { encodePreventAllowCdb } from '#src/scsi/prevent-allow';
import { encodeReadAttributeCdb } from '#src/scsi/read-attribute';
import { encodeReadBlockLimitsCdb } from '#src/scsi/read-block-limits';
import { encodeReadElementStatusCdb } from '#src/scsi/read-element-status';
import { encodeReadPositionCdb } from '#src/scsi/read-position';
import { encodeReportDensitySupportCdb } from '#src/scsi/report-density-support';
import { encodeReportLunsCdb } from '#src/scsi/report-luns';
import { encodeReportSupportedOperationCodesCdb } from '#src/scsi/report-supported-operation-codes';
import { encodeRequestSenseCdb } from '#src/scsi/request-sense';
import { encodeRewindCdb } from '#src/scsi/rewind';
import { encodeSpace6Cdb, encodeSpace16Cdb } from '#src/scsi/space';
import { encodeRead6Cdb, encodeWrite6Cdb } from '#src/scsi/tape-read-write';
import { encodeTestUnitReadyCdb } from '#src/scsi/test-unit-ready';
import { encodeWriteFilemarksCdb } from '#src/scsi/write-filemarks';
import { bytes, fixtureNames, readFixture } from '#test/scsi/fixture';

const all = new Set(operationNames);

/** The CDB written out by hand from the standard's table, what encodes it, and how it is understood. */
const table: readonly (readonly [string, Uint8Array, Partial<ScsiCommand>])[] = [
  ['00 00 00 00 00 00', encodeTestUnitReadyCdb(), { op: 'testUnitReady' }],
  ['01 01 00 00 00 00', encodeRewindCdb({ immediate: true }), { op: 'rewind', immediate: true }],
  [
    '03 01 00 00 fc 00',
    encodeRequestSenseCdb({ descriptor: true }),
    { op: 'requestSense', descriptor: true, allocationBytes: 252 },
  ],
  ['05 00 00 00 00 00', encodeReadBlockLimitsCdb(), { op: 'readBlockLimits' }],
  ['07 00 00 00 00 00', encodeInitializeElementStatusCdb(), { op: 'initializeElementStatus' }],
  [
    '08 02 08 00 00 00',
    encodeRead6Cdb({ fixed: false, transferLength: 0x80000, suppressIncorrectLength: true }),
    { op: 'read6', fixed: false, transferLength: 0x80000, suppressIncorrectLength: true },
  ],
  [
    '0a 01 00 00 10 00',
    encodeWrite6Cdb({ fixed: true, transferLength: 16 }),
    { op: 'write6', fixed: true, transferLength: 16 },
  ],
  [
    '10 01 00 00 02 00',
    encodeWriteFilemarksCdb({ count: 2, immediate: true }),
    { op: 'writeFilemarks6', count: 2, immediate: true },
  ],
  [
    '11 01 ff ff fe 00',
    encodeSpace6Cdb({ target: 'filemarks', count: -2n }),
    { op: 'space6', target: 'filemarks', count: -2n },
  ],
  [
    '11 03 00 00 00 00',
    encodeSpace6Cdb({ target: 'endOfData', count: 0n }),
    { op: 'space6', target: 'endOfData', count: 0n },
  ],
  [
    '12 01 80 00 ff 00',
    encodeInquiryCdb({ page: 0x80, allocationBytes: 255 }),
    { op: 'inquiry', page: 0x80, allocationBytes: 255 },
  ],
  [
    '15 10 00 00 0c 00',
    encodeModeSelect6Cdb({ parameterListBytes: 12 }),
    { op: 'modeSelect6', pageFormat: true, savePages: false, parameterListBytes: 12 },
  ],
  ['19 01 00 00 00 00', encodeErase6Cdb({ long: true }), { op: 'erase6', long: true, immediate: false }],
  [
    '1a 08 1d 00 ff 00',
    encodeModeSense6Cdb({ page: 0x1d, noBlockDescriptors: true, allocationBytes: 255 }),
    { op: 'modeSense6', page: 0x1d, subpage: 0, control: 'current', noBlockDescriptors: true, allocationBytes: 255 },
  ],
  ['1b 00 00 00 01 00', encodeLoadUnloadCdb({ load: true }), { op: 'loadUnload', load: true, hold: false }],
  [
    '1b 01 00 00 08 00',
    encodeLoadUnloadCdb({ load: false, hold: true, immediate: true }),
    { op: 'loadUnload', load: false, hold: true },
  ],
  ['1e 00 00 00 01 00', encodePreventAllowCdb({ prevent: true }), { op: 'preventAllow', prevent: true }],
  [
    '2b 02 00 12 34 56 78 00 01 00',
    encodeLocate10Cdb({ identifier: 0x12345678n, partition: 1 }),
    { op: 'locate10', destination: 'object', identifier: 0x12345678n, partition: 1 },
  ],
  ['34 06 00 00 00 00 00 00 00 00', encodeReadPositionCdb({ form: 'long' }), { op: 'readPosition', form: 'long' }],
  [
    '37 01 04 00 00 00 00 0a 00 00',
    encodeInitializeElementStatusWithRangeCdb({ range: { first: elementAddress(1024), count: 10 } }),
    { op: 'initializeElementStatusWithRange', range: { first: elementAddress(1024), count: 10 }, fast: false },
  ],
  [
    '44 01 00 00 00 00 00 10 00 00',
    encodeReportDensitySupportCdb({ ofMedium: true }),
    { op: 'reportDensitySupport', ofMedium: true },
  ],
  [
    '4d 00 6e 00 00 00 00 20 00 00',
    encodeLogSenseCdb({ page: 0x2e, allocationBytes: 0x2000 }),
    { op: 'logSense', page: 0x2e, control: 'cumulative', allocationBytes: 0x2000, parameterPointer: 0 },
  ],
  [
    '55 11 00 00 00 00 00 00 18 00',
    encodeModeSelect10Cdb({ savePages: true, parameterListBytes: 24 }),
    { op: 'modeSelect10', savePages: true, parameterListBytes: 24 },
  ],
  [
    '5a 00 8f 00 00 00 00 01 00 00',
    encodeModeSense10Cdb({ page: 0x0f, control: 'default', allocationBytes: 256 }),
    { op: 'modeSense10', page: 0x0f, control: 'default', noBlockDescriptors: false, allocationBytes: 256 },
  ],
  [
    '8c 00 00 00 00 00 00 01 04 00 00 00 10 00 01 00',
    encodeReadAttributeCdb({
      query: 'values',
      partition: 1,
      firstAttribute: 0x400,
      cached: true,
      allocationBytes: 4096,
    }),
    { op: 'readAttribute', query: 'values', partition: 1, firstAttribute: 0x400, cached: true, allocationBytes: 4096 },
  ],
  [
    '91 00 00 00 ff ff ff ff ff ff ff ff 00 00 00 00',
    encodeSpace16Cdb({ target: 'blocks', count: -1n }),
    { op: 'space16', target: 'blocks', count: -1n },
  ],
  [
    '92 08 00 00 00 00 00 01 00 00 00 02 00 00 00 00',
    encodeLocate16Cdb({ destination: 'file', identifier: 0x1_0000_0002n }),
    { op: 'locate16', destination: 'file', identifier: 0x1_0000_0002n },
  ],
  [
    '92 1b 00 03 00 00 00 00 00 00 00 00 00 00 00 00',
    encodeLocate16Cdb({ destination: 'endOfData', identifier: 0n, partition: 3, immediate: true }),
    { op: 'locate16', destination: 'endOfData', partition: 3, immediate: true },
  ],
  [
    'a0 00 02 00 00 00 00 00 08 08 00 00',
    encodeReportLunsCdb({ selectReport: 2 }),
    { op: 'reportLuns', selectReport: 2, allocationBytes: 2056 },
  ],
  [
    'a3 0c 02 8c 00 05 00 00 01 00 00 00',
    encodeReportSupportedOperationCodesCdb({
      query: { kind: 'one-service-action', operationCode: 0x8c, serviceAction: 5 },
      allocationBytes: 256,
    }),
    {
      op: 'reportSupportedOperationCodes',
      query: { kind: 'one-service-action', operationCode: 0x8c, serviceAction: 5 },
      timeouts: false,
    },
  ],
  [
    'a5 00 00 01 04 00 01 00 00 00 00 00',
    encodeMoveMediumCdb({
      transport: elementAddress(1),
      source: elementAddress(1024),
      destination: elementAddress(256),
    }),
    {
      op: 'moveMedium',
      transport: elementAddress(1),
      source: elementAddress(1024),
      destination: elementAddress(256),
      invert: false,
    },
  ],
  [
    'b8 14 01 00 ff ff 03 00 10 00 00 00',
    encodeReadElementStatusCdb({
      type: 'drive',
      first: elementAddress(256),
      count: 0xffff,
      volumeTags: true,
      deviceIdentifiers: true,
      currentData: true,
      allocationBytes: 4096,
    }),
    {
      op: 'readElementStatus',
      type: 'drive',
      count: 0xffff,
      volumeTags: true,
      deviceIdentifiers: true,
      currentData: true,
      allocationBytes: 4096,
    },
  ],
];

describe('CDBs', () => {
  it('every operation is in the table below', () => {
    assert.deepEqual(new Set(table.map(([, , { op }]) => op)), new Set(operationNames));
  });

  for (const [hex, encoded, meaning] of table) {
    it(`${operations[meaning.op ?? 'testUnitReady'].name}: ${hex}`, () => {
      assert.deepEqual(encoded, bytes(hex));
      const parsed = parseCdb(encoded, all);
      assert.equal(parsed.ok, true);
      assert.deepEqual(parsed.ok && { ...parsed.command, ...meaning }, parsed.ok && parsed.command);
    });
  }

  for (const name of fixtureNames) {
    const { cdb, expectedBytes, dataOut } = readFixture(name);
    if (cdb.length === 0) continue;
    it(`${name}: a device took this CDB; we understand it, and know its data phase`, () => {
      assert.equal(parseCdb(cdb, all).ok, true);
      const transfer = expectedTransferOf(cdb);
      if (expectedBytes > 0) assert.deepEqual(transfer, { direction: 'in', lengthBytes: expectedBytes });
      if (dataOut.length > 0) assert.deepEqual(transfer, { direction: 'out', lengthBytes: dataOut.length });
    });
  }
});

/**
 * What other initiators sent, seen by the trace event `scsi_dispatch_cmd_start` of Linux 7.3.4: its tape driver `st` under
 * `mt`, sg3_utils 1.46, mtx 1.3.12 (without the LUN in byte 1, bits 7-5, which `mtx` and `ch` still set and SPC-3 retired).
 */
const foreign: readonly (readonly [string, string, Uint8Array])[] = [
  ['mt rewind', '01 00 00 00 00 00', encodeRewindCdb()],
  ['mt weof 2', '10 00 00 00 02 00', encodeWriteFilemarksCdb({ count: 2 })],
  ['mt fsf 1', '11 01 00 00 01 00', encodeSpace6Cdb({ target: 'filemarks', count: 1n })],
  ['mt bsf 1', '11 01 ff ff ff 00', encodeSpace6Cdb({ target: 'filemarks', count: -1n })],
  ['mt fsr 1', '11 00 00 00 01 00', encodeSpace6Cdb({ target: 'blocks', count: 1n })],
  ['mt seek 5', '2b 00 00 00 00 00 05 00 00 00', encodeLocate10Cdb({ identifier: 5n })],
  ['mt tell', '34 00 00 00 00 00 00 00 00 00', encodeReadPositionCdb({ form: 'short' })],
  ['mt erase', '19 01 00 00 00 00', encodeErase6Cdb({ long: true })],
  ['mt setblk 0', '15 10 00 00 0c 00', encodeModeSelect6Cdb({ parameterListBytes: 12 })],
  ['mt retension', '1b 00 00 00 03 00', encodeLoadUnloadCdb({ load: true, retension: true })],
  ['mt load', '1b 00 00 00 01 00', encodeLoadUnloadCdb({ load: true })],
  ['mt offline', '1b 00 00 00 00 00', encodeLoadUnloadCdb({ load: false })],
  ['st opening a tape', '05 00 00 00 00 00', encodeReadBlockLimitsCdb()],
  ['st opening a tape', '1a 00 00 00 0c 00', encodeModeSense6Cdb({ page: 0, allocationBytes: 12 })],
  ['sg_logs -p 0x2e', '4d 00 6e 00 00 00 00 00 04 00', encodeLogSenseCdb({ page: 0x2e, allocationBytes: 4 })],
  [
    'sg_read_attr',
    '8c 00 00 00 00 00 00 00 00 00 00 00 20 00 00 00',
    encodeReadAttributeCdb({ query: 'values', allocationBytes: 0x2000 }),
  ],
  [
    'sg_read_attr --cache --lvn=1 --first=1024',
    '8c 00 00 00 00 01 00 00 04 00 00 00 20 00 01 00',
    encodeReadAttributeCdb({
      query: 'values',
      volume: 1,
      firstAttribute: 0x400,
      cached: true,
      allocationBytes: 0x2000,
    }),
  ],
  [
    'sg_opcodes',
    'a3 0c 00 00 00 00 00 00 20 00 00 00',
    encodeReportSupportedOperationCodesCdb({ query: { kind: 'all' }, allocationBytes: 0x2000 }),
  ],
  [
    'sg_opcodes -o 0x2b',
    'a3 0c 01 2b 00 00 00 00 20 00 00 00',
    encodeReportSupportedOperationCodesCdb({ query: { kind: 'one', operationCode: 0x2b }, allocationBytes: 0x2000 }),
  ],
  ['sg_luns', 'a0 00 00 00 00 00 00 00 20 00 00 00', encodeReportLunsCdb({ allocationBytes: 0x2000 })],
  ['sg_requests -d', '03 01 00 00 fc 00', encodeRequestSenseCdb({ descriptor: true })],
  ['sg_modes -p 0x10', '5a 00 10 00 00 00 00 10 00 00', encodeModeSense10Cdb({ page: 0x10, allocationBytes: 0x1000 })],
  [
    'sg_modes -6 -p 0x1d -d',
    '1a 08 1d 00 fc 00',
    encodeModeSense6Cdb({ page: 0x1d, noBlockDescriptors: true, allocationBytes: 252 }),
  ],
  ['sg_vpd -p 0x83', '12 01 83 00 fc 00', encodeInquiryCdb({ page: 0x83, allocationBytes: 252 })],
  ['sg_inq', '12 00 00 00 24 00', encodeInquiryCdb({ allocationBytes: 36 })],
  ['sg_prevent', '1e 00 00 00 01 00', encodePreventAllowCdb({ prevent: true })],
  [
    'mtx status',
    'b8 12 04 00 00 0a 00 00 05 14 00 00',
    encodeReadElementStatusCdb({
      type: 'storage',
      first: elementAddress(1024),
      count: 10,
      volumeTags: true,
      allocationBytes: 0x514,
    }),
  ],
  [
    'mtx load 1 0',
    'a5 00 00 01 04 00 01 00 00 00 00 00',
    encodeMoveMediumCdb({
      transport: elementAddress(1),
      source: elementAddress(1024),
      destination: elementAddress(256),
    }),
  ],
  ['mtx inventory', '07 00 00 00 00 00', encodeInitializeElementStatusCdb()],
];

describe('CDBs of other initiators', () => {
  for (const [command, hex, encoded] of foreign) {
    it(`${command}: ${hex}`, () => {
      assert.deepEqual(encoded, bytes(hex));
      assert.equal(parseCdb(encoded, all).ok, true);
    });
  }
});

const faultOf = (hex: string): CdbFault | undefined => {
  const parsed = parseCdb(bytes(hex), all);
  return parsed.ok ? undefined : parsed.fault;
};

describe('CDBs that a target refuses', () => {
  const refused: readonly (readonly [string, string, number, number | undefined])[] = [
    ['reserved bits of byte 1', '00 20 00 00 00 00', 1, 5],
    ['NACA in the control byte', '00 00 00 00 00 04', 5, 2],
    ['a page code without EVPD', '12 00 80 00 ff 00', 2, undefined],
    ['the obsolete CMDDT of INQUIRY', '12 02 00 00 ff 00', 1, 1],
    ['SILI with FIXED', '08 03 00 00 01 00', 1, 1],
    ['a SPACE code that is obsolete', '11 04 00 00 01 00', 1, 3],
    ['LOAD with EOT', '1b 00 00 00 05 00', 4, 2],
    ['PREVENT of 10b', '1e 00 00 00 02 00', 4, 1],
    ['BT of LOCATE(10)', '2b 04 00 00 00 00 00 00 00 00', 1, 2],
    ['BAM of LOCATE(16)', '92 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00', 2, 0],
    ['a reserved DEST_TYPE', '92 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00', 1, 5],
    ['READ POSITION 01h', '34 01 00 00 00 00 00 00 00 00', 1, 4],
    ['an allocation length in short form', '34 00 00 00 00 00 00 00 14 00', 7, undefined],
    ['element type 5', 'b8 05 00 00 ff ff 00 00 10 00 00 00', 1, 3],
    ['an unknown service action of MAINTENANCE IN', 'a3 05 00 00 00 00 00 00 10 00 00 00', 1, 4],
    ['REPORT LUNS with 15 bytes', 'a0 00 00 00 00 00 00 00 00 0f 00 00', 6, undefined],
    ['a CDB that is cut', 'a5 00 00 01 04 00', 6, undefined],
  ];
  for (const [what, hex, byte, bit] of refused) {
    it(what, () => {
      const field = bit === undefined ? { byte } : { byte, bit };
      assert.deepEqual(faultOf(hex), { senseKey: 5, asc: 0x24, ascq: 0, field });
    });
  }

  it('an operation code that is not supported is 5/20/00', () => {
    assert.equal(faultOf('c0 00 00 00 00 00')?.asc, 0x20);
    const changer = parseCdb(encodeRewindCdb(), new Set(['inquiry', 'moveMedium'] as const));
    assert.equal(!changer.ok && changer.fault.asc, 0x20);
    assert.equal(faultOf('')?.asc, 0x20);
  });

  it('padding behind a CDB is not looked at', () => {
    assert.equal(parseCdb(bytes('00 00 00 00 00 00 ff ff ff ff ff ff ff ff ff ff'), all).ok, true);
  });
});

describe('operations', () => {
  it('CDB lengths follow the group code (SPC-5, operation code)', () => {
    for (const name of operationNames) {
      const lengths: Readonly<Record<number, number>> = { 0: 6, 1: 10, 2: 10, 4: 16, 5: 12 };
      assert.equal(cdbLengthBytes(name), lengths[operations[name].operationCode >> 5], name);
    }
  });

  it('usage data begins with the operation code', () => {
    for (const name of operationNames) assert.equal(cdbUsage(name)[0], operations[name].operationCode);
  });

  it('data phases: fixed blocks, READ POSITION, none', () => {
    assert.deepEqual(expectedTransferOf(bytes('08 01 00 00 04 00'), 512), { direction: 'in', lengthBytes: 2048 });
    assert.deepEqual(expectedTransferOf(bytes('0a 00 00 02 00 00'), 512), { direction: 'out', lengthBytes: 512 });
    assert.deepEqual(expectedTransferOf(bytes('34 00 00 00 00 00 00 00 00 00')), { direction: 'in', lengthBytes: 20 });
    assert.deepEqual(expectedTransferOf(bytes('34 06 00 00 00 00 00 00 00 00')), { direction: 'in', lengthBytes: 32 });
    assert.deepEqual(expectedTransferOf(bytes('05 00 00 00 00 00')), { direction: 'in', lengthBytes: 6 });
    assert.deepEqual(expectedTransferOf(bytes('1b 00 00 00 01 00')), { direction: 'none', lengthBytes: 0 });
    assert.equal(expectedTransferOf(bytes('c0 00')), undefined);
  });

  it('numbers that do not fit a field are refused, not cut', () => {
    assert.throws(() => encodeSpace6Cdb({ target: 'blocks', count: 0x80_0000n }), /cannot count/);
    assert.throws(() => encodeWrite6Cdb({ fixed: false, transferLength: 0x100_0000 }), /does not fit/);
    assert.throws(() => encodeLocate10Cdb({ identifier: 1n << 32n }), /does not fit/);
    assert.throws(() => elementAddress(65536), /not an element address/);
  });
});
