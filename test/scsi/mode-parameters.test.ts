import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  encodeChangerCapabilities,
  encodeElementAddressAssignment,
  encodeTransportGeometry,
  parseChangerCapabilities,
  parseElementAddressAssignment,
  parseTransportGeometry,
} from '#src/scsi/changer-mode-pages';
import {
  encodeModeParameters6,
  encodeModeParameters10,
  type ModePage,
  type ParsedModeParameters,
  parseModeParameters6,
  parseModeParameters10,
} from '#src/scsi/mode-parameters';
import {
  encodeDataCompression,
  encodeDeviceConfiguration,
  encodeMediumConfiguration,
  parseDataCompression,
  parseDeviceConfiguration,
  parseInformationalExceptions,
  parseMediumConfiguration,
} from '#src/scsi/tape-mode-pages';
import { bytes, readFixture } from '#test/scsi/fixture';

const dataOf = (name: string): Uint8Array => readFixture(name).dataIn;

function pageOf({ pages }: ParsedModeParameters, code: number): ModePage {
  const page = pages.find((candidate) => candidate.page === code);
  assert.ok(page);
  return page;
}

describe('mode parameters of another device (tgt)', () => {
  for (const [form, parse] of [
    ['6', parseModeParameters6],
    ['10', parseModeParameters10],
  ] as const) {
    it(`a drive, MODE SENSE(${form})`, () => {
      const parameters = parse(dataOf(`tgt-drive-mode-sense-${form}`));
      assert.equal(parameters.truncated, false);
      assert.equal(parameters.writeProtected, false);
      assert.equal(parameters.bufferedMode, 1);
      assert.deepEqual(parameters.blockDescriptors, [{ densityCode: 0, blocks: 0, blockLengthBytes: 0 }]);
      assert.deepEqual(
        parameters.pages.map(({ page, subpage }) => [page, subpage]),
        [
          [0x00, 0],
          [0x01, 0],
          [0x02, 0],
          [0x0a, 0],
          [0x0a, 1],
          [0x0f, 0],
          [0x10, 0],
          [0x1c, 0],
          [0x1d, 0],
        ],
      );
      assert.equal(parseDataCompression(pageOf(parameters, 0x0f)).capable, false);
      assert.equal(parseDeviceConfiguration(pageOf(parameters, 0x10)).compressionAlgorithm, 0);
      assert.equal(parseInformationalExceptions(pageOf(parameters, 0x1c)).disabled, true);
      assert.equal(parseMediumConfiguration(pageOf(parameters, 0x1d)).worm, true);
    });

    it(`a changer, MODE SENSE(${form})`, () => {
      const parameters = parse(dataOf(`tgt-changer-mode-sense-${form}`));
      assert.equal(parameters.truncated, false);
      const addresses = parseElementAddressAssignment(pageOf(parameters, 0x1d));
      assert.deepEqual(addresses, {
        transport: { first: 1, count: 1 },
        storage: { first: 1024, count: 10 },
        importExport: { first: 768, count: 2 },
        drive: { first: 256, count: 2 },
        truncated: false,
      });
      assert.deepEqual(parseTransportGeometry(pageOf(parameters, 0x1e)), [{ canInvert: false, member: 0 }]);
      const { canStore, move } = parseChangerCapabilities(pageOf(parameters, 0x1f));
      assert.deepEqual(canStore, { transport: true, storage: true, importExport: true, drive: true });
      assert.equal(move.storage.drive, true);
      assert.equal(move.transport.drive, true);
    });
  }

  it('what we encode is what tgt sends', () => {
    const { pages } = parseModeParameters6(dataOf('tgt-changer-mode-sense-6'));
    const found = (code: number): Uint8Array | undefined => pages.find(({ page }) => page === code)?.body;
    const addresses = parseElementAddressAssignment({ body: found(0x1d) ?? new Uint8Array(0) });
    assert.deepEqual(encodeElementAddressAssignment(addresses).body, found(0x1d));
    assert.deepEqual(encodeTransportGeometry([{ canInvert: false, member: 0 }]).body, found(0x1e));
    // tgt sets bits of byte 3 that say nothing of moves.
    const capabilities = Uint8Array.from(found(0x1f) ?? []).fill(0, 1, 2);
    assert.deepEqual(encodeChangerCapabilities(parseChangerCapabilities({ body: capabilities })).body, capabilities);
    for (const [form, parse, encode] of [
      ['6', parseModeParameters6, encodeModeParameters6],
      ['10', parseModeParameters10, encodeModeParameters10],
    ] as const) {
      for (const device of ['drive', 'changer']) {
        const data = dataOf(`tgt-${device}-mode-sense-${form}`);
        assert.deepEqual(encode(parse(data), 'sense'), data);
      }
    }
  });

  it('tgt took our parameter list for MODE SELECT(6)', () => {
    const list = encodeModeParameters6(
      {
        mediumType: 0,
        writeProtected: true,
        bufferedMode: 1,
        speed: 0,
        blockDescriptors: [{ densityCode: 0, blocks: 0, blockLengthBytes: 0 }],
        pages: [],
      },
      'select',
    );
    assert.deepEqual(list, readFixture('tgt-mode-select').dataOut);
    assert.equal(parseModeParameters6(list).truncated, false);
  });
});

describe('mode parameters of LTO drives (their SCSI references)', () => {
  it('write protection, density and block length (Quantum LTO-4, MODE SENSE)', () => {
    const parameters = parseModeParameters6(bytes('0b 80 90 08  46 000000 00 080000'));
    assert.equal(parameters.mediumType, 0x80);
    assert.equal(parameters.writeProtected, true);
    assert.deepEqual(parameters.blockDescriptors, [{ densityCode: 0x46, blocks: 0, blockLengthBytes: 0x80000 }]);
  });

  it('device configuration: SEW, WTRE, compression (Quantum LTO-4, page 10h)', () => {
    const body = bytes('00 00 00 00 00 32 00 00 18 000000 01 40');
    const page = parseDeviceConfiguration({ body });
    assert.equal(page.writeDelayTime, 50);
    assert.equal(page.synchroniseAtEarlyWarning, true);
    assert.equal(page.compressionAlgorithm, 1);
    assert.equal(page.wormTamperRead, 1);
    assert.deepEqual(encodeDeviceConfiguration(page, body).body, body);
    const off = encodeDeviceConfiguration({ ...page, compressionAlgorithm: 0 }, body).body;
    assert.deepEqual(off, bytes('00 00 00 00 00 32 00 00 18 000000 00 40'));
  });

  it('data compression: DCE, DCC and DDE (SSC-5, page 0Fh)', () => {
    const page = {
      enabled: true,
      capable: false,
      decompressionEnabled: false,
      compressionAlgorithm: 1,
      decompressionAlgorithm: 255,
    };
    const body = bytes('80 00 00000001 000000ff 00000000');
    assert.deepEqual(parseDataCompression({ body }), { ...page, truncated: false });
    assert.deepEqual(encodeDataCompression(page).body, body);
    assert.equal(parseDataCompression({ body: bytes('40 80 00000000 00000000 00000000') }).capable, true);
    assert.equal(parseDataCompression({ body: bytes('40 80 00000000 00000000 00000000') }).decompressionEnabled, true);
  });

  it('device capabilities, one bit at a time (SMC-3, page 1Fh): rows MT ST I/E DT, bits DT I/E ST MT', () => {
    const body = bytes('02 00 01 08 04 02 00 00 00 00 00 00 00 01 00 00 00 00');
    const { canStore, move, exchange } = parseChangerCapabilities({ body });
    const named = (types: Readonly<Record<string, boolean>>) => Object.keys(types).filter((type) => types[type]);
    assert.deepEqual(named(canStore), ['storage']);
    assert.deepEqual(named(move.transport), ['transport']);
    assert.deepEqual(named(move.storage), ['drive']);
    assert.deepEqual(named(move.importExport), ['importExport']);
    assert.deepEqual(named(move.drive), ['storage']);
    assert.deepEqual(named(exchange.drive), ['transport']);
    assert.deepEqual(encodeChangerCapabilities({ canStore, move, exchange }).body, body);
  });

  it('medium configuration: WORMM (Oracle T10000, page 1Dh)', () => {
    const page = encodeMediumConfiguration({ worm: true, labelRestrictions: 1, filemarkRestrictions: 2 });
    assert.deepEqual(page.body.subarray(0, 4), bytes('01 00 01 02'));
    assert.equal(page.body.length, 0x1e);
  });
});

describe('mode parameters that lie', () => {
  it('a block descriptor length beyond the data', () => {
    const parameters = parseModeParameters6(bytes('0b 00 10 ff 46 000000 00 000000'));
    assert.equal(parameters.truncated, true);
    assert.deepEqual(parameters.pages, []);
  });

  it('a page length beyond the data keeps what is there', () => {
    const parameters = parseModeParameters6(bytes('07 00 00 00 1d 12 00 01'));
    assert.equal(parameters.truncated, true);
    assert.deepEqual(parameters.pages[0]?.body, bytes('00 01'));
    assert.equal(parseElementAddressAssignment({ body: bytes('00 01') }).truncated, true);
  });

  it('a subpage has a longer header (SPC-5, SPF)', () => {
    const { pages } = parseModeParameters10(bytes('000a 00 00 0000 0000 ca 01 0000'));
    assert.deepEqual(pages, [{ page: 0x0a, subpage: 1, savable: true, body: new Uint8Array(0) }]);
  });

  it('too much for MODE SENSE(6) is told, not cut', () => {
    const page = { page: 0x3e, subpage: 0, savable: false, body: new Uint8Array(255) };
    const parameters = {
      mediumType: 0,
      writeProtected: false,
      bufferedMode: 0,
      speed: 0,
      blockDescriptors: [],
      pages: [page],
    };
    assert.throws(() => encodeModeParameters6(parameters, 'sense'), /do not fit/);
    assert.equal(parseModeParameters10(encodeModeParameters10(parameters, 'sense')).truncated, false);
  });
});
