import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { missingForMounts, mountFolder, mountSmallDisk } from '#test/support/mounts';

interface Ran {
  readonly exitCode: number;
  readonly dataSet: string;
  readonly codes: readonly string[];
}

describe('mount points below what is backed up', { skip: missingForMounts() }, () => {
  it('are archived as empty directories with one file system only, and recorded with their devices', async () => {
    await using here = await prepared();
    using disk = mountSmallDisk(join(here.source, 'mounted'), 65_536);
    writeFileSync(join(disk.path, 'inner'), 'of another file system');
    const { exitCode, dataSet } = await run(here, 'full');
    assert.equal(exitCode, 0);
    const to = await restored(here, dataSet);
    assert.deepEqual(readdirSync(to).sort(), ['mounted', 'outer']);
    assert.deepEqual(readdirSync(join(to, 'mounted')), []);
    assert.deepEqual(await fileSystems(here, dataSet), devices(here.source, disk.path));
  });

  it('are gone through where all file systems are wanted, and recorded', async () => {
    await using here = await prepared({ oneFileSystem: false });
    using disk = mountSmallDisk(join(here.source, 'mounted'), 65_536);
    writeFileSync(join(disk.path, 'inner'), 'of another file system');
    const { exitCode, dataSet } = await run(here, 'full');
    assert.equal(exitCode, 0);
    assert.equal(readFileSync(join(await restored(here, dataSet), 'mounted/inner'), 'utf8'), 'of another file system');
    assert.deepEqual(await fileSystems(here, dataSet), devices(here.source, disk.path));
  });

  it('a disk that is not mounted any more is a failure, and what was on it is not deleted', async () => {
    await using here = await prepared({ oneFileSystem: false });
    using disk = mountSmallDisk(join(here.source, 'mounted'), 65_536);
    writeFileSync(join(disk.path, 'inner'), 'of another file system');
    writeFileSync(join(here.source, 'removed'), 'removed later');
    await run(here, 'full');
    disk[Symbol.dispose]();
    rmSync(join(here.source, 'removed'));
    const second = await run(here, 'incremental');
    assert.equal(second.exitCode, 3);
    assert.deepEqual(second.codes, ['file.other-file-system']);
    const to = await restored(here, second.dataSet);
    assert.equal(readFileSync(join(to, 'mounted/inner'), 'utf8'), 'of another file system');
    // The same run does see what is gone from the file system that is as before.
    assert.equal(existsSync(join(to, 'removed')), false);
  });

  it('another disk in the place of a root is a failure, and what was there is not deleted', async () => {
    await using here = await prepared();
    await run(here, 'full');
    using _disk = mountSmallDisk(here.source, 65_536);
    writeFileSync(join(here.source, 'new'), 'of the other disk');
    const second = await run(here, 'incremental');
    assert.equal(second.exitCode, 3);
    assert.deepEqual(second.codes, ['file.other-file-system']);
    const to = await restored(here, second.dataSet);
    assert.deepEqual(readdirSync(to).sort(), ['mounted', 'new', 'outer']);
  });

  for (const [what, at, oneFileSystem] of [
    ['a mount point', 'mounted', false],
    ['a root', '.', true],
  ] as const) {
    it(`what was on a disk in the place of ${what} is missed by every run until a full by hand`, async () => {
      await using here = await prepared({ oneFileSystem });
      const path = join(here.source, at);
      using disk = mountSmallDisk(path, 65_536);
      writeFileSync(join(path, 'inner'), 'of the disk');
      await run(here, 'full');
      disk[Symbol.dispose]();
      const missing = { exitCode: 3, codes: ['file.other-file-system'] };
      await assertRun(here, 'incremental', missing);
      await assertRun(here, 'differential', missing);
      const last = await assertRun(here, 'incremental', missing);
      assert.equal(readFileSync(join(await restored(here, last), at, 'inner'), 'utf8'), 'of the disk');
      await assertRun(here, 'full', missing);
      const after = await assertRun(here, 'incremental', { exitCode: 0, codes: [] });
      assert.equal(existsSync(join(await restored(here, after), at, 'inner')), false);
      await assertRun(here, 'full', { exitCode: 0, codes: [] });
    });
  }

  it('a full run that nobody asked for does not forget a disk that is not mounted', async () => {
    await using here = await prepared({ oneFileSystem: false });
    using disk = mountSmallDisk(join(here.source, 'mounted'), 65_536);
    writeFileSync(join(disk.path, 'inner'), 'of another file system');
    await run(here, 'full');
    disk[Symbol.dispose]();
    for (const level of [undefined, 'incremental', undefined]) {
      await assertRun(here, level, { exitCode: 3, codes: ['file.other-file-system'] });
    }
  });

  it('a mount point that is gone with its disk is not deleted', async () => {
    await using here = await prepared({ oneFileSystem: false });
    using disk = mountSmallDisk(join(here.source, 'media/disk'), 65_536);
    writeFileSync(join(disk.path, 'inner'), 'of another file system');
    await run(here, 'full');
    disk[Symbol.dispose]();
    rmSync(join(here.source, 'media'), { recursive: true });
    await assertRun(here, 'incremental', { exitCode: 3, codes: ['file.other-file-system'] });
    const last = await assertRun(here, 'incremental', { exitCode: 3, codes: ['file.other-file-system'] });
    assert.equal(existsSync(join(await restored(here, last), 'media/disk/inner')), true);
  });

  it('a disk that is mounted over a folder does not make its content count as deleted', async () => {
    await using here = await prepared({ oneFileSystem: false });
    writeFileSync(join(here.source, 'mounted/covered'), 'covered');
    await run(here, 'full');
    using disk = mountSmallDisk(join(here.source, 'mounted'), 65_536);
    writeFileSync(join(disk.path, 'inner'), 'of another file system');
    await assertRun(here, 'incremental', { exitCode: 3, codes: ['file.other-file-system'] });
    const last = await assertRun(here, 'incremental', { exitCode: 3, codes: ['file.other-file-system'] });
    assert.equal(existsSync(join(await restored(here, last), 'mounted/covered')), true);
    disk[Symbol.dispose]();
    // All is as it was: what was on the disk is what is gone now.
    const { exitCode, dataSet } = await run(here, 'incremental');
    assert.equal(exitCode, 0);
    assert.deepEqual(readdirSync(join(await restored(here, dataSet), 'mounted')), ['covered']);
  });

  it('another disk on which nothing is missing is as good as the one of before', async () => {
    await using here = await prepared();
    await run(here, 'full');
    using disk = mountSmallDisk(here.source, 65_536);
    writeFileSync(join(disk.path, 'outer'), 'outer');
    mkdirSync(join(disk.path, 'mounted'));
    assert.equal((await run(here, 'incremental')).exitCode, 0);
    rmSync(join(disk.path, 'outer'));
    const { exitCode, dataSet } = await run(here, 'incremental');
    assert.equal(exitCode, 0);
    assert.deepEqual(readdirSync(await restored(here, dataSet)), ['mounted']);
  });

  it('a mount point that is no longer one does not matter where it was not gone into', async () => {
    await using here = await prepared();
    using disk = mountSmallDisk(join(here.source, 'mounted'), 65_536);
    await run(here, 'full');
    disk[Symbol.dispose]();
    await assertRun(here, 'incremental', { exitCode: 0, codes: [] });
    await assertRun(here, undefined, { exitCode: 0, codes: [] });
  });

  it('another folder of the same file system in the place of a mount point is as good as its content', async () => {
    await using here = await prepared({ oneFileSystem: false });
    const other = join(here.folder, 'other');
    mkdirSync(other);
    writeFileSync(join(here.source, 'mounted/before'), 'before');
    writeFileSync(join(other, 'after'), 'after');
    await run(here, 'full');
    using _bound = mountFolder(other, join(here.source, 'mounted'));
    const second = await run(here, 'incremental');
    assert.equal(second.exitCode, 0);
    assert.deepEqual(readdirSync(join(await restored(here, second.dataSet), 'mounted')), ['after']);
  });

  it('a root that is missing is a failure, and nothing of it is deleted', async () => {
    await using here = await prepared();
    await run(here, 'full');
    renameSync(here.source, `${here.source}-away`);
    const { exitCode, stdout } = await here.command('backup', 'run', 'home', '--level', 'incremental', '--json');
    assert.equal(exitCode, 1);
    assert.equal(JSON.parse(stdout).error.code, 'backup.root-missing');
    renameSync(`${here.source}-away`, here.source);
    later(here);
    const { dataSet } = await run(here, 'incremental');
    assert.equal(readFileSync(join(await restored(here, dataSet), 'outer'), 'utf8'), 'outer');
  });
});

async function prepared({ oneFileSystem = true } = {}): Promise<Installation> {
  const here = await Installation.create();
  const file = join(here.folder, 'grandsire.yaml');
  const text = readFileSync(file, 'utf8');
  // Staying on one is what happens where nothing is said.
  if (!oneFileSystem) writeFileSync(file, text.replace('home: {', 'home: { oneFileSystem: false,'));
  writeFileSync(join(here.source, 'outer'), 'outer');
  mkdirSync(join(here.source, 'mounted'));
  return here;
}

/** Without a level nobody asked for one: a full, since the set has no rotation. */
async function run(here: Installation, level: string | undefined): Promise<Ran> {
  const words = ['backup', 'run', 'home', ...(level ? ['--level', level] : []), '--stage-only', '--json'];
  const { exitCode, stdout } = await here.command(...words);
  const { dataSet, warnings, error } = JSON.parse(stdout);
  assert.equal(error, undefined, stdout);
  later(here);
  return { exitCode, dataSet, codes: warnings.map(({ code }: { readonly code: string }) => code) };
}

async function assertRun(
  here: Installation,
  level: string | undefined,
  expected: Pick<Ran, 'exitCode' | 'codes'>,
): Promise<string> {
  const { dataSet, ...outcome } = await run(here, level);
  assert.deepEqual(outcome, expected);
  return dataSet;
}

function later(here: Installation): void {
  here.clock.set((here.clock.now() + 60_000) as ReturnType<typeof here.clock.now>);
}

/** The tree as the data set and what it builds on have it. */
async function restored(here: Installation, dataSet: string): Promise<string> {
  const to = join(here.folder, `to-${dataSet}`);
  assert.deepEqual((await here.restore(dataSet, to)).failed, []);
  return join(to, here.source);
}

const fileSystems = (here: Installation, id: string): Promise<ReadonlyMap<string, string>> =>
  here.withApp(async ({ catalog }) => {
    const dataSet = await catalog.dataSets.byId(id);
    const rows = dataSet ? await catalog.dataSets.fileSystems(dataSet.key) : [];
    return new Map(rows.map(({ path, device }) => [Buffer.from(path).toString(), device]));
  });

/** As the mount table has them. */
const devices = (...paths: readonly string[]): ReadonlyMap<string, string> =>
  new Map(paths.map((path) => [path, tell('findmnt', '--noheadings', '--output', 'MAJ:MIN', '--target', path)]));

const tell = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8' }).trim();
