import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TimeZone } from '#src/base/time-zone';
import { loadConfiguration } from '#src/config/load-configuration';
import { least } from '#test/config/configurations';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'grandsire-config-'));
  for (const name of ['option', 'environment', 'here', 'empty']) mkdirSync(join(folder, name));
  for (const name of ['option', 'environment', 'here']) writeFileSync(join(folder, name, 'grandsire.yaml'), least);
  writeFileSync(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0xe4]));
});
after(() => rmSync(folder, { recursive: true }));

const load = (here: string, option?: string, environment?: string) =>
  loadConfiguration({ option, environment, folder: join(folder, here), machineTimeZone: 'UTC' as TimeZone }).file;

test('the option comes before the environment, and that before the current folder', () => {
  const environment = join(folder, 'environment/grandsire.yaml');
  assert.equal(load('here', '../option/grandsire.yaml', environment), join(folder, 'option/grandsire.yaml'));
  assert.equal(load('here', undefined, environment), environment);
  assert.equal(load('here'), join(folder, 'here/grandsire.yaml'));
});

test('a file that is named and missing is not replaced by another', () => {
  assert.throws(() => load('here', 'missing.yaml'), {
    code: 'config.not-found',
    message: /missing\.yaml does not exist/,
  });
  assert.throws(() => load('here', undefined, '/missing/g.yaml'), { code: 'config.not-found' });
});

test('what is no text file is refused', () => {
  assert.throws(() => load('here', '/dev/zero'), { code: 'config.not-found', message: /is not a file/ });
  assert.throws(() => load('here', '.'), { code: 'config.not-found', message: /is not a file/ });
  assert.throws(() => load('here', '../latin1.yaml'), { code: 'config.not-found', message: /not UTF-8/ });
});

test('without any, the remedy is init', () => {
  assert.throws(() => load('empty'), { code: 'config.not-found', remedy: /`grandsire init`/ });
});
