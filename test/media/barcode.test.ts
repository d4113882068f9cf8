import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBarcode, parseBarcode } from '#src/media/barcode';

test('LTO barcodes: six characters and a media id', () => {
  assert.deepEqual(parseBarcode('G00001L9'), { volumeSerial: 'G00001', kind: 'data', generation: 'LTO-9' });
  assert.deepEqual(parseBarcode('123456L5'), { volumeSerial: '123456', kind: 'data', generation: 'LTO-5' });
  assert.deepEqual(parseBarcode('ABC123LA'), { volumeSerial: 'ABC123', kind: 'data', generation: 'LTO-10' });
  assert.deepEqual(parseBarcode('ABC123M8'), { volumeSerial: 'ABC123', kind: 'data', generation: 'LTO-M8' });
});

test('WORM media ids of LTO-5 to LTO-10', () => {
  const ids = { LV: 'LTO-5', LW: 'LTO-6', LX: 'LTO-7', LY: 'LTO-8', LZ: 'LTO-9', LH: 'LTO-10' };
  for (const [id, generation] of Object.entries(ids)) {
    assert.deepEqual(parseBarcode(`W00001${id}`), { volumeSerial: 'W00001', kind: 'worm', generation });
  }
});

test('cleaning cartridges by media id and by prefix, in any shape', () => {
  assert.deepEqual(parseBarcode('CLNU01CU'), { volumeSerial: 'CLNU01', kind: 'cleaning', generation: undefined });
  assert.equal(parseBarcode('ABC001CU').kind, 'cleaning');
  for (const barcode of ['CLN001L1', 'CLR001L9', 'CLN001', 'CLN1'])
    assert.equal(parseBarcode(barcode).kind, 'cleaning', barcode);
});

test('other shapes tell nothing: the drive is asked', () => {
  const nothing = { volumeSerial: undefined, kind: undefined, generation: undefined };
  for (const barcode of [
    'BACK01',
    'G0001L9',
    'G000001L9',
    'g00001l9',
    'G00001XX',
    'G00001__',
    '12345678',
    'AB CDEL9',
  ]) {
    assert.deepEqual(parseBarcode(barcode), nothing, barcode);
  }
  // Names that every object has are no media ids.
  assert.deepEqual(parseBarcode('ABCDEF__proto__'), nothing);
});

test('barcodes are 1 to 32 printable characters', () => {
  for (const text of ['A', '000123', 'E1 5', '~'.repeat(32)]) assert.ok(isBarcode(text), text);
  for (const text of ['', ' A', 'A ', 'A\n', '\u0000', 'é', 'A'.repeat(33)])
    assert.ok(!isBarcode(text), JSON.stringify(text));
});

test('no barcode that a reader returns is too much', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseBarcode(text)));
});
