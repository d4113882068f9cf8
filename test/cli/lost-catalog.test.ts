import assert from 'node:assert/strict';
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';

// Some dozen commands that synchronise after each step: on memory, where there is some, that costs nothing.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

describe('a library that nobody has looked into', () => {
  it('is looked into by a run, which names what has to be read before it can be written', async () => {
    await using here = await withLostCatalog();
    const run = await here.command('backup', 'run', 'home', '--json');
    assert.equal(run.exitCode, 4, run.stdout);
    assert.deepEqual(await listed(here, 'barcode'), ['G00001L9', 'G00002L9', 'G00003L9']);
    // What an operator does who follows the remedy: two blank ones are labelled, and the one with the backups is left alone.
    const labelled = await here.command('cartridge', 'label', '--all-blank', '--json');
    assert.equal(labelled.exitCode, 3, labelled.stdout);
    const { refused } = JSON.parse(labelled.stdout);
    assert.equal(refused.length, 1);
    assert.match(refused[0].remedy, /grandsire catalog rebuild G00001L9/);
    assert.deepEqual(await listed(here, 'condition'), ['suspect', 'good', 'good']);
    for (const barcode of ['G00002L9', 'G00003L9']) rmSync(here.device.imagePath(barcode));
    await here.command('library', 'inventory');
    const again = JSON.parse((await here.command('backup', 'run', 'home', '--json')).stdout);
    assert.equal(again.error.code, 'cartridge.none-suitable');
    assert.match(again.error.remedy, /grandsire catalog rebuild G00001L9\./);
    const rebuilt = await here.command('catalog', 'rebuild', '--json');
    assert.equal(JSON.parse(rebuilt.stdout).files > 0, true, rebuilt.stdout);
    assert.deepEqual((await listed(here, 'condition'))[0], 'good');
    await here.command('catalog', 'rebuild', '--accept');
    tick(here);
    const next = await here.command('backup', 'run', 'home', '--json');
    assert.deepEqual([next.exitCode, JSON.parse(next.stdout).cartridges], [0, ['G00001L9']], next.stdout);
  });

  it('is looked into by what names a cartridge in it, and by a rebuild', async () => {
    for (const argv of [
      ['cartridge', 'identify', 'G00001L9'],
      ['cartridge', 'read', 'G00001L9', '--file', '0', '--out', 'label'],
      ['cartridge', 'label', 'G00002L9'],
      ['drive', 'load', 'G00001L9'],
      ['catalog', 'rebuild', 'G00001L9'],
      ['catalog', 'rebuild'],
    ]) {
      await using here = await withLostCatalog();
      const { exitCode, stdout, stderr } = await here.command(...argv);
      assert.ok(exitCode === 0 || exitCode === 3, `${argv.join(' ')}: ${stdout}${stderr}`);
      assert.equal((await listed(here, 'barcode')).length, 3, argv.join(' '));
      assert.equal((await here.command('drive', 'unload')).exitCode, 0);
    }
  });

  it('has nothing to be accepted, and a rebuild that reads nothing says so', async () => {
    await using here = await withLostCatalog();
    const { exitCode, stdout } = await here.command('catalog', 'rebuild', '--accept', '--json');
    assert.equal(exitCode, 5);
    const { error } = JSON.parse(stdout);
    assert.equal(error.code, 'library.not-inventoried');
    assert.match(error.remedy, /grandsire library inventory --library main/);
    assert.equal((await here.command('catalog', 'rebuild', '--accept', 'G00009L9')).exitCode, 5);
    for (const barcode of ['G00001L9', 'G00002L9', 'G00003L9']) rmSync(here.device.imagePath(barcode));
    await here.command('library', 'inventory');
    assert.match((await here.command('catalog', 'rebuild')).stdout, /^no cartridge was read/);
    assert.match((await here.command('catalog', 'rebuild', '--accept')).stdout, /nothing waits to be accepted/);
  });
});

describe('a run without a cartridge', () => {
  it('finds the one that was put in since the last look', async () => {
    await using here = await Installation.create({ cartridges: ['G00001L9', 'G00002L9'] });
    await here.command('cartridge', 'label', 'G00001L9', '--pool', 'daily');
    for (const barcode of ['G00001L9', 'G00002L9']) here.device.editCartridge(barcode, { place: 'outside' });
    await here.command('drive', 'unload');
    assert.equal((await here.command('library', 'status')).stdout.includes('G0000'), false);
    writeFileSync(join(here.source, 'letter'), 'dear');
    here.device.editCartridge('G00001L9', { place: 'slot:5' });
    const run = await here.command('backup', 'run', 'home', '--json');
    assert.deepEqual([run.exitCode, JSON.parse(run.stdout).cartridges], [0, ['G00001L9']], run.stdout);
  });

  it('names those that it met and passed over', async () => {
    await using here = await Installation.create({ cartridges: ['G00001L9', 'G00002L9'] });
    await here.command('cartridge', 'label', 'G00001L9', 'G00002L9', '--pool', 'daily');
    const [first, second] = [here.device.imagePath('G00001L9'), here.device.imagePath('G00002L9')];
    const away = join(here.folder, 'away');
    copyFileSync(first, away);
    copyFileSync(second, first);
    copyFileSync(away, second);
    writeFileSync(join(here.source, 'letter'), 'dear');
    const run = await here.command('backup', 'run', 'home', '--json');
    assert.equal(run.exitCode, 4, run.stdout);
    const { message } = JSON.parse(run.stdout).error;
    assert.ok(message.includes('G00001L9 (cartridge.wrong-volume)'), message);
    assert.match(run.stderr, /warning: volume .* is on cartridge G00001L9 .* and on cartridge G00002L9 /);
  });
});

describe('a run that is short of room', () => {
  it('writes what an interrupted run left in staging, and goes on', async () => {
    await using here = await withLeftovers();
    const run = await here.command('backup', 'run', 'home', '--json');
    assert.equal(run.exitCode, 0, run.stdout);
    const { dataSets } = JSON.parse((await here.command('backup', 'list', '--json')).stdout);
    const states = dataSets.map(({ state, staged }: { state: string; staged: boolean }) => [state, staged]);
    assert.deepEqual(states, [
      ['complete', false],
      ['interrupted', false],
    ]);
    assert.equal((await here.command('catalog', 'check')).exitCode, 0);
  });

  it('says that no cartridge is left where that is what keeps the room from being made', async () => {
    await using here = await withLeftovers();
    here.device.editCartridge('G00001L9', { writeProtected: true });
    const run = await here.command('backup', 'run', 'home', '--json');
    assert.equal(run.exitCode, 4, run.stdout);
    assert.match(JSON.parse(run.stdout).error.message, /passed over: G00001L9 \(cartridge.write-protected\)/);
  });
});

/** An interrupted run that fills the staging area. */
async function withLeftovers(): Promise<Installation> {
  const here = await Installation.create({ cartridges: ['G00001L9'], stagingSize: '4MiB' });
  for (let n = 0; n < 8; n += 1) writeFileSync(join(here.source, `file-${n}`), Buffer.alloc(1 << 20, `${n}`));
  const staged = await here.command('backup', 'run', 'home', '--stage-only', '--json');
  assert.equal(JSON.parse(staged.stdout).error.code, 'staging.full');
  tick(here);
  return here;
}

/** A backup on the first of three cartridges; then the state folder is gone. */
async function withLostCatalog(): Promise<Installation> {
  const here = await Installation.create({ cartridges: ['G00001L9', 'G00002L9', 'G00003L9'] });
  writeFileSync(join(here.source, 'letter'), 'dear');
  const { exitCode, stderr } = await here.command('backup', 'run', 'home');
  assert.equal(exitCode, 0, stderr);
  rmSync(join(here.folder, 'state'), { recursive: true });
  tick(here);
  return here;
}

const tick = ({ clock }: Installation): void => clock.set((clock.now() + 60_000) as ReturnType<typeof clock.now>);

async function listed(here: Installation, field: 'barcode' | 'condition'): Promise<readonly string[]> {
  const { cartridges } = JSON.parse((await here.command('cartridge', 'list', '--json')).stdout);
  return cartridges.map((cartridge: Readonly<Record<string, string>>) => cartridge[field]);
}
