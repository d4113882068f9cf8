import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from '#src/base/nearest-name';

test('a slip of the finger finds the name that was meant', () => {
  assert.equal(nearestName('stagign', ['state', 'staging', 'sets']), 'staging');
  assert.equal(nearestName('pool', ['pools', 'sets']), 'pools');
  assert.equal(nearestName('Timezone', ['timeZone']), 'timeZone');
});

test('a word that is far from all names finds none', () => {
  assert.equal(nearestName('colour', ['state', 'staging', 'sets']), undefined);
  assert.equal(nearestName('x'.repeat(100_000), ['state']), undefined);
});
