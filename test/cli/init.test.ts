import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { calendarDay } from '#src/base/calendar-day';
import type { TimeZone } from '#src/base/time-zone';
import { loadConfiguration } from '#src/config/load-configuration';
import { readPlanningState } from '#src/jobs/planning-state';
import { simulate } from '#src/rotation/simulate';
import { invoke } from '#test/cli/invoke';
import { createWorkplace } from '#test/cli/workplace';

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

test('the first run finds the cartridges: they are in the catalog, blank by making', async () => {
  using place = await createWorkplace();
  const { cartridges } = (await place.json(['cartridge', 'list'])) as { cartridges: Record<string, unknown>[] };
  assert.equal(cartridges.length, 21);
  for (const { barcode, kind, fill, pool, generation } of cartridges) {
    const expected =
      barcode === 'CLNU01CU' ? ['cleaning', 'unknown', 'scratch', null] : ['data', 'blank', 'scratch', 'LTO-9'];
    assert.deepEqual([kind, fill, pool, generation], expected, String(barcode));
  }
  const next = (await place.json(['schedule', 'next'])) as { cartridges: string[] };
  assert.deepEqual(next.cartridges, ['G00001L9']);
});

test('the first year of its rotation has no shortage', async () => {
  using place = await createWorkplace();
  await using app = await place.open();
  const state = await readPlanningState(app.catalog, app.planning);
  const [from, to] = [calendarDay('2026-11-27'), calendarDay('2027-11-27')];
  const runs = [...simulate(state, { from, to })];
  // 52 weeks of Mondays to Fridays, and the Friday on which it begins.
  assert.equal(runs.length, 261);
  assert.deepEqual(
    runs.filter(({ shortage, cartridges }) => shortage !== undefined || cartridges.length !== 1),
    [],
  );
});

test('a library that is there already stays as it is, and nobody says that it is blank', async () => {
  const held = join(folder, 'held');
  assert.equal((await invoke(['init', 'held'], { folder })).exitCode, 0);
  for (const name of ['grandsire.yaml', 'state']) rmSync(join(held, name), { recursive: true });
  const fills = async () => {
    const { stdout } = await invoke(['cartridge', 'show', 'G00001L9', '--json'], { folder: held });
    return JSON.parse(stdout).fill;
  };
  assert.equal((await invoke(['init'], { folder: held })).exitCode, 0);
  assert.equal(await fills(), 'unknown');
  // Only the cartridges are left of it: they may carry anything.
  for (const name of ['grandsire.yaml', 'state', 'virtual-library/library.json'])
    rmSync(join(held, name), { recursive: true });
  writeFileSync(join(held, 'virtual-library/cartridges/G00001L9.tap'), 'something');
  rmSync(join(held, 'virtual-library/cartridges/G00002L9.tap'));
  assert.equal((await invoke(['init'], { folder: held })).exitCode, 0);
  assert.equal(await fills(), 'unknown');
  assert.equal(readdirSync(join(held, 'virtual-library/cartridges')).length, 20);
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

test('init for a library on the network: what is wrong with its address keeps the file from being written', async () => {
  const refused = await invoke(['init', 'wrong', '--portal', 'no port:here'], { folder });
  assert.equal(refused.exitCode, 2, refused.stderr);
  assert.match(refused.stderr, /portal.*is no address/);
  assert.ok(!existsSync(join(folder, 'wrong')));
  const alone = await invoke(['init', 'wrong', '--target', 'iqn.2026-11.example:library'], { folder });
  assert.equal(alone.exitCode, 2, alone.stderr);
});

test('init for a library on the network that does not answer: the file is written, and the warning says what to do', async () => {
  // Port 1 of loopback: nothing listens there.
  const run = await invoke(['init', 'network', '--portal', '127.0.0.1:1', '--json'], { folder });
  assert.equal(run.exitCode, 3, run.stderr);
  const { libraries, warnings } = JSON.parse(run.stdout);
  assert.deepEqual(libraries, []);
  assert.equal(warnings[0].code, 'device.unreachable');
  assert.match(warnings[0].message, /127\.0\.0\.1:1: nothing listens there.*grandsire library inventory/s);
  assert.match(
    readFileSync(join(folder, 'network/grandsire.yaml'), 'utf8'),
    /driver: iscsi\n {4}portal: "127\.0\.0\.1:1"\n/,
  );
});
