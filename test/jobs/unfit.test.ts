import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { GrandsireError } from '#src/base/errors';
import type { CartridgeKind } from '#src/media/facets';
import { unfitForVolume } from '#src/session/unfit';
import { JobBench } from '#test/jobs/job-bench';
import { compareTrees } from '#test/support/trees';

/** A SIMH image of a plain tar, as another program writes it: blocks of 10 KiB, two filemarks. */
function foreignImage(folder: string): Buffer {
  writeFileSync(join(folder, 'theirs'), randomBytes(30_000));
  const tar = execFileSync('tar', ['-C', folder, '-cf', '-', 'theirs']);
  const pieces: Buffer[] = [];
  for (let at = 0; at < tar.length; at += 10_240) {
    const data = tar.subarray(at, at + 10_240);
    const word = Buffer.alloc(4);
    word.writeUInt32LE(data.length);
    pieces.push(word, data, word);
  }
  return Buffer.concat([...pieces, Buffer.alloc(8)]);
}

describe('a run that meets cartridges that are not what they should be', () => {
  it('names each, changes not a byte of them, and goes on with the next', async () => {
    const unfit = ['F00001L9', 'P00001L9', 'X00001L9', 'W00001LZ', 'CLNU01CU'];
    await using bench = await JobBench.create({ slots: 10, cartridges: ['A00001L9', 'G00001L9', ...unfit] });
    const image = (barcode: string) => bench.device.imagePath(barcode);
    writeFileSync(join(bench.source, 'file'), randomBytes(300_000));
    // P carries a volume of ours whose protection is over; X too, and then another cartridge is put in under its barcode; W is written once.
    const over = { kind: 'none' } as const;
    for (const barcode of ['P00001L9', 'X00001L9', 'W00001LZ']) {
      bench.clock.set((bench.clock.now() + 60_000) as never);
      await bench.backup({ cartridges: [barcode], protection: over });
    }
    await bench.backup({ set: 'other', cartridges: ['A00001L9'], protection: over });
    await bench.close();
    writeFileSync(image('X00001L9'), readFileSync(image('A00001L9')));
    writeFileSync(image('F00001L9'), foreignImage(bench.folder));
    bench.device.editCartridge('P00001L9', { writeProtected: true });
    await bench.open();
    // What the catalog does not know about the kinds must come out at the drive.
    for (const barcode of ['W00001LZ', 'CLNU01CU']) {
      const { id } = await bench.cartridge(barcode);
      await bench.catalog.cartridges.update(id, { kind: 'data' satisfies CartridgeKind, generation: 'LTO-9' });
    }
    const sums = () =>
      unfit.map((barcode) =>
        createHash('sha256')
          .update(readFileSync(image(barcode)))
          .digest('hex'),
      );
    const before = sums();
    bench.clock.set((bench.clock.now() + 60_000) as never);
    const dataSet = await bench.backup({ cartridges: [...unfit, 'G00001L9'] });
    assert.deepEqual(
      bench.passedOver.map(({ barcode, code }) => [barcode, code]),
      [
        ['F00001L9', 'cartridge.foreign'],
        ['P00001L9', 'cartridge.write-protected'],
        ['X00001L9', 'cartridge.wrong-volume'],
        ['W00001LZ', 'cartridge.worm-used'],
        ['CLNU01CU', 'cartridge.cleaning'],
      ],
    );
    for (const { barcode, message } of bench.passedOver) assert.match(message, new RegExp(barcode));
    assert.deepEqual(sums(), before);
    const copies = await bench.catalog.tapeFiles.copiesOf(dataSet.key);
    const volume = await bench.catalog.volumes.ofCartridge((await bench.cartridge('G00001L9')).id);
    assert.ok(copies.length > 0 && copies.every((copy) => copy.volume === volume?.key));
    const to = join(bench.folder, 'to');
    assert.deepEqual((await bench.restore(to, { dataSet: dataSet.id })).failed, []);
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);

    // None of them is offered again by what the catalog now knows.
    const facets = await Promise.all(
      unfit.map(async (barcode) => {
        const { fill, condition, kind, writeProtected } = await bench.cartridge(barcode);
        return fill === 'foreign' || condition !== 'good' || kind !== 'data' || writeProtected;
      }),
    );
    assert.deepEqual(facets, [true, true, true, true, true]);
  });

  it('a volume that another cartridge carries, too: both are named, marked, and not written to', async () => {
    await using bench = await JobBench.create({ slots: 10, cartridges: ['G00001L9', 'G00002L9', 'G00003L9'] });
    const image = (barcode: string) => bench.device.imagePath(barcode);
    writeFileSync(join(bench.source, 'file'), randomBytes(100_000));
    await bench.backup({ cartridges: ['G00001L9'], protection: { kind: 'none' } });
    assert.equal((await bench.command('cartridge', 'label', 'G00003L9')).exitCode, 0);
    const blank = readFileSync(image('G00002L9'));
    await bench.close();
    writeFileSync(image('G00002L9'), readFileSync(image('G00001L9')));
    await bench.open();
    const refusal = async (barcode: string) => {
      const { exitCode, stdout } = await bench.command('cartridge', 'label', barcode, '--yes', '--json');
      assert.equal(exitCode, 6, stdout);
      return JSON.parse(stdout).refused[0];
    };
    const condition = async (barcode: string) => (await bench.cartridge(barcode)).condition;
    const copy = await refusal('G00002L9');
    assert.equal(copy.code, 'cartridge.wrong-volume');
    assert.match(copy.message, /volume .* is on cartridge G00001L9 .*and on cartridge G00002L9/);
    const { conditionReason } = await bench.cartridge('G00001L9');
    assert.match(conditionReason ?? '', /G00001L9.*G00002L9/);
    assert.deepEqual([await condition('G00001L9'), await condition('G00002L9')], ['suspect', 'suspect']);
    const known = await refusal('G00001L9');
    assert.equal(known.code, 'cartridge.duplicate-volume');
    assert.match(known.message, /G00001L9.*G00002L9/);
    bench.clock.set((bench.clock.now() + 60_000) as never);
    const run = await bench.command('backup', 'run', 'home', '--json');
    assert.deepEqual(JSON.parse(run.stdout).cartridges, ['G00003L9']);
    assert.deepEqual(readFileSync(image('G00002L9')), readFileSync(image('G00001L9')));

    // A look at the one does not settle what is on the other.
    const identify = async (barcode: string) => (await bench.command('cartridge', 'identify', barcode)).exitCode;
    assert.equal(await identify('G00001L9'), 0);
    assert.equal(await identify('G00002L9'), 3);
    assert.deepEqual([await condition('G00001L9'), await condition('G00002L9')], ['suspect', 'suspect']);
    await bench.close();
    writeFileSync(image('G00002L9'), blank);
    await bench.open();
    assert.deepEqual([await identify('G00002L9'), await identify('G00001L9')], [0, 0]);
    assert.deepEqual([await condition('G00001L9'), await condition('G00002L9')], ['good', 'good']);
  });

  it('another cartridge under the barcode, told by its serial number alone: not written to until an operator accepts it', async () => {
    await using bench = await JobBench.create({ cartridges: ['G00001L9', 'G00002L9', 'G00003L9'] });
    const image = () => readFileSync(bench.device.imagePath('G00001L9'));
    const swap = async (serial: string, content = image()) => {
      await bench.close();
      bench.device.editCartridge('G00001L9', { serial });
      writeFileSync(bench.device.imagePath('G00001L9'), content);
      await bench.open();
    };
    const next = () => bench.clock.set((bench.clock.now() + 60_000) as never);
    const known = async () => {
      const { condition, serial } = await bench.cartridge('G00001L9');
      return [condition, serial];
    };
    writeFileSync(join(bench.source, 'file'), randomBytes(100_000));
    await bench.backup({ cartridges: ['G00001L9'], protection: { kind: 'none' } });
    const right = (await bench.cartridge('G00001L9')).serial ?? '';
    assert.equal(right, bench.device.readState().cartridges['G00001L9']?.serial);
    const before = image();
    await swap('ANOTHER');
    for (const [use, other] of [
      ['overwrite', 'G00002L9'],
      ['append', 'G00003L9'],
    ] as const) {
      next();
      const dataSet = await bench.backup({ cartridges: [['G00001L9', use], other] });
      const [unfit] = bench.passedOver.splice(0);
      assert.deepEqual([unfit?.barcode, unfit?.code], ['G00001L9', 'cartridge.wrong-serial'], use);
      assert.match(unfit?.message ?? '', new RegExp(`G00001L9.* ANOTHER,.* ${right}$`));
      assert.deepEqual(image(), before, use);
      const volume = await bench.catalog.volumes.ofCartridge((await bench.cartridge(other)).id);
      const copies = await bench.catalog.tapeFiles.copiesOf(dataSet.key);
      assert.ok(copies.length > 0 && copies.every((copy) => copy.volume === volume?.key), use);
      assert.deepEqual(await known(), ['suspect', right], use);
    }
    assert.equal((await bench.command('cartridge', 'identify', 'G00001L9')).exitCode, 3);
    assert.deepEqual(await known(), ['suspect', right]);
    await swap('BLANK', Buffer.alloc(0));
    const refused = JSON.parse((await bench.command('cartridge', 'label', 'G00001L9', '--yes', '--json')).stdout);
    assert.equal(refused.refused[0]?.code, 'cartridge.wrong-serial');
    assert.equal(image().length, 0);

    // The right one is back; then a copy of it is to stand in its place for good.
    await swap(right, before);
    assert.equal((await bench.command('cartridge', 'identify', 'G00001L9')).exitCode, 0);
    assert.deepEqual(await known(), ['good', right]);
    await swap('COPY');
    assert.equal((await bench.command('cartridge', 'identify', 'G00001L9')).exitCode, 3);
    assert.match((await bench.rebuild(['G00001L9'])).doubts.join(), /another cartridge than before/);
    assert.deepEqual(await known(), ['good', 'COPY']);
    next();
    await bench.backup({ cartridges: ['G00001L9'], protection: { kind: 'none' } });
    assert.deepEqual(bench.passedOver, []);
    // And a new one, after nothing on it is protected any more.
    await swap('NEW', Buffer.alloc(0));
    await bench.rebuild(['G00001L9']);
    assert.equal((await bench.command('cartridge', 'label', 'G00001L9', '--yes')).exitCode, 0);
    assert.deepEqual(await known(), ['good', 'NEW']);
  });

  it('a labelling that was cut off is not ended on another cartridge; what a drive does not tell is no contradiction', async () => {
    await using bench = await JobBench.create();
    const image = () => readFileSync(bench.device.imagePath('G00001L9'));
    writeFileSync(join(bench.source, 'file'), randomBytes(100_000));
    await bench.backup({ cartridges: ['G00001L9'], protection: { kind: 'none' } });
    await bench.killedAt('labelling.intent:1', 'cartridge', 'label', 'G00001L9', '--yes');
    const { id, serial } = await bench.cartridge('G00001L9');
    await bench.close();
    bench.device.editCartridge('G00001L9', { serial: 'ANOTHER' });
    writeFileSync(bench.device.imagePath('G00001L9'), Buffer.alloc(0));
    await bench.open();
    const label = () => bench.command('cartridge', 'label', 'G00001L9', '--yes', '--json');
    assert.equal(JSON.parse((await label()).stdout).refused[0]?.code, 'cartridge.wrong-serial');
    assert.equal(image().length, 0);
    assert.equal((await bench.cartridge('G00001L9')).serial, serial);
    await bench.catalog.cartridges.update(id, { serial: undefined });
    assert.deepEqual(JSON.parse((await label()).stdout).labelled, ['G00001L9']);
    assert.equal((await bench.cartridge('G00001L9')).serial, 'ANOTHER');
  });

  it('labels a blank one that it is to append to, and holds nothing against it', async () => {
    await using bench = await JobBench.create();
    writeFileSync(join(bench.source, 'file'), 'content');
    const dataSet = await bench.backup({ cartridges: [['G00001L9', 'append']] });
    assert.deepEqual(bench.passedOver, []);
    const cartridge = await bench.cartridge('G00001L9');
    assert.deepEqual([cartridge.condition, cartridge.fill], ['good', 'appendable']);
    assert.equal((await bench.catalog.tapeFiles.copiesOf(dataSet.key)).length, 1);
    const { code, message } = unfitForVolume(cartridge, undefined, { kind: 'blank' }) as GrandsireError;
    assert.equal(code, 'cartridge.unlabelled');
    assert.doesNotMatch(message, /\?/);
  });
});
