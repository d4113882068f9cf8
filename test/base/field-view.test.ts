import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deviceText, FieldView } from '#src/base/field-view';
import { flagByte, putField, putText } from '#src/base/put-field';

describe('FieldView', () => {
  const view = () => new FieldView(Uint8Array.of(0x81, 0x02, 0x03, 0x04, 0xff, 0xff, 0xff, 0xfe));

  it('reads big-endian numbers of any width', () => {
    assert.equal(view().uint(0, 3), 0x810203);
    assert.equal(view().uint(2, 6), 0x0304fffffffe);
    assert.equal(view().bigUint(0), 0x81020304fffffffen);
    assert.equal(view().bigInt(4, 4), -2n);
    assert.equal(view().bit(0, 7), true);
    assert.equal(view().bit(0, 6), false);
    assert.equal(view().bits(3, 3, 1), 2);
  });

  it('never throws beyond the end: zeros, and truncated', () => {
    const short = view();
    assert.equal(short.truncated, false);
    assert.equal(short.uint(7, 2), 0xfe00);
    assert.equal(short.truncated, true);
    const other = view();
    assert.equal(other.slice(6, 10).length, 2);
    assert.equal(other.truncated, true);
    assert.equal(view().slice(20, 4).length, 0);
    assert.equal(view().slice(-4, 2).length, 0);
  });
});

describe('deviceText', () => {
  it('drops padding at both ends and shows what is not printable', () => {
    assert.equal(deviceText(Buffer.from('  AB C\0\0 ')), 'AB C');
    assert.equal(deviceText(Buffer.from('A\0B\x1b\xff')), 'A?B???');
    assert.equal(deviceText(new Uint8Array(8)), '');
  });
});

describe('putField and putText', () => {
  it('write what FieldView reads', () => {
    const bytes = new Uint8Array(8);
    putField(bytes, 0, 3, -2);
    putField(bytes, 4, 4, 0xffff_ffff);
    assert.deepEqual([...bytes], [0xff, 0xff, 0xfe, 0, 0xff, 0xff, 0xff, 0xff]);
    putText(bytes, 0, 4, 'AB');
    assert.deepEqual([...bytes.subarray(0, 4)], [0x41, 0x42, 0x20, 0x20]);
    assert.equal(flagByte({ 0: true, 3: undefined, 7: true, 1: false }), 0x81);
  });

  it('refuse what does not fit', () => {
    const bytes = new Uint8Array(4);
    assert.throws(() => putField(bytes, 0, 2, 0x10000), /does not fit/);
    assert.throws(() => putField(bytes, 0, 2, -0x8001), /does not fit/);
    assert.throws(() => putField(bytes, 3, 2, 1), /beyond 4 bytes/);
    assert.throws(() => putField(bytes, 0, 2, 1.5), /not an integer/);
    assert.throws(() => putText(bytes, 0, 4, 'ABCDE'), /printable ASCII/);
    assert.throws(() => putText(bytes, 0, 4, 'Ä'), /printable ASCII/);
  });
});
