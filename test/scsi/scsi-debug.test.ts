import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseInquiry } from '#src/scsi/inquiry';
import { parseSupportedLogPages } from '#src/scsi/log-sense';
import { parseModeParameters6, parseModeParameters10 } from '#src/scsi/mode-parameters';
import { cdbUsage, type OperationName } from '#src/scsi/operation-codes';
import { parseSense } from '#src/scsi/parse-sense';
import { encodeShortPosition, parseShortPosition } from '#src/scsi/read-position';
import { parseOneOperation, parseSupportedOperations } from '#src/scsi/report-supported-operation-codes';
import { parseDeviceIdentification, parseUnitSerialNumber, serialInT10Designator } from '#src/scsi/vital-product-data';
import { readFixture } from '#test/scsi/fixture';

const dataOf = (name: string): Uint8Array => readFixture(`scsi-debug-${name}`).dataIn;

describe('the tape of Linux scsi_debug', () => {
  it('INQUIRY and serial number', () => {
    const inquiry = parseInquiry(dataOf('inquiry'));
    assert.deepEqual([inquiry.vendor, inquiry.product, inquiry.revision], ['Linux', 'scsi_debug', '0191']);
    assert.deepEqual(inquiry.versionDescriptors, [0x00c0, 0x05c0, 0x0525, 0x2100]);
    assert.equal(inquiry.truncated, false);
    assert.equal(parseUnitSerialNumber(dataOf('vpd-80')), '2000');
  });

  it('device identification: seven designators, of the unit, its port and its device', () => {
    const { designators, truncated } = parseDeviceIdentification(dataOf('vpd-83'));
    assert.equal(truncated, false);
    assert.deepEqual(
      designators.map(({ association, type, bytes }) => [association, type, bytes.length]),
      [
        [0, 1, 28],
        [0, 3, 8],
        [1, 4, 4],
        [1, 3, 8],
        [1, 5, 4],
        [2, 3, 8],
        [2, 8, 24],
      ],
    );
    assert.equal(designators[0] && serialInT10Designator(designators[0]), '2000');
    assert.equal(designators[6]?.text, 'naa.32222220000007CD');
  });

  it('READ POSITION: filemarks count, and LOCATE arrives where it was sent', () => {
    assert.equal(parseShortPosition(dataOf('position-beginning')).firstLogicalObject, 0n);
    const position = parseShortPosition(dataOf('position-4'));
    assert.equal(position.firstLogicalObject, 4n);
    assert.equal(position.lastLogicalObject, 4n);
    assert.equal(position.locationUnknown, false);
    assert.deepEqual(encodeShortPosition(position), dataOf('position-4'));
    assert.equal(parseShortPosition(dataOf('position-1')).firstLogicalObject, 1n);
  });

  it('mode parameters: a long block descriptor page list', () => {
    for (const parameters of [
      parseModeParameters6(dataOf('mode-sense-6')),
      parseModeParameters10(dataOf('mode-sense-10')),
    ]) {
      assert.equal(parameters.truncated, false);
      assert.equal(parameters.blockDescriptors.length, 1);
      assert.deepEqual(
        parameters.pages.map(({ page }) => page),
        [0x01, 0x02, 0x0a, 0x19, 0x1c],
      );
    }
  });

  it('operation codes, and the bits of two CDBs that it evaluates are those of our table', () => {
    const codes = parseSupportedOperations(dataOf('tape-operation-codes')).operations.map(
      ({ operationCode }) => operationCode,
    );
    assert.equal(
      [0x2b, 0x34, 0x10, 0x11, 0x19].every((code) => codes.includes(code)),
      true,
    );
    for (const [name, operation] of [
      ['operation-locate', 'locate10'],
      ['operation-position', 'readPosition'],
    ] as const satisfies readonly (readonly [string, OperationName])[]) {
      const one = parseOneOperation(dataOf(name));
      assert.equal(one.support, 'standard');
      // All but the control byte: scsi_debug evaluates NACA and vendor bits there.
      assert.deepEqual(one.usage.subarray(0, 9), cdbUsage(operation).subarray(0, 9));
    }
  });

  it('log pages and descriptor sense', () => {
    assert.deepEqual(parseSupportedLogPages(dataOf('tape-log-pages')), [0x00, 0x0d, 0x2f]);
    const sense = parseSense(dataOf('request-sense'));
    assert.equal(sense?.format, 'descriptor');
    assert.equal(sense?.key, 0);
    assert.equal(sense?.truncated, false);
  });
});
