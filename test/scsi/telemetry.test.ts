import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeLogPage, parseLogPage, parseSupportedLogPages } from '#src/scsi/log-sense';
import { attributeNumber, attributeText, makeAttribute } from '#src/scsi/medium-attributes';
import {
  encodeAttributeList,
  encodeNumberedList,
  parseAttributeList,
  parseAttributeValues,
  parseNumberedList,
} from '#src/scsi/read-attribute';
import { parseTapeAlertBits, parseTapeAlerts, tapeAlertFlag } from '#src/scsi/tape-alert';
import {
  logCounter,
  parseDriveStatus,
  parseSequentialAccessCounters,
  parseTapeCapacity,
} from '#src/scsi/tape-log-pages';
import { bytes, readFixture } from '#test/scsi/fixture';

const page = (name: string) => parseLogPage(readFixture(name).dataIn);

describe('log pages', () => {
  it('of another device: pages, parameters, a subpage (scsi_debug)', () => {
    assert.deepEqual(parseSupportedLogPages(readFixture('log-pages-scsi-debug').dataIn), [0x00, 0x0d, 0x2f]);
    const temperature = page('log-temperature-scsi-debug');
    assert.equal(temperature.page, 0x0d);
    assert.equal(logCounter(temperature, 0x0000), 0x26n);
    assert.equal(temperature.truncated, false);
    const environment = page('log-environment-scsi-debug');
    assert.deepEqual([environment.page, environment.subpage], [0x0d, 0x01]);
    assert.deepEqual(
      environment.parameters.map(({ code }) => code),
      [0x0000, 0x0100],
    );
    assert.deepEqual(encodeLogPage(environment), readFixture('log-environment-scsi-debug').dataIn);
  });

  it('page 0Ch', () => {
    const counters = parseSequentialAccessCounters(page('decoded-log0c'));
    assert.equal(counters.receivedBytes, 1000n);
    assert.equal(counters.toPositionMegabytes, 5n);
    assert.equal(counters.cleaningRequired, true);
    assert.deepEqual(parseSequentialAccessCounters({ parameters: [] }), {});
  });

  it('page 11h', () => {
    const status = parseDriveStatus(page('decoded-log11'));
    assert.equal(status?.activity, 'writing');
    assert.equal(status?.cleaningRequested, true);
    assert.equal(status?.cleaningRequired, false);
    assert.equal(parseDriveStatus({ parameters: [] }), undefined);
    // One bit at a time (ADC-4, very high frequency data), so that no two can be mistaken for each other.
    const names = (hex: string) =>
      Object.entries(parseDriveStatus({ parameters: [{ code: 0, control: 3, value: bytes(hex) }] }) ?? {})
        .filter(([, value]) => value === true)
        .map(([name]) => name);
    assert.deepEqual(names('00 10 00 00'), ['mediumPresent']);
    assert.deepEqual(names('00 02 00 00'), ['mediumThreaded']);
    assert.deepEqual(names('00 01 00 00'), ['mediumMounted']);
    assert.deepEqual(names('08 00 00 00'), ['writeProtected']);
    assert.deepEqual(names('10 00 00 00'), ['compressionEnabled']);
    assert.deepEqual(names('02 00 00 00'), ['cleaningRequired']);
    assert.deepEqual(names('04 00 00 00'), ['cleaningRequested']);
    assert.deepEqual(names('00 00 00 01'), ['tapeAlertChanged']);
    const future = { parameters: [{ code: 0, control: 3, value: bytes('00 00 ee 00') }] };
    assert.equal('activity' in (parseDriveStatus(future) ?? {}), false);
  });

  it('page 31h', () => {
    assert.equal(parseTapeCapacity(page('decoded-log31')).maximumMebibytes, 5678n);
  });

  it('a page that is cut keeps its whole parameters', () => {
    const cut = parseLogPage(readFixture('decoded-log0c').dataIn.subarray(0, 4 + 12 + 6));
    assert.equal(cut.truncated, true);
    assert.equal(logCounter(cut, 0x0000), 1000n);
    assert.equal(cut.parameters.length, 2);
  });

  it('a parameter over eight bytes is no counter', () => {
    assert.equal(logCounter({ parameters: [{ code: 1, control: 0, value: new Uint8Array(9) }] }, 1), undefined);
    assert.equal(logCounter({ parameters: [{ code: 1, control: 0, value: new Uint8Array(0) }] }, 1), undefined);
  });
});

describe('TapeAlert', () => {
  it('the same flags from page 12h, page 2Eh and the medium', () => {
    assert.deepEqual(
      parseTapeAlerts(readFixture('decoded-log12').dataIn)?.map(({ flag }) => flag),
      [1, 20, 61],
    );
    assert.deepEqual(parseTapeAlerts(readFixture('decoded-log2e').dataIn), [
      { flag: 4, name: 'medium', severity: 'critical' },
      { flag: 22, name: 'expired cleaning medium', severity: 'critical' },
    ]);
    assert.deepEqual(
      parseTapeAlertBits(bytes('80 00 00 00 00 00 00 01')).map(({ flag }) => flag),
      [1, 64],
    );
  });

  it('another page is no answer', () => {
    assert.equal(parseTapeAlerts(readFixture('decoded-log0c').dataIn), undefined);
  });

  it('reserved flags are told by number', () => {
    assert.equal(tapeAlertFlag(48).name, 'reserved flag 48');
  });
});

describe('medium attributes', () => {
  const { attributes, truncated } = parseAttributeValues(readFixture('decoded-mam').dataIn);

  it('text and numbers', () => {
    assert.equal(truncated, false);
    assert.equal(attributeText(attributes, 'barcode'), 'G00001L9');
    assert.equal(attributeText(attributes, 'mediumSerialNumber'), 'ABC123');
    assert.equal(attributeNumber(attributes, 'maximumCapacity'), 17_166_137n);
    assert.equal(attributeNumber(attributes, 'mediumType'), 0x80n);
    assert.equal(attributeText(attributes, 'mediaPool'), undefined);
    assert.equal(attributeNumber(attributes, 'barcode'), undefined);
  });

  it('the attribute format of the standard (SPC-5): identifier, READ ONLY and FORMAT, length, value', () => {
    const { dataIn } = readFixture('decoded-mam');
    assert.deepEqual(dataIn.subarray(4, 17), bytes('0000 80 0008 0000000001036640'));
    const host = makeAttribute('barcode', 'A');
    assert.deepEqual([host.readOnly, host.format, host.value.length], [false, 1, 32]);
    assert.throws(() => makeAttribute('tapeAlertFlags', new Uint8Array(3)), /has 8 bytes/);
  });

  it('an attribute that is cut is left out', () => {
    const cut = parseAttributeValues(readFixture('decoded-mam').dataIn.subarray(0, 4 + 13 + 13 + 7));
    assert.equal(cut.attributes.length, 2);
    assert.equal(cut.truncated, true);
  });

  it('lists', () => {
    const list = encodeAttributeList([0x0000, 0x0400, 0x0806]);
    assert.deepEqual(list, bytes('00000006 0000 0400 0806'));
    assert.deepEqual(parseAttributeList(list), { identifiers: [0, 0x400, 0x806], truncated: false });
    assert.equal(parseAttributeList(list.subarray(0, 9)).truncated, true);
    assert.deepEqual(parseNumberedList(encodeNumberedList(0, 2)), { first: 0, count: 2, truncated: false });
  });
});
