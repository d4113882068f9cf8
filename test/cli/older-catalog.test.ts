import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { compareTrees } from '#test/support/trees';

const barcode = 'G00001L9';
const named = /catalog is older than cartridge G00001L9.*grandsire catalog rebuild G00001L9\./;
type Now = Parameters<Installation['clock']['set']>[0];

describe('a catalog that is older than a cartridge', () => {
  it('does not label it anew; once read, it protects what it did not know', async () => {
    await using here = await Installation.create({ cartridges: [barcode] });
    const { image, dataSet } = await goBack(here);
    here.clock.set(Date.parse('2026-12-08T22:00:00Z') as Now);
    const refused = await label(here);
    assert.equal(refused.code, 'cartridge.newer-than-catalog');
    assert.match(`${refused.message} ${refused.remedy}`, named);
    assert.deepEqual(readFileSync(here.device.imagePath(barcode)), image);
    await assertFoundByRemedy(here, refused.remedy, dataSet);
  });

  it('does not write to it in a run that would begin it anew, which then waits for another', async () => {
    await using here = await Installation.create({ cartridges: [barcode] });
    const { image, dataSet } = await goBack(here);
    here.clock.set(Date.parse('2026-12-08T22:00:00Z') as Now);
    const { exitCode, stderr } = await here.command('backup', 'run', 'home', '--level', 'full');
    assert.equal(exitCode, 4, stderr);
    assert.match(stderr, named);
    assert.deepEqual(readFileSync(here.device.imagePath(barcode)), image);
    await assertFoundByRemedy(here, `grandsire catalog rebuild ${barcode}.`, dataSet);
  });

  it('does not write to it in a run that would append to it', async () => {
    await using here = await Installation.create({ cartridges: [barcode, 'G00002L9'] });
    const { image, dataSet } = await goBack(here);
    await assertPassedOver(here, image);
    await assertFoundByRemedy(here, `grandsire catalog rebuild ${barcode}.`, dataSet);
  });
});

/** A full, and ten days later another behind it, by a catalog that is then lost; in its place the one from in between. */
async function goBack(here: Installation) {
  writeFileSync(join(here.source, 'file'), randomBytes(300_000));
  const run = async (): Promise<string> => {
    const { exitCode, stdout } = await here.command('backup', 'run', 'home', '--level', 'full', '--json');
    assert.equal(exitCode, 0, stdout);
    assert.deepEqual(JSON.parse(stdout).cartridges, [barcode]);
    return JSON.parse(stdout).dataSet;
  };
  await run();
  const catalog = join(here.folder, 'state/catalog.sqlite');
  const saved = join(here.folder, 'saved.sqlite');
  assert.ok(!existsSync(`${catalog}-wal`));
  copyFileSync(catalog, saved);
  here.clock.set(Date.parse('2026-12-03T22:00:00Z') as Now);
  const dataSet = await run();
  copyFileSync(saved, catalog);
  return { image: readFileSync(here.device.imagePath(barcode)), dataSet };
}

async function label(here: Installation): Promise<{ code: string; message: string; remedy: string }> {
  const { exitCode, stdout } = await here.command('cartridge', 'label', barcode, '--yes', '--json');
  assert.equal(exitCode, 6, stdout);
  return JSON.parse(stdout).refused[0];
}

async function assertPassedOver(here: Installation, image: Buffer): Promise<void> {
  const { exitCode, stdout } = await here.command('backup', 'run', 'home', '--level', 'full', '--json');
  assert.equal(exitCode, 3, stdout);
  const { cartridges, warnings } = JSON.parse(stdout);
  assert.deepEqual(cartridges, ['G00002L9']);
  assert.deepEqual(
    warnings.map(({ code }: { code: string }) => code),
    ['cartridge.newer-than-catalog'],
  );
  assert.match(warnings[0].message, named);
  assert.deepEqual(readFileSync(here.device.imagePath(barcode)), image);
  // It is not offered again.
  const again = await here.command('backup', 'run', 'home', '--level', 'full', '--json');
  assert.equal(again.exitCode, 0, again.stdout);
}

/** The command that the remedy names, as it stands there. */
async function assertFoundByRemedy(here: Installation, remedy: string, dataSet: string): Promise<void> {
  const argv = /grandsire (catalog rebuild \S+)\.$/.exec(remedy)?.[1]?.split(' ');
  assert.ok(argv, remedy);
  const rebuilt = await here.command(...argv);
  assert.equal(rebuilt.exitCode, 0, rebuilt.stdout + rebuilt.stderr);
  const shown = JSON.parse((await here.command('cartridge', 'show', barcode, '--json')).stdout);
  assert.equal(shown.condition, 'good');
  assert.ok(shown.dataSets.includes(dataSet));
  const to = join(here.folder, 'to');
  assert.deepEqual((await here.restore(dataSet, to)).failed, []);
  assert.deepEqual(compareTrees(here.source, join(to, here.source)), []);
  assert.equal((await label(here)).code, 'cartridge.protected');
}
