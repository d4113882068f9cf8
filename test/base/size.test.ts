import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSize } from '#src/base/size';

test('binary and decimal units are told apart', () => {
  assert.equal(parseSize('200GiB'), 214_748_364_800);
  assert.equal(parseSize('200 GB'), 200_000_000_000);
  assert.equal(parseSize('1.5KiB'), 1536);
  assert.equal(parseSize('512'), 512);
  assert.equal(parseSize(4096), 4096);
  assert.equal(parseSize('1.1GiB'), 1_181_116_006);
});

test('what is no size, or no exact one, is refused', () => {
  for (const text of [
    '',
    'GiB',
    '-1GiB',
    '1 gib',
    '1e9',
    '1.5',
    '0.5B',
    '9007199254740993',
    '99999TiB1',
    '1constructor',
    '10000 TiB',
  ]) {
    assert.equal(parseSize(text), undefined, text);
  }
  assert.equal(parseSize(Number.NaN), undefined);
  assert.equal(parseSize(1.5), undefined);
});
