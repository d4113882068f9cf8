import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { missingForMounts, mountSmallDisk, type TestMount } from '#test/support/mounts';

// Some dozen runs that synchronise after each step: on memory, where there is some, that costs nothing.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

/** What the kernel gives out of a file system in memory. */
const pageBytes = 4096;
const large = 64 << 20;

describe('a full disk', { skip: missingForMounts() }, () => {
  describe('of the staging area', () => {
    for (const [how, words] of [
      ['that only stages', ['--stage-only']],
      ['that writes to cartridges meanwhile', []],
    ] as const) {
      // Sizes at which the first call that fails is the making of a folder, one that writes a segment, or one that writes its index part.
      for (const pages of [2, 257, 602]) {
        it(`of ${pages} pages ends a run ${how}, and what was staged is whole`, async () => {
          await using here = await prepared();
          using disk = mountSmallDisk(join(here.folder, 'staging'), pages * pageBytes);
          const error = await failed(here, ...words);
          assert.deepEqual([error.code, error.exitCode], ['staging.full', 1], error.message);
          assert.match(error.message, /^\/.*\/staging: the file system of the staging area has no room left; /);
          assert.match(error.remedy, /^Make room on its disk, .*"grandsire staging flush"\.$/);
          const [dataSet = ''] = await dataSets(here, 'interrupted');
          const staged = await segments(here, dataSet);
          assert.match(error.message, staged.length === 0 ? /nothing of .* was staged$/ : /(\d) segments? of/);
          assert.equal(Number(/(\d) segments? of/.exec(error.message)?.[1] ?? 0), staged.length);
          const torn = readdirSync(join(disk.path, dataSet)).filter(
            (name) => !/^(\d{6}\.(segment|index|json)|data-set\.json)$/.test(name),
          );
          assert.deepEqual(torn, []);
          assert.equal((await here.command('catalog', 'check')).exitCode, 0);
          await assertRestores(here, dataSet, { least: staged.length });
          disk.resize(large);
          await assertNextRuns(here, ...words);
        });
      }
    }

    it('does not keep a run waiting that nobody makes room for; "staging flush" does', async () => {
      await using here = await prepared({ stagingSize: '3MiB' });
      const first = await failed(here, '--stage-only');
      assert.deepEqual([first.code, first.exitCode], ['staging.full', 1]);
      const [interrupted = ''] = await dataSets(here, 'interrupted');
      // What the first left holds the room, and a run that only stages cannot write it.
      const second = await failed(here, '--stage-only');
      assert.deepEqual([second.code, second.exitCode], ['staging.full', 1]);
      const { exitCode, stdout } = await here.command('staging', 'flush', '--json');
      assert.equal(exitCode, 0, stdout);
      assert.equal(JSON.parse(stdout).flushed[0].dataSet, interrupted);
      await assertRestores(here, interrupted, { least: 2 });
      await assertNextRuns(here);
    });

    it('does not keep what a dead process left there from being closed, and says what it wants where there is no room for an index', async () => {
      await using here = await prepared();
      using disk = mountSmallDisk(join(here.folder, 'staging'), large);
      const killed = here.start(['backup', 'run', 'home', '--stage-only'], {
        GRANDSIRE_TRACE_STOP: 'data-set.recorded:1',
      });
      assert.equal((await killed.ended).signal, 'SIGKILL');
      writeFileSync(join(disk.path, 'other'), '');
      const { bsize, blocks, bfree } = statfsSync(disk.path);
      disk.resize((blocks - bfree) * bsize);
      fillUp(join(disk.path, 'other'));
      const [dataSet = ''] = await dataSets(here, 'open');
      const full = await here.command('staging', 'flush', '--json');
      const { left } = JSON.parse(full.stdout);
      assert.deepEqual([left?.[0]?.dataSet, left?.[0]?.code], [dataSet, 'staging.full'], full.stdout);
      assert.deepEqual(await dataSets(here, 'interrupted'), [dataSet]);
      rmSync(join(disk.path, 'other'));
      disk.resize(large);
      const flush = await here.command('staging', 'flush', '--json');
      assert.deepEqual(JSON.parse(flush.stdout).flushed, [{ dataSet, cartridges: ['G00001L9'] }], flush.stdout);
      await assertNextRuns(here);
    });

    it('that is read-only is said before anything is begun, and what is staged waits', async () => {
      await using here = await prepared();
      using disk = mountSmallDisk(join(here.folder, 'staging'), large);
      const staged = await here.command('backup', 'run', 'home', '--stage-only', '--json');
      assert.equal(staged.exitCode, 0, staged.stdout);
      disk.makeReadOnly();
      const error = await failed(here);
      assert.deepEqual([error.code, error.exitCode], ['staging.not-writable', 1], error.message);
      assert.match(error.remedy, /findmnt -T \/.*\/staging; /);
      const flush = await here.command('staging', 'flush', '--json');
      assert.equal(JSON.parse(flush.stdout).error.code, 'staging.not-writable');
      disk.makeWritable();
      await assertRestores(here, JSON.parse(staged.stdout).dataSet, { least: 440 });
      await assertNextRuns(here);
    });

    it('an interruption ends a run that waits for room', async () => {
      // Whether a cartridge is mounted before the run knows that nothing can move is a race; asked is what happens where it is.
      for (let attempt = 1; ; attempt += 1) {
        await using here = await prepared();
        using disk = mountSmallDisk(join(here.folder, 'staging'), 900 * pageBytes);
        const variables = { GRANDSIRE_TRACE_STOP: 'mount.carried:1:SIGINT' };
        const { exitCode, output } = await here.start(['backup', 'run', 'home'], variables).ended;
        if (exitCode === 1 && output.includes('has no room left') && attempt < 8) continue;
        assert.equal(exitCode, 130, output);
        disk.resize(large);
        await assertNextRuns(here);
        return;
      }
    });
  });

  it('of the cartridges’ images keeps what was committed, and no cartridge gets a bad name for it', async () => {
    await using here = await prepared();
    using disk = onSmallDisk(here.device.path, 2 << 20);
    const error = await failed(here);
    assert.deepEqual([error.code, error.exitCode], ['device.storage-full', 1], error.message);
    assert.match(error.remedy, /^Make room on the disk that holds the cartridges of the library/);
    assert.equal((await here.command('catalog', 'check')).exitCode, 0);
    const { stdout } = await here.command('cartridge', 'list', '--json');
    const [first, ...others] = JSON.parse(stdout).cartridges;
    assert.deepEqual([first.fill, first.condition, first.location.kind], ['appendable', 'good', 'slot']);
    for (const { fill, condition } of others) assert.deepEqual([fill, condition], ['blank', 'good']);
    const verified = await here.command('verify', 'G00001L9', '--json');
    assert.equal(verified.exitCode, 0, verified.stdout);
    assert.ok(JSON.parse(verified.stdout).checked >= 1);
    const [dataSet = ''] = await dataSets(here, 'complete');
    await assertRestores(here, dataSet, { least: 440 });
    disk.resize(large);
    const flushed = await here.command('staging', 'flush', '--json');
    assert.deepEqual(JSON.parse(flushed.stdout), { flushed: [{ dataSet, cartridges: ['G00001L9'] }], left: [] });
    assert.equal((await here.command('verify', 'G00001L9')).exitCode, 0);
    await assertRestores(here, dataSet, { least: 440 });
  });

  it('of the target of a restore is said of every file that is not there, and leaves no piece of one', async () => {
    await using here = await prepared();
    await assertNextRuns(here, '--stage-only');
    using disk = mountSmallDisk(join(here.folder, 'small'), 1 << 20);
    const { exitCode, stdout } = await here.command('restore', 'run', here.source, '--to', disk.path, '--json');
    assert.equal(exitCode, 3, stdout);
    const done = JSON.parse(stdout);
    const lost = done.failed.map(({ path, code }: { path: string; code: string }) => `${code} ${path}`);
    const there = readdirSync(join(disk.path, here.source));
    const missing = readdirSync(here.source).filter((name) => !there.includes(name));
    assert.ok(there.length > 0 && missing.length > 0);
    assert.deepEqual(lost.sort(), missing.map((name) => `restore.disk-full ${join(here.source, name)}`).sort());
    for (const name of there) {
      const restored = readFileSync(join(disk.path, here.source, name));
      assert.ok(restored.equals(readFileSync(join(here.source, name))), name);
    }
    using tiny = mountSmallDisk(join(here.folder, 'tiny'), 8 * pageBytes);
    const words = [join(here.source, 'file-39'), '--to', tiny.path, '--json'];
    const nothing = await here.command('restore', 'run', ...words);
    assert.deepEqual(readdirSync(join(tiny.path, here.source)), []);
    assert.equal(nothing.exitCode, 1, nothing.stdout);
  });

  it('of the library’s own state is said as what it is, and the robot has moved nothing', async () => {
    await using here = await prepared();
    using disk = onSmallDisk(here.device.path, large);
    const before = here.device.readState();
    for (const [makeWorse, code] of [
      [() => disk.resize(16 * pageBytes), 'device.storage-full'],
      [() => disk.makeReadOnly(), 'device.unreachable'],
    ] as const) {
      disk.makeWritable();
      writeFileSync(join(disk.path, 'other'), '');
      makeWorse();
      if (code === 'device.storage-full') fillUp(join(disk.path, 'other'));
      const move = await here.command('library', 'move', 'G00001L9', 'slot:7', '--json');
      assert.deepEqual([JSON.parse(move.stdout).error.code, move.exitCode], [code, 1], move.stdout);
      assert.deepEqual(here.device.readState(), before);
    }
    disk.makeWritable();
    rmSync(join(disk.path, 'other'));
    assert.equal((await here.command('library', 'move', 'G00001L9', 'slot:7')).exitCode, 0);
  });

  it('of the library’s own state, met by the first write to a cartridge, is no fault of that cartridge', async () => {
    await using here = await prepared();
    assert.equal((await here.command('backup', 'run', 'home', '--stage-only')).exitCode, 0);
    assert.equal((await here.command('drive', 'load', 'G00001L9')).exitCode, 0);
    using disk = onSmallDisk(here.device.path, large);
    writeFileSync(join(disk.path, 'other'), '');
    disk.resize(16 * pageBytes);
    fillUp(join(disk.path, 'other'));
    const flush = await here.command('staging', 'flush', '--json');
    const { flushed, left } = JSON.parse(flush.stdout);
    assert.deepEqual([flushed.length, left[0]?.code], [0, 'device.storage-full'], flush.stdout);
    const { cartridges } = JSON.parse((await here.command('cartridge', 'list', '--json')).stdout);
    for (const { barcode, condition } of cartridges) assert.equal(condition, 'good', barcode);
    disk.resize(large);
    rmSync(join(disk.path, 'other'));
    assert.equal((await here.command('staging', 'flush')).exitCode, 0);
  });

  it('of the state directory ends a rebuild that keeps an index there, and the next one begins anew', async () => {
    await using here = await prepared();
    for (let n = 0; n < 2000; n += 1) writeFileSync(join(here.source, `${n}-${randomBytes(60).toString('hex')}`), '');
    const run = await here.command('backup', 'run', 'home', '--json');
    assert.equal(run.exitCode, 0, run.stdout);
    const [cartridge] = JSON.parse(run.stdout).cartridges;
    using disk = onSmallDisk(join(here.folder, 'state'), large);
    writeFileSync(join(disk.path, 'other'), '');
    const { bsize, blocks, bfree } = statfsSync(disk.path);
    disk.resize((blocks - bfree) * bsize + 30 * pageBytes);
    const { exitCode, stdout, stderr } = await here.command('catalog', 'rebuild', cartridge, '--json');
    const { error } = JSON.parse(stdout);
    assert.deepEqual([error.code, exitCode], ['state.not-writable', 1], stdout + stderr);
    assert.match(error.message, /\/state\/.*index-0\.tar\.zst cannot be written: ENOSPC/);
    disk.resize(large);
    const again = await here.command('catalog', 'rebuild', cartridge, '--json');
    assert.equal(again.exitCode, 0, again.stdout);
    assert.equal((await here.command('catalog', 'check')).exitCode, 0);
  });

  for (const pages of [8, 60]) {
    it(`of the catalog, with ${pages} pages left, is said as what it is, and nothing contradicts itself later`, async () => {
      await using here = await prepared();
      using disk = onSmallDisk(join(here.folder, 'state'), large);
      const { bsize, blocks, bfree } = statfsSync(disk.path);
      disk.resize((blocks - bfree) * bsize + pages * pageBytes);
      for (let n = 0; n < 3000; n += 1) writeFileSync(join(here.source, `${n}-${'more'.repeat(50)}`), '');
      const error = await failed(here);
      assert.deepEqual([error.code, error.exitCode], ['catalog.disk-full', 1], error.message);
      assert.match(error.remedy, /^Free space there, then run the command again: 'df -h /);
      disk.resize(large);
      assert.equal((await here.command('catalog', 'check')).exitCode, 0);
      await assertNextRuns(here);
      assert.deepEqual(await dataSets(here, 'open'), []);
    });
  }
});

/** Takes all that is left of a disk. */
function fillUp(file: string): void {
  const fd = openSync(file, 'a');
  try {
    for (;;) writeSync(fd, Buffer.alloc(pageBytes));
  } catch {
    closeSync(fd);
  }
}

/** Moves a folder onto a small disk that takes its place. */
function onSmallDisk(path: string, bytes: number): TestMount {
  const kept = `${path}-kept`;
  cpSync(path, kept, { recursive: true });
  const disk = mountSmallDisk(path, bytes);
  cpSync(kept, path, { recursive: true });
  rmSync(kept, { recursive: true });
  return disk;
}

async function prepared(options: { readonly stagingSize?: string } = {}): Promise<Installation> {
  const here = await Installation.create({ ...options, cartridges: ['G00001L9', 'G00002L9', 'G00003L9'] });
  for (let n = 0; n < 40; n += 1) writeFileSync(join(here.source, `file-${n}`), randomBytes(50_000 + n * 2000));
  // Long names: the index parts take room too.
  for (let n = 0; n < 400; n += 1) writeFileSync(join(here.source, `${n}-${'long'.repeat(50)}`), 'short');
  return here;
}

async function failed(here: Installation, ...words: readonly string[]) {
  const { exitCode, stdout } = await here.command('backup', 'run', 'home', ...words, '--json');
  const { error } = JSON.parse(stdout);
  assert.ok(error, stdout);
  here.clock.set((here.clock.now() + 60_000) as ReturnType<typeof here.clock.now>);
  return { ...error, exitCode };
}

async function dataSets(here: Installation, state: string): Promise<readonly string[]> {
  const { stdout } = await here.command('backup', 'list', '--json');
  const all = JSON.parse(stdout).dataSets as readonly { readonly dataSet: string; readonly state: string }[];
  return all.filter((dataSet) => dataSet.state === state).map(({ dataSet }) => dataSet);
}

async function segments(here: Installation, dataSet: string): Promise<readonly unknown[]> {
  return JSON.parse((await here.command('backup', 'show', dataSet, '--json')).stdout).segments;
}

/** Everything that the catalog has of it comes back as it was. */
async function assertRestores(here: Installation, dataSet: string, { least }: { readonly least: number }) {
  const to = join(here.folder, 'to');
  const { failed: lost } = await here.restore(dataSet, to).catch((error) => {
    if (least === 0 && error.code === 'restore.nothing-found') return { failed: [] };
    throw error;
  });
  assert.deepEqual(lost, []);
  const restored = existsSync(join(to, here.source)) ? readdirSync(join(to, here.source)) : [];
  for (const name of restored) {
    assert.ok(readFileSync(join(to, here.source, name)).equals(readFileSync(join(here.source, name))), name);
  }
  assert.ok(restored.length >= least, `${restored.length} files restored`);
  rmSync(to, { recursive: true, force: true });
}

async function assertNextRuns(here: Installation, ...words: readonly string[]): Promise<void> {
  const { exitCode, stdout } = await here.command('backup', 'run', 'home', ...words, '--json');
  assert.equal(exitCode, 0, stdout);
  await assertRestores(here, JSON.parse(stdout).dataSet, { least: 440 });
  assert.equal((await here.command('catalog', 'check')).exitCode, 0);
}
