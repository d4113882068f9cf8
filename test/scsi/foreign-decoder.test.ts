import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeSense } from '#src/scsi/encode-sense';
import { encodeInquiry } from '#src/scsi/inquiry';
import { encodeLogPage, encodeSupportedLogPages } from '#src/scsi/log-sense';
import { makeAttribute, mediumTypeValue } from '#src/scsi/medium-attributes';
import { encodeAttributeValues } from '#src/scsi/read-attribute';
import { encodeTapeAlertBits, encodeTapeAlertPage, encodeTapeAlertResponsePage } from '#src/scsi/tape-alert';
import { encodeDriveStatus, encodeSequentialAccessCounters, encodeTapeCapacity } from '#src/scsi/tape-log-pages';
import {
  encodeDeviceIdentification,
  encodeSequentialAccessCapabilities,
  encodeUnitSerialNumber,
  t10Designator,
} from '#src/scsi/vital-product-data';
import { readFixture } from '#test/scsi/fixture';

const tape = 0x01;

/** What was encoded when sg3_utils decoded it; the fixture's header has the decoder's own words. */
const encoded: Readonly<Record<string, Uint8Array>> = {
  'decoded-log00': encodeSupportedLogPages([0x00, 0x0c, 0x11, 0x12, 0x2e, 0x31]),
  'decoded-log0c': encodeLogPage(
    encodeSequentialAccessCounters({
      receivedBytes: 1000n,
      writtenBytes: 900n,
      readBytes: 800n,
      sentBytes: 850n,
      toEndOfDataMegabytes: 18000n,
      toEarlyWarningMegabytes: 17900n,
      earlyWarningToEndMegabytes: 100n,
      toPositionMegabytes: 5n,
      cleaningRequired: true,
    }),
  ),
  'decoded-log11': encodeLogPage(
    encodeDriveStatus({
      mediumPresent: true,
      mediumThreaded: true,
      mediumMounted: true,
      writeProtected: true,
      compressionEnabled: true,
      cleaningRequired: false,
      cleaningRequested: true,
      tapeAlertChanged: true,
      activity: 'writing',
    }),
  ),
  'decoded-log12': encodeTapeAlertResponsePage([1, 20, 61]),
  'decoded-log2e': encodeTapeAlertPage(new Set([4, 22])),
  'decoded-log31': encodeLogPage(
    encodeTapeCapacity({
      remainingMebibytes: 1234n,
      alternateRemainingMebibytes: 0n,
      maximumMebibytes: 5678n,
      alternateMaximumMebibytes: 0n,
    }),
  ),
  'decoded-vpd80': encodeUnitSerialNumber(tape, 'GR00000001'),
  'decoded-vpd83': encodeDeviceIdentification(tape, [
    t10Designator({ vendor: 'GRANDSIR', product: 'VIRTUAL LTO-9', serial: 'GR00000001' }),
    { codeSet: 1, association: 0, type: 3, bytes: Uint8Array.of(0x50, 1, 2, 3, 4, 5, 6, 7) },
  ]),
  'decoded-vpdb0': encodeSequentialAccessCapabilities(tape, { worm: true }),
  'decoded-mam': encodeAttributeValues([
    makeAttribute('remainingCapacity', 17_000_000n),
    makeAttribute('maximumCapacity', 17_166_137n),
    makeAttribute('tapeAlertFlags', encodeTapeAlertBits([3, 20])),
    makeAttribute('loadCount', 7),
    makeAttribute('mediumManufacturer', 'FUJIFILM'),
    makeAttribute('mediumSerialNumber', 'ABC123'),
    makeAttribute('mediumManufactureDate', '20240131'),
    makeAttribute('mediumType', mediumTypeValue.worm),
    makeAttribute('barcode', 'G00001L9'),
    makeAttribute('deviceAtLastLoad', 'IBM     1234567890'),
  ]),
  'decoded-inq': encodeInquiry({
    peripheralQualifier: 0,
    deviceType: tape,
    removable: true,
    version: 7,
    vendor: 'GRANDSIR',
    product: 'VIRTUAL LTO-9',
    revision: '0001',
    vendorSpecific: '',
    versionDescriptors: [0x0960, 0x0200],
  }),
};

const encodedSense: Readonly<Record<string, Uint8Array>> = {
  'decoded-sensef': encodeSense({
    key: 5,
    asc: 0x24,
    ascq: 0,
    specific: { kind: 'field-pointer', inCdb: true, byte: 1, bit: 3 },
  }),
  'decoded-senseili': encodeSense({ key: 0, asc: 0, ascq: 0, incorrectLength: true, information: -16n }),
  'decoded-sensed': encodeSense(
    { key: 8, asc: 0, ascq: 5, endOfMedium: true, information: 128n, commandSpecific: 5n, fieldReplaceableUnit: 3 },
    'descriptor',
  ),
  'decoded-sensed2': encodeSense(
    { key: 0, asc: 0, ascq: 1, filemark: true, incorrectLength: true, deferred: true },
    'descriptor',
  ),
};

describe('what a foreign decoder (sg3_utils) understood of our bytes', () => {
  for (const [name, bytes] of Object.entries(encoded)) {
    it(name, () => assert.deepEqual(Uint8Array.from(bytes), readFixture(name).dataIn));
  }
  for (const [name, bytes] of Object.entries(encodedSense)) {
    it(name, () => assert.deepEqual(Uint8Array.from(bytes), readFixture(name).sense));
  }
});
