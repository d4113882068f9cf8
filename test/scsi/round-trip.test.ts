import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { elementAddress } from '#src/scsi/element-address';
import type { ElementStatus } from '#src/scsi/element-status';
import { encodeElementStatus } from '#src/scsi/encode-element-status';
import { encodeSense } from '#src/scsi/encode-sense';
import { encodeLocate10Cdb, encodeLocate16Cdb } from '#src/scsi/locate';
import { encodeLogPage, parseLogPage } from '#src/scsi/log-sense';
import { encodeModeParameters10, parseModeParameters10 } from '#src/scsi/mode-parameters';
import { operationNames } from '#src/scsi/operation-codes';
import { parseCdb } from '#src/scsi/parse-cdb';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { parseSense } from '#src/scsi/parse-sense';
import { encodeAttributeValues, parseAttributeValues } from '#src/scsi/read-attribute';
import { type ElementType, elementType } from '#src/scsi/read-element-status';
import { encodeLongPosition, parseLongPosition } from '#src/scsi/read-position';
import type { SenseKey } from '#src/scsi/sense-key';
import { encodeSpace6Cdb, encodeSpace16Cdb, type SpaceTarget, spaceCode } from '#src/scsi/space';
import { encodeTapeAlertBits, parseTapeAlertBits } from '#src/scsi/tape-alert';

const all = new Set(operationNames);
const byte = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffff });
/** What survives trimming: no blanks at the ends. */
const label = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'ABCXYZ0189 _-'), maxLength }).map((text) => text.trim());
/** Objects like those of the code: `deepEqual` tells an object without a prototype from one with it. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
const data = (maxLength: number) => fc.uint8Array({ maxLength });

describe('encode, then parse', () => {
  it('positions of SPACE and LOCATE, over the whole range of each', () => {
    const target = fc.constantFrom(...(Object.keys(spaceCode) as SpaceTarget[]));
    fc.assert(
      fc.property(target, fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (name, count) => {
        const parsed = parseCdb(encodeSpace16Cdb({ target: name, count }), all);
        assert.deepEqual(parsed, { ok: true, command: { op: 'space16', target: name, count } });
      }),
    );
    fc.assert(
      fc.property(target, fc.bigInt({ min: -0x80_0000n, max: 0x7f_ffffn }), (name, count) => {
        const parsed = parseCdb(encodeSpace6Cdb({ target: name, count }), all);
        assert.deepEqual(parsed, { ok: true, command: { op: 'space6', target: name, count } });
      }),
    );
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        fc.option(byte, { nil: undefined }),
        (identifier, partition) => {
          const place = { identifier, ...(partition === undefined ? {} : { partition }) };
          const parsed = parseCdb(encodeLocate16Cdb({ destination: 'object', ...place }), all);
          assert.deepEqual(parsed, {
            ok: true,
            command: { op: 'locate16', destination: 'object', ...place, immediate: false },
          });
          if (identifier >= 1n << 32n) return;
          assert.equal(parseCdb(encodeLocate10Cdb(place), all).ok, true);
        },
      ),
    );
  });

  it('sense data in both formats', () => {
    const fields = fc.record(
      {
        key: fc.integer({ min: 0, max: 15 }).map((key) => key as SenseKey),
        asc: byte,
        ascq: byte,
        deferred: fc.boolean(),
        information: fc.bigInt({ min: -(1n << 31n), max: (1n << 31n) - 1n }),
        commandSpecific: fc.bigInt({ min: 1n, max: 0xffff_ffffn }),
        filemark: fc.boolean(),
        endOfMedium: fc.boolean(),
        incorrectLength: fc.boolean(),
        fieldReplaceableUnit: fc.integer({ min: 1, max: 255 }),
      },
      {
        noNullPrototype: true,
        requiredKeys: ['key', 'asc', 'ascq', 'deferred', 'filemark', 'endOfMedium', 'incorrectLength'],
      },
    );
    fc.assert(
      fc.property(fields, fc.constantFrom('fixed' as const, 'descriptor' as const), (sense, format) => {
        assert.deepEqual(parseSense(encodeSense(sense, format)), {
          ...sense,
          format,
          otherDescriptors: [],
          truncated: false,
        });
      }),
    );
  });

  it('element status of any mixture', () => {
    const tag = record({ identifier: label(32), sequence: word });
    const element = record({
      type: fc.constantFrom(...(Object.keys(elementType) as ElementType[])),
      address: word.map(elementAddress),
      full: fc.boolean(),
      exception: fc.boolean(),
      asc: byte,
      ascq: byte,
      accessible: fc.boolean(),
      source: fc.option(word.map(elementAddress)),
      primaryVolumeTag: tag,
      identifier: fc.option(label(20).filter((text) => text !== '')),
    }).map(({ source, identifier, ...rest }): ElementStatus => {
      const isDrive = rest.type === 'drive';
      const bytes = Uint8Array.from(Buffer.from(identifier ?? ''));
      return {
        ...rest,
        accessible: rest.accessible || rest.type === 'transport',
        ...(rest.type === 'importExport' ? { placedByOperator: true, exportEnabled: false, importEnabled: true } : {}),
        ...(source === null ? {} : { source, inverted: false }),
        ...(isDrive && identifier !== null
          ? { deviceIdentifier: { codeSet: 2, type: 0, bytes, text: identifier } }
          : {}),
      };
    });
    fc.assert(
      fc.property(fc.array(element, { maxLength: 12 }), (elements) => {
        const encoded = encodeElementStatus(elements, { volumeTags: true, deviceIdentifiers: true });
        const parsed = parseElementStatus(encoded);
        const order = [...new Set(elements.map(({ type }) => type))];
        const expected = order.flatMap((type) => elements.filter((candidate) => candidate.type === type));
        assert.deepEqual(parsed.elements, expected);
        assert.equal(parsed.truncated, false);
        assert.equal(parsed.availableBytes, encoded.length);
      }),
    );
  });

  it('mode parameters, log pages, attributes, positions, TapeAlert', () => {
    const page = record({
      page: fc.integer({ min: 0, max: 0x3e }),
      subpage: byte,
      savable: fc.boolean(),
      body: data(40),
    });
    const parameters = record({
      mediumType: byte,
      writeProtected: fc.boolean(),
      bufferedMode: fc.integer({ min: 0, max: 7 }),
      speed: fc.integer({ min: 0, max: 15 }),
      blockDescriptors: fc.array(
        record({ densityCode: byte, blocks: word, blockLengthBytes: fc.integer({ min: 0, max: 0xff_ffff }) }),
        { maxLength: 2 },
      ),
      pages: fc.array(page, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(parameters, (value) => {
        const encoded = encodeModeParameters10(value, 'sense');
        assert.deepEqual(parseModeParameters10(encoded), {
          ...value,
          availableBytes: encoded.length,
          truncated: false,
        });
      }),
    );
    const parameter = record({ code: word, control: byte, value: data(16) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x3f }), fc.array(parameter, { maxLength: 6 }), (code, list) => {
        const parsed = parseLogPage(encodeLogPage({ page: code, subpage: 0, parameters: list }));
        assert.deepEqual(parsed.parameters, list);
        assert.equal(parsed.truncated, false);
      }),
    );
    const attribute = record({
      identifier: word,
      readOnly: fc.boolean(),
      format: fc.integer({ min: 0, max: 3 }),
      value: data(32),
    });
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 6 }), (attributes) => {
        const encoded = encodeAttributeValues(attributes);
        assert.deepEqual(parseAttributeValues(encoded), {
          attributes,
          availableBytes: encoded.length,
          truncated: false,
        });
      }),
    );
    const wide = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    fc.assert(
      fc.property(wide, wide, word, (logicalObject, logicalFile, partition) => {
        const flags = { beginningOfPartition: false, endOfPartition: true, programmableEarlyWarning: false };
        const position = { ...flags, partition, logicalObject, logicalFile };
        assert.deepEqual(parseLongPosition(encodeLongPosition(position)), { ...position, truncated: false });
      }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 64 })), (flags) => {
        const sorted = [...flags].sort((a, b) => a - b);
        assert.deepEqual(
          parseTapeAlertBits(encodeTapeAlertBits(flags)).map(({ flag }) => flag),
          sorted,
        );
      }),
    );
  });
});
