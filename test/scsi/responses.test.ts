import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deviceType, encodeInquiry, parseInquiry } from '#src/scsi/inquiry';
import { findOperation } from '#src/scsi/operation-codes';
import { encodeBlockLimits, parseBlockLimits } from '#src/scsi/read-block-limits';
import {
  encodeLongPosition,
  encodeShortPosition,
  parseLongPosition,
  parseShortPosition,
} from '#src/scsi/read-position';
import { encodeDensitySupport, parseDensitySupport } from '#src/scsi/report-density-support';
import { encodeReportLuns, encodeSimpleLun, parseReportLuns, simpleLun } from '#src/scsi/report-luns';
import {
  encodeSupportedOperations,
  parseOneOperation,
  parseSupportedOperations,
} from '#src/scsi/report-supported-operation-codes';
import {
  encodeUnitSerialNumber,
  parseDeviceIdentification,
  parseSequentialAccessCapabilities,
  parseSupportedPages,
  parseUnitSerialNumber,
  serialInT10Designator,
  t10Designator,
} from '#src/scsi/vital-product-data';
import { bytes, readFixture } from '#test/scsi/fixture';

const dataOf = (name: string): Uint8Array => readFixture(name).dataIn;

describe('INQUIRY of another device', () => {
  it('a tape drive', () => {
    assert.deepEqual(parseInquiry(dataOf('tgt-drive-inquiry')), {
      peripheralQualifier: 0,
      deviceType: deviceType.tape,
      removable: true,
      version: 5,
      vendor: 'IBM',
      product: 'ULT3580-TD8',
      revision: 'tgt1',
      vendorSpecific: '',
      versionDescriptors: [0x0200, 0x0960, 0x0300],
      truncated: false,
    });
  });

  it('a changer', () => {
    const { deviceType: type, vendor, product } = parseInquiry(dataOf('tgt-changer-inquiry'));
    assert.deepEqual([type, vendor, product], [deviceType.changer, 'STK', 'L700']);
  });

  it('36 bytes are whole, 20 are not', () => {
    const data = dataOf('tgt-drive-inquiry');
    const short = parseInquiry(Uint8Array.from([...data.subarray(0, 4), 31, ...data.subarray(5, 36)]));
    assert.equal(short.truncated, false);
    assert.equal(short.revision, 'tgt1');
    assert.equal(parseInquiry(data.subarray(0, 20)).truncated, true);
    assert.equal(parseInquiry(data.subarray(0, 20)).vendor, 'IBM');
  });

  it('what we encode has the layout that tgt sends', () => {
    const { truncated, ...inquiry } = parseInquiry(dataOf('tgt-drive-inquiry'));
    const encoded = encodeInquiry(inquiry);
    assert.equal(truncated, false);
    assert.deepEqual(encoded.subarray(8, 36), dataOf('tgt-drive-inquiry').subarray(8, 36));
    assert.deepEqual(encoded.subarray(58, 64), dataOf('tgt-drive-inquiry').subarray(58, 64));
    assert.deepEqual([...encoded.subarray(0, 3)], [0x01, 0x80, 0x05]);
  });
});

describe('vital product data of another device', () => {
  it('page 00h', () => {
    assert.deepEqual(parseSupportedPages(dataOf('tgt-drive-vpd-00')).pages, [0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2]);
  });

  it('page 80h: the serial number without its padding', () => {
    assert.equal(parseUnitSerialNumber(dataOf('tgt-drive-vpd-80')), 'DRV0000001');
    assert.equal(parseUnitSerialNumber(dataOf('tgt-changer-vpd-80')), 'LIB0000001');
    assert.deepEqual(encodeUnitSerialNumber(1, '  A1'), bytes('01 80 00 04 20 20 41 31'));
  });

  it('page 83h: T10 vendor identification and two NAA names', () => {
    const { designators, truncated } = parseDeviceIdentification(dataOf('tgt-drive-vpd-83'));
    assert.deepEqual(
      designators.map(({ type, codeSet, bytes: value }) => [type, codeSet, value.length]),
      [
        [1, 2, 36],
        [3, 1, 8],
        [3, 1, 16],
      ],
    );
    assert.equal(designators[0]?.text, 'IET     00010001');
    assert.equal(truncated, false);
  });

  it('page B0h of tgt does not claim WORM, whatever its mode page 1Dh says', () => {
    assert.equal(parseSequentialAccessCapabilities(dataOf('tgt-drive-vpd-b0')).worm, false);
    assert.equal(parseSequentialAccessCapabilities(bytes('01 b0 00 02 01 00')).worm, true);
  });

  it('an answer that is another page gives nothing', () => {
    const standard = dataOf('tgt-drive-inquiry');
    assert.deepEqual(parseSupportedPages(standard).pages, []);
    assert.equal(parseUnitSerialNumber(standard), undefined);
    assert.deepEqual(parseDeviceIdentification(standard).designators, []);
  });

  it('a designator whose length lies', () => {
    const { designators, truncated } = parseDeviceIdentification(bytes('01 83 00 06 02 01 00 ff 41 42'));
    assert.equal(designators[0]?.text, 'AB');
    assert.equal(truncated, true);
  });

  it('the serial number at the end of a T10 designator (habit of IBM and HP drives)', () => {
    const made = t10Designator({ vendor: 'HP', product: 'Ultrium 5-SCSI', serial: 'HU1246T7MV' });
    assert.equal(serialInT10Designator(made), 'HU1246T7MV');
    assert.equal(serialInT10Designator({ ...made, type: 3 }), undefined);
    assert.equal(serialInT10Designator({ ...made, bytes: made.bytes.subarray(0, 24) }), undefined);
  });
});

describe('other answers of other devices', () => {
  it('READ BLOCK LIMITS', () => {
    const limits = parseBlockLimits(dataOf('tgt-block-limits'));
    assert.deepEqual(limits, { granularity: 9, maximumBlockBytes: 1 << 20, minimumBlockBytes: 4, truncated: false });
    assert.deepEqual(encodeBlockLimits(limits), dataOf('tgt-block-limits'));
  });

  it('REPORT LUNS', () => {
    const { luns, availableBytes, truncated } = parseReportLuns(dataOf('tgt-report-luns'));
    assert.deepEqual(luns.map(simpleLun), [0, 1, 2, 3]);
    assert.equal(availableBytes, 40);
    assert.equal(truncated, false);
    assert.deepEqual(encodeReportLuns(luns), dataOf('tgt-report-luns'));
  });

  it('LUNs in flat space addressing, and others (SAM-5)', () => {
    assert.equal(simpleLun(0x4123_0000_0000_0000n), 0x123);
    assert.equal(simpleLun(encodeSimpleLun(0x3fff)), 0x3fff);
    assert.equal(simpleLun(0x0001_0002_0000_0000n), undefined);
    assert.equal(simpleLun(0xc101_0000_0000_0000n), undefined);
  });

  it('REPORT SUPPORTED OPERATION CODES of a drive: no LOCATE, but READ POSITION', () => {
    const { operations, truncated } = parseSupportedOperations(dataOf('tgt-drive-operation-codes'));
    const names = operations.map(({ operationCode, serviceAction }) =>
      findOperation(Uint8Array.of(operationCode, serviceAction ?? 0)),
    );
    assert.equal(names.includes('readPosition'), true);
    assert.equal(names.includes('reportSupportedOperationCodes'), true);
    assert.equal(names.includes('locate10'), false);
    assert.equal(truncated, false);
    assert.deepEqual(encodeSupportedOperations(operations), dataOf('tgt-drive-operation-codes'));
  });

  it('REPORT SUPPORTED OPERATION CODES with service actions (scsi_debug)', () => {
    const { operations } = parseSupportedOperations(dataOf('operation-codes-scsi-debug'));
    assert.equal(operations.length, 52);
    assert.deepEqual(operations[19], { operationCode: 0x9e, serviceAction: 0x10, cdbLengthBytes: 16 });
    // SEND DIAGNOSTIC has 0002h in the SERVICE ACTION field, and SERVACTV at zero.
    assert.deepEqual(
      operations.find(({ operationCode }) => operationCode === 0x1d),
      { operationCode: 0x1d, cdbLengthBytes: 6 },
    );
  });

  it('one command: supported as the standard says, with its usage data (SPC-5)', () => {
    const one = parseOneOperation(bytes('00 03 00 06 00 00 00 00 00 00'));
    assert.equal(one.support, 'standard');
    assert.equal(one.usage.length, 6);
    assert.equal(parseOneOperation(bytes('00 01 00 00')).support, 'no');
    assert.equal(parseOneOperation(bytes('00 02 00 00')).support, 'unknown');
    assert.equal(parseOneOperation(bytes('00 03 ff ff 12')).truncated, true);
  });

  it('command timeouts descriptors are stepped over (SPC-5, CTDP)', () => {
    const timeouts = '00 0a 00 00 00 00 00 00 00 00 00 05';
    const { operations, truncated } = parseSupportedOperations(
      bytes(`00 00 00 1c 12 00 00 00 00 02 00 06 ${timeouts} 00 00 00 00 00 00 00 06`),
    );
    assert.deepEqual(
      operations.map(({ operationCode }) => operationCode),
      [0x12, 0x00],
    );
    assert.equal(truncated, false);
  });

  it('REPORT DENSITY SUPPORT of an LTO-5 drive', () => {
    const { densities, truncated, availableBytes } = parseDensitySupport(dataOf('lto5-density-support'));
    assert.equal(availableBytes, 160);
    assert.equal(truncated, false);
    assert.deepEqual(
      densities.map(({ densityName, writable }) => [densityName, writable]),
      [
        ['U-316', false],
        ['U-416', true],
        ['U-516', true],
      ],
    );
    assert.deepEqual(densities[2], {
      primaryDensityCode: 0x58,
      secondaryDensityCode: 0x58,
      writable: true,
      duplicate: false,
      isDefault: true,
      bitsPerMillimetre: 15142,
      mediaWidthTenthsOfMillimetre: 127,
      tracks: 1280,
      capacityMegabytes: 1_500_000,
      organization: 'LTO-CVE',
      densityName: 'U-516',
      description: 'Ultrium 5/16T',
    });
    assert.deepEqual(encodeDensitySupport(densities), dataOf('lto5-density-support'));
  });

  it('REPORT DENSITY SUPPORT of the medium: its own capacity', () => {
    const [density] = parseDensitySupport(dataOf('lto5-density-support-medium')).densities;
    assert.equal(density?.capacityMegabytes, 1_541_438);
  });

  it('a density list that is cut', () => {
    const { densities, truncated } = parseDensitySupport(dataOf('lto5-density-support').subarray(0, 4 + 52 + 30));
    assert.equal(densities.length, 2);
    assert.equal(densities[1]?.capacityMegabytes, 800_000);
    assert.equal(truncated, true);
  });
});

describe('READ POSITION', () => {
  it('tgt does not know where it is', () => {
    const position = parseShortPosition(dataOf('tgt-position-short'));
    assert.equal(position.locationUnknown, true);
    assert.equal('firstLogicalObject' in position, false);
    assert.equal(position.truncated, false);
  });

  it('short form (SSC-5, READ POSITION data format, short form)', () => {
    const position = parseShortPosition(bytes('80 01 0000 00000005 00000003 00 000002 00001000'));
    assert.deepEqual(position, {
      beginningOfPartition: true,
      endOfPartition: false,
      partition: 1,
      locationUnknown: false,
      overflow: false,
      programmableEarlyWarning: false,
      firstLogicalObject: 5n,
      lastLogicalObject: 3n,
      bufferedObjects: 2,
      bufferedBytes: 0x1000,
      truncated: false,
    });
  });

  it('LOCU and BYCU: counts are not known', () => {
    const position = parseShortPosition(bytes('70 00 0000 00000005 00000005 00 000000 00000000'));
    assert.equal(position.endOfPartition, true);
    assert.equal('bufferedObjects' in position, false);
    assert.equal('bufferedBytes' in position, false);
    assert.equal(position.firstLogicalObject, 5n);
  });

  it('a location over 32 bits sets PERR and gives none', () => {
    const encoded = encodeShortPosition({
      beginningOfPartition: false,
      endOfPartition: false,
      partition: 0,
      locationUnknown: false,
      overflow: false,
      programmableEarlyWarning: false,
      firstLogicalObject: 1n << 32n,
      bufferedObjects: 0,
      bufferedBytes: 0,
    });
    assert.equal(encoded[0], 0x02);
    assert.equal('firstLogicalObject' in parseShortPosition(encoded), false);
  });

  it('long form (SSC-5, READ POSITION data format, long form)', () => {
    const data = bytes('41 000000 00000002 0000000100000005 0000000000000007 0000000000000000');
    const position = parseLongPosition(data);
    assert.deepEqual(position, {
      beginningOfPartition: false,
      endOfPartition: true,
      programmableEarlyWarning: true,
      partition: 2,
      logicalObject: 0x1_0000_0005n,
      logicalFile: 7n,
      truncated: false,
    });
    assert.deepEqual(encodeLongPosition(position), data);
  });

  it('LONU and MPU: numbers are not known', () => {
    const position = parseLongPosition(bytes(`0c${'00'.repeat(31)}`));
    assert.equal('logicalObject' in position || 'logicalFile' in position, false);
  });

  it('20 bytes where 32 were asked for: no number is made up', () => {
    const position = parseLongPosition(new Uint8Array(20));
    assert.equal(position.truncated, true);
    assert.equal(position.logicalObject, 0n);
    assert.equal('logicalFile' in position, false);
    assert.equal('firstLogicalObject' in parseShortPosition(new Uint8Array(8)), false);
  });
});
