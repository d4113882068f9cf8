import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { elementAddress } from '#src/scsi/element-address';
import type { ElementStatus } from '#src/scsi/element-status';
import { cutElementStatus, encodeElementStatus } from '#src/scsi/encode-element-status';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { serialInT10Designator } from '#src/scsi/vital-product-data';
import { bytes, readFixture } from '#test/scsi/fixture';

const report = (name: string) => parseElementStatus(readFixture(name).dataIn);

describe('element status of another library (tgt)', () => {
  it('slots with their bar codes', () => {
    const { elements, announcedElements } = report('tgt-element-status-storage');
    assert.equal(announcedElements, 10);
    assert.equal(elements.length, 10);
    assert.deepEqual(elements[0], {
      type: 'storage',
      address: 1024,
      full: true,
      exception: false,
      asc: 0,
      ascq: 0,
      // tgt leaves ACCESS at zero for slots.
      accessible: false,
      primaryVolumeTag: { identifier: 'VT001L8', sequence: 0 },
    });
    assert.equal(elements[6]?.full, false);
    assert.equal(elements[6]?.primaryVolumeTag?.identifier, '');
  });

  it('the last descriptor, cut by 8 bytes, keeps what is there', () => {
    const { elements, truncated } = report('tgt-element-status-storage');
    assert.equal(truncated, true);
    assert.equal(elements[9]?.primaryVolumeTag?.identifier, 'CLN001');
    assert.equal(elements[9]?.truncated, true);
    assert.equal(elements[8]?.truncated, undefined);
  });

  it('an allocation length in the middle of a descriptor', () => {
    const { elements, truncated, availableBytes } = report('tgt-element-status-storage-short');
    assert.equal(truncated, true);
    assert.equal(elements.length, 5);
    assert.equal(availableBytes, 536);
    assert.equal(elements[4]?.primaryVolumeTag?.identifier, 'VT005L8');
  });

  it('a loaded drive: source element, access, device identifier', () => {
    const { elements } = report('tgt-element-status-drive-identified');
    const [loaded, empty] = elements;
    assert.equal(loaded?.type, 'drive');
    assert.equal(loaded?.full, true);
    assert.equal(loaded?.accessible, false);
    assert.equal(loaded?.source, 1024);
    assert.equal(loaded?.inverted, false);
    assert.equal(loaded?.primaryVolumeTag?.identifier, 'VT001L8');
    assert.equal(loaded?.deviceIdentifier?.text, 'IBM     ULT3580-TD8     DRV0000001');
    assert.equal(loaded?.deviceIdentifier && serialInT10Designator(loaded.deviceIdentifier), 'DRV0000001');
    assert.equal(empty?.full, false);
    assert.equal(empty?.source, undefined);
    // Cut within its serial number: no identifier rather than half of one.
    assert.equal(empty?.deviceIdentifier, undefined);
    assert.equal(empty?.truncated, true);
  });

  it('drives, mail slots and the robot without tags or media', () => {
    assert.equal(report('tgt-element-status-drive-no-tags').elements[0]?.primaryVolumeTag, undefined);
    assert.deepEqual(
      report('tgt-element-status-import-export').elements.map(({ address, full }) => [address, full]),
      [
        [768, false],
        [769, false],
      ],
    );
    assert.equal(report('tgt-element-status-transport').elements[0]?.accessible, true);
  });
});

/** A header, a page header and descriptors, with the lengths as given. */
const page = ([type, flags, length, count]: readonly [string, string, string, string], body: string): Uint8Array =>
  bytes(`0000 0001 00 000000 ${type} ${flags} ${length} 00 ${count} ${body}`);

const tag = `${Buffer.from('ABC123L8'.padEnd(32)).toString('hex')}00000000`;
const common = '0100 09 00 0000 000000 80 0400';
const drive = '02 01 00 22'.replaceAll(' ', '') + Buffer.from('IBM     ULT3580-TD8     0007868001').toString('hex');

describe('element status that lies', () => {
  it('AVOLTAG set, the field missing, and no identifier (SMC-3; seen in the field)', () => {
    const { elements } = parseElementStatus(page(['04', 'c0', '0034', '000034'], `${common + tag}00000000`));
    assert.equal(elements[0]?.primaryVolumeTag?.identifier, 'ABC123L8');
    assert.equal(elements[0]?.alternateVolumeTag, undefined);
  });

  it('AVOLTAG set, the field missing, the device identifier in its place', () => {
    const { elements } = parseElementStatus(page(['04', 'c0', '0056', '000056'], common + tag + drive));
    assert.equal(elements[0]?.alternateVolumeTag, undefined);
    assert.equal(elements[0]?.deviceIdentifier?.text?.slice(-10), '0007868001');
  });

  it('AVOLTAG set and the field there', () => {
    const alternate = `${Buffer.from('BACK01L8'.padEnd(32)).toString('hex')}00000005`;
    const { elements } = parseElementStatus(page(['04', 'c0', '007a', '00007a'], common + tag + alternate + drive));
    assert.deepEqual(elements[0]?.alternateVolumeTag, { identifier: 'BACK01L8', sequence: 5 });
    assert.equal(elements[0]?.deviceIdentifier?.text?.slice(-10), '0007868001');
  });

  it('a descriptor length of 0 does not loop, and is reported', () => {
    const found = parseElementStatus(page(['02', '80', '0000', '000034'], common + tag));
    assert.deepEqual(found.elements, []);
    assert.equal(found.truncated, true);
  });

  it('a descriptor length under the common part keeps address and flags', () => {
    const found = parseElementStatus(page(['02', '00', '0004', '000008'], '0400 09 00 0401 08 00'));
    assert.deepEqual(
      found.elements.map(({ address, full, source }) => [address, full, source]),
      [
        [0x400, true, undefined],
        [0x401, false, undefined],
      ],
    );
    assert.equal(found.truncated, true);
  });

  it('a barcode that is cut is none, unless padding shows that it is whole', () => {
    const whole = page(['02', '80', '0034', '000034'], `${common + tag}00000000`);
    for (const [bytesLeft, identifier] of [
      [16 + 12 + 4, undefined],
      [16 + 12 + 8, undefined],
      [16 + 12 + 9, 'ABC123L8'],
      [16 + 12 + 31, 'ABC123L8'],
    ] as const) {
      const [element] = parseElementStatus(whole.subarray(0, bytesLeft)).elements;
      assert.deepEqual([element?.full, element?.truncated], [true, true]);
      assert.equal(element?.primaryVolumeTag?.identifier, identifier, `${bytesLeft} bytes`);
    }
  });

  it('an unknown element type is skipped, the page behind it is read', () => {
    const unknown = '07 00 0004 00 000004 deadbeef';
    const known = '02 00 000c 00 00000c 0400 08 00 0000 000000 00 0000';
    const found = parseElementStatus(bytes(`0000 0001 00 00001c ${unknown} ${known}`));
    assert.deepEqual(
      found.elements.map(({ address }) => address),
      [0x400],
    );
    assert.equal(found.truncated, true);
  });

  it('less than a header', () => {
    assert.deepEqual(parseElementStatus(bytes('0400')).elements, []);
    assert.equal(parseElementStatus(new Uint8Array(0)).truncated, true);
  });

  it('exception with its code (SMC-3, EXCEPT)', () => {
    const [element] = parseElementStatus(
      page(['02', '00', '000c', '00000c'], '0400 0d 00 8302 000000 00 0000'),
    ).elements;
    assert.equal(element?.exception, true);
    assert.deepEqual([element?.asc, element?.ascq], [0x83, 0x02]);
  });

  it('import/export bits, one at a time (SMC-3, import/export element descriptor)', () => {
    const flags = (hex: string) => {
      const [element] = parseElementStatus(
        page(['03', '00', '000c', '00000c'], `0300 ${hex} 00 0000 000000 00 0000`),
      ).elements;
      return Object.entries(element ?? {})
        .filter(([, value]) => value === true)
        .map(([name]) => name);
    };
    assert.deepEqual(flags('01'), ['full']);
    assert.deepEqual(flags('02'), ['placedByOperator']);
    assert.deepEqual(flags('04'), ['exception']);
    assert.deepEqual(flags('08'), ['accessible']);
    assert.deepEqual(flags('10'), ['exportEnabled']);
    assert.deepEqual(flags('20'), ['importEnabled']);
  });

  it('byte 9: SVALID, INVERT, ED and MEDIUM TYPE (SMC-3)', () => {
    const [element] = parseElementStatus(
      page(['02', '00', '000c', '00000c'], '0400 09 00 0000 000000 ca 0405'),
    ).elements;
    assert.equal(element?.source, 0x405);
    assert.equal(element?.inverted, true);
    assert.equal(element?.disabled, true);
    assert.equal(element?.mediumType, 2);
  });

  it('a bar code with control characters cannot reach a terminal', () => {
    const hostile = `${Buffer.from('\x1b[2J\x07A'.padEnd(32)).toString('hex')}00000000`;
    const [element] = parseElementStatus(page(['02', '80', '0030', '000030'], common + hostile)).elements;
    assert.equal(element?.primaryVolumeTag?.identifier, '?[2J?A');
  });
});

describe('encodeElementStatus', () => {
  const slot = (address: number, identifier?: string): ElementStatus => ({
    type: 'storage',
    address: elementAddress(address),
    full: identifier !== undefined,
    exception: false,
    asc: 0,
    ascq: 0,
    accessible: false,
    ...(identifier === undefined ? {} : { primaryVolumeTag: { identifier, sequence: 0 } }),
  });

  it('gives the bytes that tgt gives, but for its blanks in empty tags and its short count', () => {
    const { dataIn } = readFixture('tgt-element-status-storage');
    const barcodes = [
      'VT001L8',
      'VT002L8',
      'VT003L8',
      'VT004L8',
      'VT005L8',
      'VT006L8',
      undefined,
      undefined,
      undefined,
      'CLN001',
    ];
    const encoded = encodeElementStatus(
      barcodes.map((barcode, index) => slot(1024 + index, barcode)),
      { volumeTags: true, deviceIdentifiers: false },
    );
    assert.deepEqual(encoded.subarray(0, 16 + 6 * 52), dataIn.subarray(0, 16 + 6 * 52));
  });

  it('is cut at whole descriptors (SMC-3), with headers that stay true', () => {
    const all = encodeElementStatus([slot(1, 'A'), slot(2, 'B'), slot(3, 'C')], {
      volumeTags: true,
      deviceIdentifiers: false,
    });
    const cut = cutElementStatus(all, 16 + 52 + 51);
    assert.equal(cut.length, 16 + 52);
    const parsed = parseElementStatus(cut);
    assert.equal(parsed.elements.length, 1);
    assert.equal(parsed.availableBytes, all.length);
    assert.equal(cutElementStatus(all, 8).length, 8);
    assert.equal(cutElementStatus(all, 4).length, 4);
    assert.equal(cutElementStatus(all, 4096).length, all.length);
  });
});
