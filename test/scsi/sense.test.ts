import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { additionalSenseText } from '#src/scsi/additional-sense';
import { describeSense } from '#src/scsi/describe-sense';
import { encodeSense } from '#src/scsi/encode-sense';
import { parseSense } from '#src/scsi/parse-sense';
import { bytes, readFixture } from '#test/scsi/fixture';

const sense = (name: string) => {
  const parsed = parseSense(readFixture(name).sense);
  assert.ok(parsed);
  return parsed;
};

describe('sense data of other devices', () => {
  it('incorrect length: ILI, and the residual in INFORMATION', () => {
    const parsed = sense('tgt-read-too-long');
    assert.equal(parsed.incorrectLength, true);
    assert.equal(parsed.information, 48n);
    assert.equal(parsed.key, 0);
    assert.equal(parsed.truncated, false);
  });

  it('filemark, with the whole transfer as residual', () => {
    const parsed = sense('tgt-read-filemark');
    assert.equal(parsed.filemark, true);
    assert.equal(parsed.information, 128n);
    assert.equal(describeSense(parsed), 'no sense: filemark detected (0/00/01)');
  });

  it('end of data without VALID has no information', () => {
    const parsed = sense('tgt-read-end-of-data');
    assert.equal(parsed.key, 8);
    assert.equal(parsed.endOfMedium, true);
    assert.equal('information' in parsed, false);
  });

  it('beginning of the medium met while spacing back', () => {
    assert.equal(
      describeSense(sense('tgt-space-filemarks-back')),
      'no sense: beginning-of-partition/medium detected (0/00/04)',
    );
  });

  it('refusals of moves', () => {
    assert.match(describeSense(sense('tgt-move-destination-full')), /element full \(5\/3B\/0D\)/);
    assert.match(describeSense(sense('tgt-move-source-empty')), /source element empty \(5\/3B\/0E\)/);
    assert.match(describeSense(sense('tgt-move-prevented')), /removal prevented \(5\/53\/02\)/);
  });

  it("a library's own code is told as such", () => {
    const parsed = sense('ts2900-library-sense');
    assert.equal(describeSense(parsed), 'hardware error: vendor-specific condition (4/81/8F)');
    // The third byte after the unit's code has SKSV clear: nothing must be read into it.
    assert.equal('specific' in parsed, false);
  });

  it('a deferred error is told from a current one; vendor bytes behind byte 18 do no harm', () => {
    const parsed = sense('ult3573-td4-drive-sense');
    assert.equal(parsed.deferred, true);
    assert.equal(parsed.fieldReplaceableUnit, 0x86);
    assert.equal(parsed.truncated, false);
    assert.equal(describeSense(parsed), 'deferred hardware error: media load or eject failed (4/53/00)');
  });

  it('fixed format with every field', () => {
    const parsed = sense('sense-fixed-format');
    assert.equal(parsed.information, 0x1234n);
    assert.equal(parsed.fieldReplaceableUnit, 0x77);
    assert.deepEqual(parsed.specific, { kind: 'actual-retry-count', count: 0x198 });
    assert.equal(describeSense(parsed), 'medium error: unrecovered read error (3/11/00)');
  });

  it('descriptor format, descriptors 00 to 03 and unknown ones', () => {
    const parsed = sense('sense-descriptor-format');
    assert.equal(parsed.format, 'descriptor');
    assert.equal(parsed.information, 0x11223344556677bbn);
    assert.equal(parsed.commandSpecific, 0x3344556677bbccffn);
    assert.deepEqual(parsed.specific, { kind: 'actual-retry-count', count: 257 });
    assert.equal(parsed.fieldReplaceableUnit, 0x45);
    assert.deepEqual(
      parsed.otherDescriptors.map(({ type }) => type),
      [0x0a, 0x05, 0x0b],
    );
    assert.match(describeSense(parsed), /^recovered error: excessive write errors \(1\/03\/02\)/);
  });
});

describe('sense data', () => {
  it('the stream commands descriptor (SSC-5) carries FILEMARK, EOM and ILI', () => {
    const parsed = parseSense(bytes('72 00 00 01 00 00 00 04  04 02 00 80'));
    assert.equal(parsed?.filemark, true);
    assert.equal(parsed?.endOfMedium, false);
    assert.equal(parseSense(bytes('72 00 00 02 00 00 00 04  04 02 00 60'))?.endOfMedium, true);
  });

  it('negative information: the block was longer than the transfer (SSC-5, READ(6))', () => {
    assert.equal(parseSense(bytes('f0 00 20 ff ff ff f0 0a 00 00 00 00 00 00 00 00 00 00'))?.information, -16n);
    const descriptor = encodeSense({ key: 0, asc: 0, ascq: 0, information: -16n, incorrectLength: true }, 'descriptor');
    assert.equal(parseSense(descriptor)?.information, -16n);
  });

  it('information that fixed format cannot hold leaves VALID at zero', () => {
    const fixed = encodeSense({ key: 3, asc: 0x11, ascq: 0, information: 1n << 32n });
    assert.equal(fixed[0], 0x70);
    assert.equal('information' in (parseSense(fixed) ?? {}), false);
  });

  it('a field pointer names byte and bit', () => {
    const specific = { kind: 'field-pointer', inCdb: true, byte: 1, bit: 3 } as const;
    const encoded = encodeSense({ key: 5, asc: 0x24, ascq: 0, specific });
    assert.deepEqual([...encoded.subarray(15)], [0xcb, 0x00, 0x01]);
    assert.deepEqual(parseSense(encoded)?.specific, specific);
    const text = 'illegal request: invalid field in CDB (5/24/00), at byte 1, bit 3 of the CDB';
    assert.equal(describeSense({ key: 5, asc: 0x24, ascq: 0, specific }), text);
  });

  it('a field pointer into the parameter list has C/D at zero (SPC-5)', () => {
    const parsed = parseSense(bytes('70 00 05 00 00 00 00 0a 00 00 00 00 26 00 00 80 00 0b'));
    assert.deepEqual(parsed?.specific, { kind: 'field-pointer', inCdb: false, byte: 11 });
    assert.match(
      describeSense(parsed ?? { key: 0, asc: 0, ascq: 0 }),
      /\(5\/26\/00\), at byte 11 of the parameter list$/,
    );
  });

  it('sense key specific data of the other keys comes back as it went', () => {
    for (const [key, specific] of [
      [1, { kind: 'actual-retry-count', count: 7 }],
      [6, { kind: 'unit-attention-queue', overflow: true }],
      [10, { kind: 'segment-pointer', inDescriptor: true, byte: 300, bit: 7 }],
      [2, { kind: 'progress', numerator: 65535 }],
    ] as const) {
      for (const format of ['fixed', 'descriptor'] as const) {
        assert.deepEqual(parseSense(encodeSense({ key, asc: 0, ascq: 0, specific }, format))?.specific, specific);
      }
    }
  });

  it('progress', () => {
    const parsed = parseSense(bytes('70 00 02 00 00 00 00 0a 00 00 00 00 04 01 00 80 80 00'));
    assert.deepEqual(parsed?.specific, { kind: 'progress', numerator: 0x8000 });
    assert.match(describeSense(parsed ?? { key: 0, asc: 0, ascq: 0 }), /becoming ready \(2\/04\/01\), 50 % done$/);
  });

  it('no bytes, zeros and unknown response codes are no sense data', () => {
    assert.equal(parseSense(new Uint8Array(0)), undefined);
    assert.equal(parseSense(new Uint8Array(18)), undefined);
    assert.equal(parseSense(bytes('7f 00 03')), undefined);
  });

  it('cut after the sense key it keeps the key and says that it is cut', () => {
    const parsed = parseSense(bytes('70 00 06'));
    assert.equal(parsed?.key, 6);
    assert.equal(parsed?.truncated, true);
  });

  it('an additional length of zero, with the bytes there, is believed for the bytes (seen in the field)', () => {
    const parsed = parseSense(bytes('70 00 06 00 00 00 00 00 00 00 00 00 29 00 00 00 00 00'));
    assert.equal(parsed?.asc, 0x29);
    assert.equal(parsed?.truncated, false);
  });

  it('descriptors whose lengths lie do not loop and are reported', () => {
    const cut = parseSense(bytes('72 03 11 00 00 00 00 0c 00 0a 80 00 11 22'));
    assert.equal(cut?.truncated, true);
    assert.equal('information' in (cut ?? {}), false);
    assert.equal(parseSense(bytes('72 03 11 00 00 00 00 04 00 00 00 00'))?.truncated, false);
  });

  it('codes outside the table', () => {
    assert.equal(additionalSenseText(0x83, 0x00), 'vendor-specific condition');
    assert.equal(additionalSenseText(0x40, 0x85), 'diagnostic failure on component 85h');
    assert.equal(additionalSenseText(0x3a, 0x7f), 'medium not present');
    assert.equal(additionalSenseText(0x7e, 0x01), 'unassigned additional sense code');
  });
});
