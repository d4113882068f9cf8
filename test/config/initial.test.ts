import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialCartridges } from '#src/config/initial-cartridges';
import { initialConfiguration } from '#src/config/initial-configuration';
import { parse } from '#test/config/configurations';

test('the first library has room for the cartridges that init puts into it', () => {
  const data = initialCartridges.filter(({ kind }) => kind === 'data').map(({ barcode }) => barcode);
  assert.equal(data.length, 20);
  assert.deepEqual([data[0], data.at(-1)], ['G00001L9', 'G00020L9']);
  assert.equal(initialCartridges.find(({ kind }) => kind === 'cleaning')?.barcode, 'CLNU01CU');
  const { main } = parse(initialConfiguration({ stagingSizeBytes: 2 ** 30, timeZone: 'UTC' })).libraries;
  assert.ok(Number(main?.settings['slots']) >= initialCartridges.length);
});

test('a staging area of less than a GiB is written in MiB', () => {
  const configuration = parse(initialConfiguration({ stagingSizeBytes: 100 * 2 ** 20, timeZone: 'UTC' }));
  assert.equal(configuration.staging.sizeBytes, 100 * 2 ** 20);
});

test('a library on the network is written as it was named, whatever stands in the name', () => {
  const choices = { stagingSizeBytes: 2 ** 30, timeZone: 'UTC' };
  for (const network of [
    { portal: '192.0.2.10:3260' },
    { portal: '[2001:db8::1]:3260', target: 'iqn.2026-11.example:library' },
    { portal: 'a", driver: virtual #', target: 'b\n  other: { driver: virtual }' },
  ]) {
    const { libraries } = parse(initialConfiguration({ ...choices, network }));
    assert.deepEqual(Object.keys(libraries), ['main']);
    assert.equal(libraries['main']?.driver, 'iscsi');
    assert.deepEqual({ ...libraries['main']?.settings }, network);
  }
});
