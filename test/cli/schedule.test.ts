import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { missingForMounts, mountSmallDisk } from '#test/support/mounts';

interface Day {
  readonly date: string;
  readonly cartridges: readonly string[];
  readonly reasons: readonly { readonly code: string }[];
}

const rotation = `    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'
    timeZone: UTC
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: daily }
    grandfather: { on: last friday of month, level: full, pool: daily }
`;
const week = ['--from', '2026-11-23', '--to', '2026-11-27'];

describe('schedule show --commit', () => {
  it('keeps the plan as it was shown, where a cartridge that comes later would be taken first otherwise', async () => {
    await using here = await prepared();
    const shown = await days(here, 'show', ...week);
    assert.deepEqual(
      shown.map(({ cartridges }) => cartridges.join()),
      ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9'],
    );
    // Shown is not kept: blank cartridges are taken in the order of their barcodes.
    await addCartridge(here, 'A00001L9');
    const committed = await days(here, 'show', ...week, '--commit');
    assert.deepEqual(committed[0]?.cartridges, ['A00001L9']);
    await addCartridge(here, 'A00000L9');
    const kept = await days(here, 'show', ...week);
    assert.deepEqual(
      kept.map(({ cartridges }) => cartridges),
      committed.map(({ cartridges }) => cartridges),
    );
    for (const { reasons } of kept) assert.ok(reasons.some(({ code }) => code === 'cartridge.remembered'));
    assert.equal((await here.command('schedule', 'show', ...week, '--commit')).exitCode, 0);
    assert.deepEqual(await days(here, 'show', ...week), kept);
    const run = JSON.parse((await here.command('backup', 'run', 'home', '--json')).stdout);
    assert.deepEqual(run.cartridges, ['A00001L9']);
  });

  it('keeps a plan with a shortage too, as far as it goes, and ends 3', async () => {
    await using here = await Installation.create({ rotation });
    const { exitCode } = await here.command('schedule', 'show', ...week, '--commit');
    assert.equal(exitCode, 3);
    assert.deepEqual(await keptDays(here), ['2026-11-23', '2026-11-24']);
  });
});

describe('schedule print', () => {
  it('fixes the plan that it prints, to standard output as to a file', async () => {
    for (const out of [[], ['--out', 'page.txt']]) {
      await using here = await prepared();
      const { exitCode, stdout } = await here.command('schedule', 'print', ...week, ...out);
      assert.equal(exitCode, 0);
      const path = join(here.folder, 'page.txt');
      const page = out.length === 0 ? stdout : readFileSync(path, 'utf8');
      if (out.length > 0) assert.equal(stdout, `wrote ${path}\n`);
      assert.match(page, /^Schedule of rotation office: 23 November 2026 to 27 November 2026\n/);
      assert.match(page, /2026-11-23 +Mon .* G00001L9 /);
      assert.match(page, /2026-11-27 +Fri .* G00005L9 /);
      assert.equal((await keptDays(here)).length, 5);
    }
  });

  it('says in JSON where the page went, or has it', async () => {
    await using here = await prepared();
    const printed = JSON.parse((await here.command('schedule', 'print', ...week, '--json')).stdout);
    const written = JSON.parse((await here.command('schedule', 'print', ...week, '--out', 'p', '--json')).stdout);
    assert.equal(written.out, join(here.folder, 'p'));
    assert.equal(written.page, undefined);
    assert.equal(printed.page, readFileSync(written.out, 'utf8'));
    assert.equal(printed.out, undefined);
    assert.deepEqual(Object.keys(printed).slice(0, 4), ['from', 'to', 'days', 'shortages']);
  });

  it('leaves a file that exists as it is, and fixes nothing', async () => {
    await using here = await prepared();
    writeFileSync(join(here.folder, 'page.txt'), 'last quarter');
    const error = await refused(here, 'page.txt');
    assert.deepEqual([error.code, error.exitCode], ['command.out-exists', 6]);
    assert.equal(readFileSync(join(here.folder, 'page.txt'), 'utf8'), 'last quarter');
    assert.equal((await refused(here, '.')).code, 'command.out-exists');
  });

  it('says that a page cannot be written where there is no folder for it, and fixes nothing', async () => {
    await using here = await prepared();
    writeFileSync(join(here.folder, 'file'), '');
    for (const out of ['missing/page.txt', 'file/page.txt']) {
      const error = await refused(here, out);
      assert.deepEqual([error.code, error.exitCode], ['command.out-not-written', 1]);
      assert.ok(error.message.startsWith(join(here.folder, out)), error.message);
      assert.match(error.remedy, /a folder that exists and that you may write to/);
    }
  });

  it('says so where the folder may not be written to', { skip: process.getuid?.() === 0 && 'root may' }, async () => {
    await using here = await prepared();
    const locked = join(here.folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    assert.equal((await refused(here, 'locked/page.txt')).code, 'command.out-not-written');
  });

  it('leaves no piece of a page on a full disk, or on one that is read-only', {
    skip: missingForMounts(),
  }, async () => {
    await using here = await prepared();
    using disk = mountSmallDisk(join(here.folder, 'disk'), 65_536);
    writeFileSync(join(disk.path, 'other'), Buffer.alloc(65_536 - 4096));
    // Pages of 92 days are longer than what is left.
    const error = await refused(here, 'disk/page.txt', '--to', '2027-12-31');
    assert.deepEqual([error.code, error.exitCode], ['command.out-not-written', 1]);
    assert.match(error.message, /ENOSPC/);
    assert.deepEqual(readdirSync(disk.path), ['other']);
    disk.makeReadOnly();
    assert.match((await refused(here, 'disk/page.txt')).message, /EROFS/);
  });
});

async function prepared(): Promise<Installation> {
  const cartridges = [1, 2, 3, 4, 5, 6].map((n) => `G0000${n}L9`);
  const here = await Installation.create({ rotation, cartridges });
  writeFileSync(join(here.source, 'letter'), 'dear');
  return here;
}

async function addCartridge(here: Installation, barcode: string): Promise<void> {
  writeFileSync(here.device.imagePath(barcode), '');
  assert.equal((await here.command('library', 'inventory')).exitCode, 0);
  await here.inventory();
}

async function days(here: Installation, verb: string, ...words: readonly string[]): Promise<readonly Day[]> {
  const { exitCode, stdout } = await here.command('schedule', verb, ...words, '--json');
  assert.equal(exitCode, 0, stdout);
  return JSON.parse(stdout).days;
}

const keptDays = (here: Installation): Promise<readonly string[]> =>
  here.withApp(async ({ catalog }) => (await catalog.allocations.list()).map(({ runDay }) => runDay));

/** Prints to a file that cannot be had: nothing is fixed. */
async function refused(here: Installation, out: string, ...words: readonly string[]) {
  const { exitCode, stdout } = await here.command('schedule', 'print', ...week, ...words, '--out', out, '--json');
  assert.deepEqual(await keptDays(here), []);
  return { ...JSON.parse(stdout).error, exitCode };
}
