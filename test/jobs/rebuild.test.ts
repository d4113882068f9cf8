import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { instant } from '#src/base/clock';
import { isProtectionOver } from '#src/rotation/retention';
import { cutInside } from '#test/jobs/image-damage';
import { JobBench } from '#test/jobs/job-bench';
import { compareTrees } from '#test/support/trees';

const later = instant(Date.parse('2026-12-30T00:00:00Z'));

describe('catalog rebuild', () => {
  it('a lost catalog: find and restore give what they gave before, and nothing is offered for overwriting', async () => {
    await using bench = await JobBench.create({
      capacity: '4MiB',
      cartridges: ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'CLNU01CU'],
    });
    const file = (name: string) => join(bench.source, name);
    mkdirSync(file('folder'));
    writeFileSync(file('folder/changed'), 'one');
    writeFileSync(file('removed'), 'removed');
    writeFileSync(file('long'), randomBytes(4_000_000));
    linkSync(file('long'), file('zlong'));
    const full = await bench.backup();
    bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
    writeFileSync(file('folder/changed'), 'two!');
    rmSync(file('removed'));
    await bench.backup({ level: 'incremental', base: full, cartridges: ['G00003L9', 'G00004L9'] });

    const ask = async () => {
      const all = await bench.command('find', '**', '--json');
      const removed = await bench.command('find', 'removed', '--json');
      const plan = await bench.command('restore', 'plan', bench.source, '--json');
      return [all, removed, plan].map(({ exitCode, stdout }) => [exitCode, JSON.parse(stdout)]);
    };
    const before = await ask();
    await bench.loseCatalog();
    assert.equal((await bench.command('find', 'changed')).exitCode, 5);
    const run = await bench.command('catalog', 'rebuild', '--json');
    assert.deepEqual([run.exitCode, run.stderr], [0, '']);
    const document = JSON.parse(run.stdout);
    assert.deepEqual(document.dataSets, ['home-20261122T220000Z', 'home-20261123T220000Z']);
    assert.deepEqual(await ask(), before);
    const to = join(bench.folder, 'to');
    assert.deepEqual((await bench.restore(to)).failed, []);
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);
    assert.equal(existsSync(join(to, file('removed'))), false);

    const free = async () =>
      [...(await bench.catalog.volumes.protections()).values()].map(({ protection }) =>
        isProtectionOver(protection, later),
      );
    assert.deepEqual(await free(), [false, false, false, false]);
    bench.clock.set(later);
    await bench.backup({ despool: false });
    await bench.despool((await bench.catalog.dataSets.list())[0] as never, ['G00001L9', 'G00002L9']).then(
      () => assert.fail('a rebuilt cartridge was written over'),
      (error) => assert.equal(error.code, 'cartridge.none-suitable'),
    );
    assert.deepEqual(
      bench.passedOver.map(({ barcode, code }) => [barcode, code]),
      [
        ['G00001L9', 'cartridge.protected'],
        ['G00002L9', 'cartridge.protected'],
      ],
    );
    const accept = JSON.parse((await bench.command('catalog', 'rebuild', '--accept', '--json')).stdout);
    assert.deepEqual(accept.accepted, ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9']);
    assert.deepEqual(await free(), [true, true, true, true]);
    assert.deepEqual(await bench.catalog.check(), []);
  });

  it('a second rebuild adds nothing', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), 'content');
    await bench.backup({ cartridges: ['G00001L9'] });
    const { files, doubts } = await bench.rebuild();
    assert.deepEqual([files, doubts], [0, []]);
    assert.deepEqual(await bench.catalog.check(), []);
    assert.equal((await bench.catalog.volumes.current())[0]?.rebuilt, false);
  });

  it('takes files from segments that no index lists, up to where the run was cut off', async () => {
    await using bench = await JobBench.create();
    const file = (name: string) => join(bench.source, name);
    writeFileSync(file('a'), randomBytes(700_000));
    linkSync(file('a'), file('b'));
    writeFileSync(file('c'), randomBytes(1_500_000));
    writeFileSync(file('d'), randomBytes(600_000));
    writeFileSync(file('e'), randomBytes(1_000_000));
    const dataSet = await bench.backup({ cartridges: ['G00001L9'] });
    const volume = (await bench.catalog.volumes.current())[0];
    const files = await bench.catalog.tapeFiles.ofVolume(volume?.key as never);
    const kinds = files.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['label', 'segment', 'segment', 'segment', 'segment', 'index', 'catalog']);
    const described = async () => {
      const { stdout } = await bench.command('find', '?', '--json', '--all');
      return JSON.parse(stdout).matches.map((match: { path: string; sha256: string; copies: unknown }) => [
        match.path,
        match.sha256,
        match.copies,
      ]);
    };
    const before = await described();
    // As the image of a run that was killed while it wrote its fourth segment.
    cutInside(bench.device.imagePath('G00001L9'), (files[4]?.block ?? 0) + 1);
    await bench.loseCatalog();
    const result = await bench.rebuild();
    assert.deepEqual(result.dataSets, [dataSet.id]);
    assert.equal((await bench.catalog.dataSets.byId(dataSet.id))?.state, 'interrupted');
    assert.match(result.doubts.join('\n'), /no index lists segments 1, 2, 3/);
    const whole = ['a', 'b', 'c', 'd'].map(file);
    assert.deepEqual(
      await described(),
      before.filter(([path]: [string]) => whole.includes(path)),
    );
    const to = join(bench.folder, 'to');
    const restored = await bench.restore(to, { paths: whole.map((path) => Buffer.from(path)) });
    assert.deepEqual(restored.failed, []);
    for (const path of whole) assert.deepEqual(compareTrees(path, join(to, path)), []);
    assert.equal(statSync(join(to, file('a'))).ino, statSync(join(to, file('b'))).ino);
    assert.deepEqual(await bench.catalog.check(), []);
  });

  it('what no index describes stays protected for ever when the rest is accepted, until it is named', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'a'), randomBytes(700_000));
    const whole = await bench.backup({ cartridges: ['G00001L9'] });
    bench.clock.set(instant(Date.parse('2026-11-23T22:00:00Z')));
    const { id } = await bench.backup({ cartridges: ['G00002L9'] });
    const files = await bench.catalog.tapeFiles.ofVolume((await bench.catalog.volumes.current())[1]?.key as never);
    const index = files.find(({ kind }) => kind === 'index');
    cutInside(bench.device.imagePath('G00002L9'), (index?.block ?? 0) + 1);
    await bench.loseCatalog();
    await bench.rebuild();
    const protectedUntil = async (barcode: string) =>
      JSON.parse((await bench.command('cartridge', 'show', barcode, '--json')).stdout).protectedUntil;
    const accept = await bench.command('catalog', 'rebuild', '--accept', '--json');
    const { accepted, kept, warnings } = JSON.parse(accept.stdout);
    assert.deepEqual(
      [accept.exitCode, accepted, kept],
      [3, ['G00001L9', 'G00002L9'], [{ dataSet: id, cartridges: ['G00002L9'] }]],
    );
    assert.equal(warnings[0].code, 'catalog.unknown-policy');
    assert.match(warnings[0].message, new RegExp(`grandsire catalog rebuild --accept ${id}$`));
    assert.match(await protectedUntil('G00001L9'), /^2026-12-06T/);
    assert.equal(await protectedUntil('G00002L9'), 'forever');

    const refused = await bench.command('catalog', 'rebuild', '--accept', id, whole.id, '--json');
    assert.deepEqual([refused.exitCode, JSON.parse(refused.stdout).error.code], [6, 'data-set.has-policy']);
    assert.equal(await protectedUntil('G00002L9'), 'forever');
    assert.equal((await bench.command('catalog', 'rebuild', '--accept', 'home-20200101T000000Z')).exitCode, 5);
    const named = await bench.command('catalog', 'rebuild', '--accept', id, '--json');
    assert.deepEqual([named.exitCode, JSON.parse(named.stdout).kept], [0, []]);
    assert.equal(await protectedUntil('G00002L9'), null);
    const log = await bench.catalog.actions.list({ event: 'data-set.accepted' });
    assert.deepEqual(
      log.map(({ subject }) => subject),
      [id],
    );
    // Reading it again does not bring the protection back.
    await bench.rebuild();
    assert.equal((await bench.command('catalog', 'rebuild', '--accept')).exitCode, 0);
  });
});
