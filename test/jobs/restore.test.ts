import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { flipByte, makeUnreadable, readRecord } from '#test/jobs/image-damage';
import { JobBench } from '#test/jobs/job-bench';
import { Installation } from '#test/support/installation';
import { compareTrees, makeEveryKindTree, missingForTrees } from '#test/support/trees';

describe('restore of a tree with every kind of entry', { skip: missingForTrees() }, () => {
  let bench: JobBench;
  let dataSet: DataSetRecord;
  before(async () => {
    const cartridges = ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9'];
    bench = await JobBench.create({ capacity: '5MiB', cartridges });
    makeEveryKindTree(bench.source);
    writeFileSync(join(bench.source, 'long'), randomBytes(9_000_000));
    dataSet = await bench.backup();
  });
  after(() => bench[Symbol.asyncDispose]());

  it('over three cartridges, cut inside a big file, comes back the same', async () => {
    const to = join(bench.folder, 'restored');
    const result = await bench.restore(to);
    assert.deepEqual(result.failed, []);
    assert.deepEqual(result.cartridges, ['G00001L9', 'G00002L9', 'G00003L9']);
    const cuts = (await bench.catalog.dataSets.segments(dataSet.key)).map(({ endsInside }) => endsInside?.path);
    assert.ok(cuts.some((path) => path?.toString().endsWith('/long')));
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);
  });

  it('comes out of the images by the commands of their READMEs alone', async () => {
    const to = join(bench.folder, 'by-readme');
    mkdirSync(to);
    const run = (script: string): string => execFileSync('bash', ['-c', script], { cwd: to }).toString();
    const loops: string[] = [];
    const numbers: number[] = [];
    let functions = '';
    let extract = '';
    for (const barcode of ['G00001L9', 'G00002L9', 'G00003L9']) {
      const image = bench.device.imagePath(barcode);
      symlinkSync(image, join(to, `${barcode}.tap`));
      const readme = execFileSync('tar', ['-xO'], { input: readRecord(image, 1) }).toString();
      const commands = [...readme.matchAll(/^ {4}(.*)$/gm)].map((match) => match[1] as string);
      functions = commands.slice(0, commands.findIndex((line) => line.includes('done; }')) + 1).join('\n');
      const look = commands.find((line) => line.includes('tar -xO')) ?? '';
      const several = commands.find((line) => line.startsWith('for n in 1 2')) ?? '';
      const segments: number[] = [];
      for (let n = 1; ; n += 1) {
        const printed = run(`${functions}\n${look.replace(' 1 0 0', ` ${n} 0 0`)} 2>/dev/null || true`);
        if (printed === '') break;
        const { kind, number } = JSON.parse(printed);
        if (kind !== 'segment') continue;
        segments.push(n);
        numbers.push(number);
      }
      const [loop, ...rest] = several.split(' | ');
      loops.push((loop ?? '').replace('1 2', segments.join(' ')));
      extract = rest.join(' | ');
    }
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
    run(`${functions}\n(${loops.join('; ')}) | ${extract}`);
    // GNU tar 1.34 does not keep links between fifos.
    const differences = compareTrees(bench.source, join(to, bench.source));
    assert.deepEqual(
      differences.filter((line) => !line.startsWith('./devices/fifo')),
      [],
    );
  });
});

describe('restore', () => {
  it('takes the state of a moment from a full and the incremental appended behind it, hard links too', async () => {
    await using bench = await JobBench.create();
    const file = (name: string) => join(bench.source, name);
    writeFileSync(file('changed'), 'one');
    writeFileSync(file('kept'), 'kept');
    writeFileSync(file('removed'), 'removed');
    linkSync(file('kept'), file('linked'));
    const full = await bench.backup({ cartridges: ['G00001L9'] });
    bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
    writeFileSync(file('changed'), 'two!');
    rmSync(file('removed'));
    await bench.backup({ level: 'incremental', base: full, cartridges: [['G00001L9', 'append']] });

    const to = join(bench.folder, 'newest');
    const newest = await bench.restore(to);
    assert.deepEqual([newest.failed, newest.cartridges], [[], ['G00001L9']]);
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);
    assert.equal(statSync(join(to, file('kept'))).ino, statSync(join(to, file('linked'))).ino);

    const before = join(bench.folder, 'before');
    const asOf = instant(Date.parse('2026-11-23T21:00:00Z'));
    await bench.restore(before, { asOf, paths: [Buffer.from(file('changed')), Buffer.from(file('removed'))] });
    assert.equal(readFileSync(join(before, file('changed')), 'utf8'), 'one');
    assert.equal(readFileSync(join(before, file('removed')), 'utf8'), 'removed');
  });

  it('reads another copy where a cartridge fails, and reports what none gives', async () => {
    await using bench = await JobBench.create({ segmentBytes: 8 << 20 });
    const names = ['a', 'b', 'c', 'd'].map((name) => join(bench.source, name));
    for (const name of names) writeFileSync(name, randomBytes(600_000));
    const dataSet = await bench.backup({ cartridges: ['G00001L9'] });
    const [copy] = await bench.catalog.tapeFiles.copiesOf(dataSet.key);
    const first = (copy?.block ?? 0) + 1;
    const image = bench.device.imagePath('G00001L9');
    const whole = readFileSync(image);
    const damage = (): void => {
      makeUnreadable(image, first);
      flipByte(image, first + 2, 300_000);
    };
    damage();

    const alone = await bench.restore(join(bench.folder, 'alone'));
    const shown = alone.failed.map(({ path, code }) => [Buffer.from(path).toString(), code]);
    assert.deepEqual(shown[0], [bench.source, 'cartridge.unreadable-block']);
    assert.deepEqual(shown.at(-1), [names[2], 'restore.digest-differs']);
    assert.ok(
      shown.every(([path]) => path !== names[3]),
      `restored: the last file, behind the damage: ${shown}`,
    );
    assert.deepEqual(readFileSync(join(bench.folder, 'alone', names[3] ?? '')), readFileSync(names[3] ?? ''));

    writeFileSync(image, whole);
    await bench.copy(dataSet, 'G00002L9');
    damage();
    const to = join(bench.folder, 'both');
    const both = await bench.restore(to);
    assert.deepEqual(both.failed, []);
    // The first cartridge was tried, and nothing was taken from it.
    assert.deepEqual(both.cartridges, ['G00002L9']);
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);

    // Another cartridge under the first one's barcode: named once, the copy is taken.
    writeFileSync(image, readFileSync(bench.device.imagePath('G00002L9')));
    const wrong = await bench.restore(join(bench.folder, 'wrong'));
    assert.deepEqual([wrong.failed, wrong.cartridges], [[], ['G00002L9']]);
  });

  it('restores what is staged and not on a cartridge yet', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), 'staged');
    await bench.backup({ despool: false });
    const result = await bench.restore(join(bench.folder, 'to'));
    assert.deepEqual([result.files, result.failed, result.cartridges], [2, [], []]);
    assert.equal(readFileSync(join(bench.folder, 'to', bench.source, 'file'), 'utf8'), 'staged');
  });
});

describe('a file that was changed while it was backed up', () => {
  it('is marked where it is found, and named with a warning where it is restored', async () => {
    await using here = await Installation.create();
    const log = join(here.source, 'log');
    writeFileSync(log, randomBytes(16 << 20));
    writeFileSync(join(here.source, 'still'), 'still');
    const writer = spawn('sh', ['-c', 'while :; do echo more >> "$0"; done', log]);
    try {
      assert.equal((await here.command('backup', 'run', 'home', '--stage-only')).exitCode, 3);
    } finally {
      writer.kill('SIGKILL');
    }
    const found = (await here.command('find', `${here.source}/*`)).stdout;
    assert.match(found, /\/log \(changed while it was backed up\)\n/);
    assert.match(found, /\/still\n/);
    const restored = await here.command('restore', 'run', here.source, '--to', 'to', '--json');
    assert.equal(restored.exitCode, 3);
    const { warnings, failed } = JSON.parse(restored.stdout);
    assert.deepEqual(
      [failed, warnings.map(({ path, code }: { path: string; code: string }) => [path, code])],
      [[], [[log, 'file.changed']]],
    );
  });
});

describe('the commands that restore', () => {
  it('plan, run, and how they end', async () => {
    await using bench = await JobBench.create({ capacity: '4MiB' });
    mkdirSync(join(bench.source, 'folder'));
    writeFileSync(join(bench.source, 'folder/small'), 'small');
    writeFileSync(join(bench.source, 'long'), randomBytes(4_000_000));
    const { files, bytes } = await bench.backup();
    const plan = await bench.command('restore', 'plan', bench.source, '--json');
    const { inventoriedAt: _at, inventories: _each, ...document } = JSON.parse(plan.stdout);
    assert.deepEqual(document, {
      files,
      bytes,
      cartridges: [1, 2].map((number) => ({
        barcode: `G0000${number}L9`,
        location: { kind: 'slot', library: 'main', number },
        loaded: false,
        reads: number === 1 ? 3 : 1,
        estimatedSeconds: 138,
      })),
      requests: [],
      estimatedSeconds: 276,
    });
    // A file that begins on the first cartridge and ends on the second needs both.
    const long = join(bench.source, 'long');
    const needs = JSON.parse((await bench.command('restore', 'plan', long, '--json')).stdout).cartridges;
    assert.equal(needs.length, 2);

    const to = join(bench.folder, 'to');
    const run = await bench.command('restore', 'run', bench.source, '--to', 'to', '--json');
    assert.deepEqual([run.exitCode, run.stderr], [0, '']);
    assert.deepEqual(JSON.parse(run.stdout), { files, bytes, failed: [], cartridges: ['G00001L9', 'G00002L9'] });
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);

    const again = await bench.command('restore', 'run', bench.source, '--to', 'to', '--json');
    assert.equal(again.exitCode, 3);
    const codes = JSON.parse(again.stdout).failed.map(({ path, code }: { path: string; code: string }) => [path, code]);
    assert.deepEqual(codes.sort(), [
      [join(bench.source, 'folder/small'), 'restore.exists'],
      [long, 'restore.exists'],
    ]);
    const single = await bench.command('restore', 'run', long, '--to', to);
    assert.equal(single.exitCode, 1);
    assert.match(single.stdout, /^0 entries restored, 0 B\n1 failed:\n.*restore\.exists.*\n.*`--overwrite`/);
    const nothingTaken = await bench.command('restore', 'run', long, '--to', to, '--json');
    assert.deepEqual(JSON.parse(nothingTaken.stdout).cartridges, []);
    writeFileSync(join(to, long), 'spoilt');
    assert.equal((await bench.command('restore', 'run', long, '--to', to, '--overwrite')).exitCode, 0);
    assert.deepEqual(readFileSync(join(to, long)), readFileSync(long));

    const nothing = await bench.command('restore', 'run', '/no/such/thing', '--to', to, '--json');
    assert.deepEqual([nothing.exitCode, JSON.parse(nothing.stdout).error.code], [5, 'restore.nothing-found']);
    const part = await bench.command('restore', 'run', '/no/such/thing', join(bench.source, 'folder'), '--to', 'x');
    assert.equal(part.exitCode, 3);
    assert.equal((await bench.command('restore', 'run', 'folder', '--to', to)).exitCode, 2);
    assert.equal((await bench.command('restore', 'run', long)).exitCode, 2);

    await bench.close();
    bench.device.editCartridge('G00002L9', { place: 'outside' });
    await bench.open();
    const missing = await bench.command('restore', 'run', long, '--to', 'missing', '--json');
    assert.equal(missing.exitCode, 4);
    assert.match(JSON.parse(missing.stdout).error.message, /G00002L9/);
    const planned = JSON.parse((await bench.command('restore', 'plan', long, '--json')).stdout);
    assert.deepEqual(planned.requests, ['G00002L9']);
  });
});
