import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TimeZone } from '#src/base/time-zone';
import { loadConfiguration } from '#src/config/load-configuration';
import { invoke } from '#test/cli/invoke';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'grandsire-init-'));
});
after(() => rmSync(folder, { recursive: true }));

test('init writes a configuration that is accepted, with staging for this disk and the zone of this machine', async () => {
  const run = await invoke(['init', 'new', '--json'], { folder });
  assert.equal(run.exitCode, 0, run.stderr);
  const { configuration, stagingBytes, libraries } = JSON.parse(run.stdout);
  assert.equal(configuration, join(folder, 'new/grandsire.yaml'));
  const machineTimeZone = 'UTC' as TimeZone;
  const loaded = loadConfiguration({ option: configuration, environment: undefined, folder, machineTimeZone });
  assert.deepEqual(libraries, ['main']);
  const images = readdirSync(join(folder, 'new/virtual-library/cartridges'));
  assert.equal(images.length, 21);
  assert.ok(images.includes('G00001L9.tap') && images.includes('CLNU01CU.tap'), images.join(' '));
  assert.equal(loaded.staging.sizeBytes, stagingBytes);
  const { bavail, bsize } = statfsSync(folder);
  assert.ok(stagingBytes <= Math.max(200 * 2 ** 30, (bavail * bsize) / 4));
  assert.equal(loaded.rotations['office']?.timeZone, 'Europe/Zurich');
  assert.deepEqual(Object.keys(loaded.sets), ['home']);
});

test('an existing configuration is refused and stays as it is', async () => {
  const file = join(folder, 'again/grandsire.yaml');
  assert.equal((await invoke(['init', 'again'], { folder })).exitCode, 0);
  const before = readFileSync(file, 'utf8');
  const run = await invoke(['init', 'again', '--yes'], { folder });
  assert.equal(run.exitCode, 6);
  assert.match(run.stderr, /again\/grandsire\.yaml exists already/);
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('a folder that cannot be made is named', async () => {
  const run = await invoke(['init', '/proc/none', '--json'], { folder });
  assert.equal(run.exitCode, 1);
  assert.equal(JSON.parse(run.stdout).error.code, 'config.not-written');
});
