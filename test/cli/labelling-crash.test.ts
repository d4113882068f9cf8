import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { milliseconds } from '#src/base/duration';
import type { VolumeRecord } from '#src/catalog/volumes';
import { settleLabelling } from '#src/session/label-session';
import { Installation } from '#test/support/installation';
import { readTapeFiles } from '#test/support/tap-image';

const barcode = 'G00001L9';
const freeAgain = Date.parse('2026-12-07T22:00:00Z');

/** What recovery makes of the label, by the instant at which labelling was cut off (docs/format.md, "Labelling"). */
const cases: readonly { readonly at: string; readonly over: 'blank' | 'old'; readonly becomes: 'old' | 'new' }[] = [
  { at: 'labelling.intent:1', over: 'blank', becomes: 'new' },
  { at: 'tape-file.descriptor:1', over: 'blank', becomes: 'new' },
  { at: 'tape-file.synchronised:1', over: 'blank', becomes: 'new' },
  { at: 'labelling.journalled:1', over: 'blank', becomes: 'new' },
  { at: 'labelling.intent:1', over: 'old', becomes: 'old' },
  { at: 'tape-file.descriptor:1', over: 'old', becomes: 'new' },
  { at: 'tape-file.payload:1', over: 'old', becomes: 'new' },
  { at: 'labelling.written:1', over: 'old', becomes: 'new' },
  { at: 'labelling.confirmed:1', over: 'old', becomes: 'new' },
];

describe('labelling that was killed', () => {
  for (const { at, over, becomes } of cases) {
    it(`at ${at} over ${over === 'old' ? 'a volume that was free' : 'a blank cartridge'}: the ${becomes} volume is live`, async () => {
      await using here = await Installation.create({ cartridges: [barcode] });
      writeFileSync(join(here.source, 'file'), randomBytes(100_000));
      const old = over === 'old' ? await expiredVolume(here) : undefined;
      await killLabelling(here, at);
      const intended = await volumeOf(here);
      assert.notEqual(intended?.id, old?.volume.id);
      assert.equal(intended?.state, at.startsWith('labelling.confirmed') ? 'live' : 'labelling');
      assert.equal((await here.command('catalog', 'check')).exitCode, 0);
      const settled = await settle(here);
      assert.equal(settled?.state, 'live');
      assert.equal(settled.id, becomes === 'old' ? old?.volume.id : intended?.id);
      assert.equal(labelOnImage(here), settled.id);
      // What was withdrawn is there again with all that it held.
      if (becomes === 'old')
        assert.deepEqual((await here.restore(old?.dataSet ?? '', join(here.folder, 'to'))).failed, []);
      await assertUsable(here);
    });
  }

  for (const { at, state } of [
    { at: 'tape-file.descriptor:1', state: 'labelling' },
    { at: 'labelling.written:1', state: 'live' },
  ] as const) {
    it(`at ${at}, and then read by a rebuild, is ${state}, and can be used`, async () => {
      await using here = await Installation.create({ cartridges: [barcode] });
      writeFileSync(join(here.source, 'file'), randomBytes(100_000));
      await killLabelling(here, at);
      const intended = await volumeOf(here);
      const { exitCode, stdout } = await here.command('catalog', 'rebuild', '--json');
      const isTorn = state === 'labelling';
      assert.equal(exitCode, isTorn ? 3 : 0, stdout);
      assert.equal(JSON.parse(stdout).cartridges[0].found, isTorn ? 'damaged-label' : 'ours');
      const volume = await volumeOf(here);
      assert.deepEqual([volume?.id, volume?.state], [intended?.id, state]);
      await assertUsable(here);
    });
  }

  it('and whose label was torn anywhere: the label is written again, with the same name', async () => {
    await using here = await Installation.create({ cartridges: [barcode] });
    writeFileSync(join(here.source, 'file'), randomBytes(100_000));
    await killLabelling(here, 'labelling.written:1');
    const intended = await volumeOf(here);
    const image = here.device.imagePath(barcode);
    const [state, saved] = [join(here.folder, 'state'), join(here.folder, 'saved')];
    cpSync(state, saved, { recursive: true });
    const whole = readFileSync(image);
    const cuts = [0, 1, 3, 4, 700, 1540, whole.length >> 1, whole.length - 5, whole.length - 1];
    const torn = [...cuts.map((length) => whole.subarray(0, length)), Buffer.alloc(182)];
    for (const bytes of torn) {
      rmSync(state, { recursive: true });
      cpSync(saved, state, { recursive: true });
      writeFileSync(image, bytes);
      const settled = await settle(here);
      assert.equal(settled?.state, 'live', `${bytes.length} of ${whole.length} bytes`);
      assert.equal(settled.id, intended?.id);
      assert.equal(labelOnImage(here), settled.id, `${bytes.length} bytes`);
    }
    await assertUsable(here);
  });

  it('and whose cartridge holds filemarks and something else is left as it is', async () => {
    await using here = await Installation.create({ cartridges: [barcode] });
    await killLabelling(here, 'labelling.written:1');
    const image = here.device.imagePath(barcode);
    const foreign = Buffer.from([0, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, 4, 0, 0, 0, 0, 0, 0, 0]);
    writeFileSync(image, foreign);
    await assert.rejects(settle(here), { code: 'cartridge.foreign' });
    assert.deepEqual(readFileSync(image), foreign);
  });
});

/** A volume with a data set on it whose protection has ended. */
async function expiredVolume(here: Installation) {
  const run = await here.command('backup', 'run', 'home', '--json');
  assert.equal(run.exitCode, 0, run.stdout);
  here.clock.set(freeAgain as ReturnType<typeof here.clock.now>);
  return { volume: (await volumeOf(here)) as VolumeRecord, dataSet: JSON.parse(run.stdout).dataSet as string };
}

async function killLabelling(here: Installation, at: string): Promise<void> {
  const before = statSync(here.device.imagePath(barcode)).size;
  const run = here.start(['cartridge', 'label', barcode, '--yes'], { GRANDSIRE_TRACE_STOP: at });
  const { signal, output } = await run.ended;
  assert.equal(signal, 'SIGKILL', output);
  if (at.startsWith('labelling.intent')) assert.equal(statSync(here.device.imagePath(barcode)).size, before);
}

const volumeOf = (here: Installation): Promise<VolumeRecord | undefined> =>
  here.withApp(async ({ catalog }) => {
    const [cartridge] = await catalog.cartridges.byBarcode(barcode);
    return cartridge && (await catalog.volumes.ofCartridge(cartridge.id));
  });

/** As every session does that finds an intent. */
const settle = (here: Installation): Promise<VolumeRecord | undefined> =>
  here.withApp(async (app) => {
    await using library = await app.openLibrary('main', { job: 'test', wait: milliseconds(0), warn: () => undefined });
    await library.inventory();
    const cartridge = await library.cartridgeAt(barcode);
    await using mounted = await library.mount(cartridge, { purpose: 'test', writing: true });
    return await settleLabelling({ ...mounted, repositories: app.catalog, clock: app.clock });
  });

function labelOnImage(here: Installation): string {
  const [label] = readTapeFiles(here.device.imagePath(barcode));
  return JSON.parse((label?.[0] ?? Buffer.alloc(0)).subarray(512).toString().replace(/\0.*$/s, '')).volume;
}

async function assertUsable(here: Installation): Promise<void> {
  const run = await here.command('backup', 'run', 'home', '--json');
  assert.equal(run.exitCode, 0, run.stdout);
  const { dataSet, cartridges } = JSON.parse(run.stdout);
  assert.deepEqual(cartridges, [barcode]);
  const to = join(here.folder, 'restored');
  assert.deepEqual((await here.restore(dataSet, to)).failed, []);
  assert.deepEqual(readFileSync(join(to, here.source, 'file')), readFileSync(join(here.source, 'file')));
  assert.equal((await here.command('catalog', 'check')).exitCode, 0);
}
