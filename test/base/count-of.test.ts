import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf } from '#src/base/count-of';

test('one is in the singular, none and many are not', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => countOf(count, 'segment')),
    ['0 segments', '1 segment', '2 segments'],
  );
  assert.equal(countOf(1, 'entry', 'entries'), '1 entry');
  assert.equal(countOf(0, 'entry', 'entries'), '0 entries');
});
