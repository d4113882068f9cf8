import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectedTransferOf } from '#src/scsi/cdb';
import {
  parseChangerCapabilities,
  parseElementAddressAssignment,
  parseTransportGeometry,
} from '#src/scsi/changer-mode-pages';
import { describeSense } from '#src/scsi/describe-sense';
import { parseInquiry } from '#src/scsi/inquiry';
import { parseLogPage, parseSupportedLogPages } from '#src/scsi/log-sense';
import { attributeNumber, attributeText } from '#src/scsi/medium-attributes';
import { parseModeParameters6, parseModeParameters10 } from '#src/scsi/mode-parameters';
import { operationNames } from '#src/scsi/operation-codes';
import { parseCdb } from '#src/scsi/parse-cdb';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { parseSense } from '#src/scsi/parse-sense';
import { parseAttributeList, parseAttributeValues, parseNumberedList } from '#src/scsi/read-attribute';
import { parseBlockLimits } from '#src/scsi/read-block-limits';
import { parseLongPosition, parseShortPosition } from '#src/scsi/read-position';
import { parseDensitySupport } from '#src/scsi/report-density-support';
import { parseReportLuns } from '#src/scsi/report-luns';
import { parseOneOperation, parseSupportedOperations } from '#src/scsi/report-supported-operation-codes';
import { parseTapeAlerts } from '#src/scsi/tape-alert';
import { parseDriveStatus, parseSequentialAccessCounters, parseTapeCapacity } from '#src/scsi/tape-log-pages';
import {
  parseDataCompression,
  parseDeviceConfiguration,
  parseInformationalExceptions,
  parseMediumConfiguration,
} from '#src/scsi/tape-mode-pages';
import {
  parseDeviceIdentification,
  parseSequentialAccessCapabilities,
  parseSupportedPages,
  parseUnitSerialNumber,
  serialInT10Designator,
} from '#src/scsi/vital-product-data';
import { fixtureNames, readFixture } from '#test/scsi/fixture';

const supported = new Set(operationNames);

/** How many things a parser made out of its input: it must not exceed what the bytes can hold. */
type Target = readonly [name: string, parse: (data: Uint8Array) => number];

const targets: readonly Target[] = [
  ['parseCdb', (data) => Number(parseCdb(data, supported).ok) + Number(expectedTransferOf(data, 512) !== undefined)],
  [
    'parseSense',
    (data) => {
      const sense = parseSense(data);
      if (sense) describeSense(sense);
      return sense?.otherDescriptors.length ?? 0;
    },
  ],
  ['parseInquiry', (data) => parseInquiry(data).versionDescriptors.length],
  ['parseSupportedPages', (data) => parseSupportedPages(data).pages.length],
  ['parseUnitSerialNumber', (data) => parseUnitSerialNumber(data)?.length ?? 0],
  [
    'parseDeviceIdentification',
    (data) => {
      const { designators } = parseDeviceIdentification(data);
      for (const designator of designators) serialInT10Designator(designator);
      return designators.length;
    },
  ],
  ['parseSequentialAccessCapabilities', (data) => Number(parseSequentialAccessCapabilities(data).worm)],
  ['parseElementStatus', (data) => parseElementStatus(data).elements.length],
  ['parseModeParameters6', (data) => pagesOf(parseModeParameters6(data))],
  ['parseModeParameters10', (data) => pagesOf(parseModeParameters10(data))],
  [
    'parseLogPage',
    (data) => {
      const page = parseLogPage(data);
      parseSequentialAccessCounters(page);
      parseDriveStatus(page);
      parseTapeCapacity(page);
      return page.parameters.length;
    },
  ],
  ['parseSupportedLogPages', (data) => parseSupportedLogPages(data).length],
  ['parseTapeAlerts', (data) => (parseTapeAlerts(data)?.length ?? 0) / 64],
  [
    'parseAttributeValues',
    (data) => {
      const { attributes } = parseAttributeValues(data);
      attributeText(attributes, 'barcode');
      attributeNumber(attributes, 'loadCount');
      return attributes.length;
    },
  ],
  ['parseAttributeList', (data) => parseAttributeList(data).identifiers.length],
  ['parseNumberedList', (data) => parseNumberedList(data).count / 256],
  ['parseBlockLimits', (data) => parseBlockLimits(data).granularity / 32],
  ['parseShortPosition', (data) => Number(parseShortPosition(data).truncated)],
  ['parseLongPosition', (data) => Number(parseLongPosition(data).truncated)],
  ['parseDensitySupport', (data) => parseDensitySupport(data).densities.length],
  ['parseReportLuns', (data) => parseReportLuns(data).luns.length],
  ['parseSupportedOperations', (data) => parseSupportedOperations(data).operations.length],
  ['parseOneOperation', (data) => parseOneOperation(data).usage.length],
];

function pagesOf({ pages, blockDescriptors }: ReturnType<typeof parseModeParameters6>): number {
  for (const page of pages) {
    parseElementAddressAssignment(page);
    parseTransportGeometry(page);
    parseChangerCapabilities(page);
    parseDataCompression(page);
    parseDeviceConfiguration(page);
    parseInformationalExceptions(page);
    parseMediumConfiguration(page);
  }
  return pages.length + blockDescriptors.length;
}

/** Deterministic (mulberry32): a failure is found again with the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const seeds: readonly Uint8Array[] = fixtureNames
  .map(readFixture)
  .flatMap(({ cdb, dataIn, dataOut, sense }) => [cdb, dataIn, dataOut, sense])
  .filter((data) => data.length > 0);

const interesting = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x70, 0x72, 0x02, 0x04, 0x08];

/** Random bytes, or bytes of a device with some of them changed, cut off, or repeated. */
function makeInput(random: (below: number) => number): Uint8Array {
  if (random(4) === 0) return Uint8Array.from({ length: random(64) }, () => random(256));
  const seed = seeds[random(seeds.length)] as Uint8Array;
  const kept = random(3) === 0 ? random(seed.length + 1) : seed.length;
  const data = Uint8Array.from(seed.subarray(0, kept));
  for (let change = random(8); change > 0 && data.length > 0; change--) {
    // Headers, where the lengths are, are changed more often than the rest.
    const at = random(2) === 0 ? random(Math.min(16, data.length)) : random(data.length);
    data[at] = random(2) === 0 ? (interesting[random(interesting.length)] as number) : random(256);
  }
  return data;
}

const inputs = 1_000_000;

describe('hostile bytes', () => {
  it(`${inputs} inputs: no parser throws, loops, or makes more out of the bytes than they can hold`, () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? '20260101');
    const random = randomFrom(seed);
    for (let round = 0; round < inputs; round++) {
      const data = makeInput(random);
      const [name, parse] = targets[round % targets.length] as Target;
      let made = 0;
      try {
        made = parse(data);
      } catch (error) {
        assert.fail(`FUZZ_SEED=${seed}: ${name} threw on ${Buffer.from(data).toString('hex')}: ${String(error)}`);
      }
      if (made > data.length + 2) {
        assert.fail(`FUZZ_SEED=${seed}: ${name} made ${made} out of ${Buffer.from(data).toString('hex')}`);
      }
    }
  });
});
