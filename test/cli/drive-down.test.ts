import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { milliseconds } from '#src/base/duration';
import type { DeviceSurroundings } from '#src/compose';
import type { DataPhase } from '#src/device/scsi-transport';
import { phases, stopGrace } from '#src/library/watchdog/phases';
import { createFaultyTransport, type Fault, type FaultAction } from '#test/support/faulty-transport';
import { Installation } from '#test/support/installation';
import { Timeline } from '#test/support/timeline';

const code = { read: 0x08, write: 0x0a } as const;
const hardware: FaultAction = { kind: 'check', sense: { key: 0x04, asc: 0x44, ascq: 0x00 } };
const mediumError: FaultAction = { kind: 'check', sense: { key: 0x03, asc: 0x0c, ascq: 0x00 } };

/** What goes wrong in each drive, by number; changed while a test goes on. */
type Plans = Map<number, readonly Fault[]>;

function devices(plans: Plans, time = new Timeline()): DeviceSurroundings {
  return {
    pause: time.pause,
    alarm: time.alarm,
    interpose: (transport, { kind, address }) => {
      const number = Number(/drive (\d+)$/.exec(address)?.[1] ?? 0);
      return kind === 'tape' ? createFaultyTransport(transport, plans.get(number) ?? []) : transport;
    },
  };
}

async function prepared(plans: Plans, options: { readonly drives?: number; readonly time?: Timeline } = {}) {
  const here = await Installation.create({
    drives: options.drives ?? 2,
    cartridges: ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9'],
    devices: devices(plans, options.time),
  });
  writeFileSync(join(here.source, 'file'), randomBytes(2_500_000));
  return here;
}

const always = (when: Fault['when'], action: FaultAction, nth = 1): Fault => ({ when, nth, times: 1_000_000, action });

interface Warned {
  readonly code: string;
  readonly message: string;
}

async function drives(here: Installation): Promise<readonly { readonly state: string; readonly reason?: string }[]> {
  return JSON.parse((await here.command('drive', 'list', '--json')).stdout).drives;
}

async function conditionOf(here: Installation, barcode: string): Promise<string> {
  return JSON.parse((await here.command('cartridge', 'show', barcode, '--json')).stdout).condition;
}

async function backUp(here: Installation) {
  const run = await here.command('backup', 'run', 'home', '--level', 'full', '--json');
  return { ...run, document: JSON.parse(run.stdout) };
}

async function assertRestores(here: Installation, exitCode: number) {
  const run = await here.command('restore', 'run', here.source, '--to', join(here.folder, 'back'), '--json');
  assert.equal(run.exitCode, exitCode, run.stdout);
  const restored = readFileSync(join(here.folder, 'back', here.source, 'file'));
  assert.ok(restored.equals(readFileSync(join(here.source, 'file'))));
  return JSON.parse(run.stdout);
}

describe('a drive that fails goes down, and work goes on in another', () => {
  it('in the middle of a backup: the same cartridge is written on, and the run ends 3 naming the drive', async () => {
    const plans: Plans = new Map([[1, [always(code.write, hardware, 8)]]]);
    await using here = await prepared(plans);
    const { exitCode, document } = await backUp(here);
    assert.equal(exitCode, 3, JSON.stringify(document));
    assert.equal(document.staged, false);
    assert.deepEqual(document.cartridges, ['G00001L9']);
    const [warning, ...others] = document.warnings as readonly Warned[];
    assert.deepEqual(others, []);
    assert.equal(warning?.code, 'drive.down');
    assert.match(
      warning?.message ?? '',
      /^drive:1 of main was put out of use: .*WRITE.* failed: .*; when it works again: grandsire library inventory/,
    );
    const [first, second] = await drives(here);
    assert.deepEqual([first?.state, second?.state], ['down', 'empty']);
    assert.match(first?.reason ?? '', /WRITE/);
    assert.match((await here.command('drive', 'list')).stdout, /main\/drive:1 +down: .*WRITE/);
    // It stays down for whoever does not ask for another look; then it is used again.
    await assertRestores(here, 0);
    assert.equal((await drives(here))[0]?.state, 'down');
    plans.clear();
    const look = await here.command('library', 'inventory', '--json');
    assert.equal(look.exitCode, 0, look.stdout);
    assert.deepEqual(
      (await drives(here)).map(({ state }) => state),
      ['empty', 'empty'],
    );
  });

  it('in the middle of a restore and of a verification: the rest is read in the other', async () => {
    const plans: Plans = new Map();
    await using here = await prepared(plans);
    await backUp(here);
    plans.set(1, [always(code.read, hardware, 4)]);
    const { failed } = await assertRestores(here, 3);
    assert.deepEqual(failed, []);
    assert.equal((await drives(here))[0]?.state, 'down');
    plans.set(1, []);
    await here.command('library', 'inventory');
    plans.set(1, [always(code.read, hardware, 5)]);
    const verified = await here.command('verify', 'G00001L9', '--json');
    assert.equal(verified.exitCode, 3, verified.stdout);
    const document = JSON.parse(verified.stdout);
    assert.deepEqual(document.failed, []);
    assert.equal(document.checked, 6);
    assert.equal((await drives(here))[0]?.state, 'down');
  });

  it('while it labels and identifies: the cartridge is labelled and identified all the same', async () => {
    const plans: Plans = new Map([[1, [always(code.write, hardware, 2)]]]);
    await using here = await prepared(plans);
    const labelled = await here.command('cartridge', 'label', 'G00002L9', '--json');
    assert.equal(labelled.exitCode, 3, labelled.stdout);
    assert.deepEqual(JSON.parse(labelled.stdout).labelled, ['G00002L9']);
    plans.set(1, []);
    await here.command('library', 'inventory');
    plans.set(1, [always(code.read, hardware)]);
    const identified = await here.command('cartridge', 'identify', 'G00002L9', '--json');
    assert.equal(identified.exitCode, 3, identified.stdout);
    assert.equal(JSON.parse(identified.stdout).kind, 'ours');
  });

  it('with none left the run says so and what to do, the data stays staged, and is written when one is back', async () => {
    const plans: Plans = new Map([1, 2].map((number) => [number, [always(code.write, hardware, 5)]]));
    await using here = await prepared(plans);
    const { exitCode, document, stderr } = await backUp(here);
    assert.equal(exitCode, 4, stderr);
    assert.equal(document.error.code, 'drive.none-usable');
    assert.match(
      document.error.message,
      /no drive of library main is in working order; drive:1: .*; drive:2: .* segments of home-\S+ stay staged/,
    );
    assert.match(document.error.remedy, /grandsire library inventory --library main.*grandsire staging flush/);
    await assertRestores(here, 0);
    plans.clear();
    await here.command('library', 'inventory');
    const flushed = await here.command('staging', 'flush', '--json');
    assert.equal(flushed.exitCode, 0, flushed.stdout);
    assert.equal(JSON.parse((await here.command('staging', 'status', '--json')).stdout).segments.length, 0);
  });

  it('to which the connection is lost is down for the run, and used again by the next command that reaches it', async () => {
    const plans: Plans = new Map([[1, [{ when: code.write, nth: 8, action: { kind: 'unreachable', stays: true } }]]]);
    await using here = await prepared(plans);
    const { exitCode, document } = await backUp(here);
    assert.equal(exitCode, 3, JSON.stringify(document));
    assert.match((await drives(here))[0]?.reason ?? '', /^the drive cannot be reached: /);
    plans.clear();
    await assertRestores(here, 0);
    assert.notEqual((await drives(here))[0]?.state, 'down');
    assert.equal((await here.command('drive', 'unload')).exitCode, 0);
    assert.deepEqual(
      (await drives(here)).map(({ state }) => state),
      ['empty', 'empty'],
    );
  });

  it('whose connection breaks and comes back is used on, and nothing is held against it or the cartridge', async () => {
    const lost: FaultAction = { kind: 'unreachable', usable: true };
    const plans: Plans = new Map([[1, [{ when: code.write, nth: 8, times: 2, action: lost }]]]);
    await using here = await prepared(plans, { drives: 1 });
    const { exitCode, document } = await backUp(here);
    assert.equal(exitCode, 0, JSON.stringify(document));
    assert.deepEqual(document.cartridges, ['G00001L9']);
    plans.set(1, [{ when: code.read, nth: 5, times: 2, action: lost }]);
    await assertRestores(here, 0);
    plans.set(1, [{ when: code.read, nth: 5, times: 2, action: lost }]);
    assert.equal((await here.command('verify', 'G00001L9')).exitCode, 0);
    // A network that is gone for good is not tried for ever.
    plans.set(1, [always(code.write, lost, 8)]);
    const gone = await backUp(here);
    assert.deepEqual([gone.exitCode, gone.document.error.code], [1, 'device.unreachable']);
    plans.clear();
    assert.equal((await here.command('staging', 'flush')).exitCode, 0);
    assert.equal((await drives(here))[0]?.state, 'empty');
  });

  it('that falls silent is given up by its watchdog, and named with the phase and its budget', async () => {
    const time = new Timeline();
    const run = (): void => time.pass(milliseconds(phases.data.budget + stopGrace));
    const plans: Plans = new Map([[1, [{ when: code.write, nth: 8, action: { kind: 'silence', run } }]]]);
    await using here = await prepared(plans, { time });
    const { exitCode, document } = await backUp(here);
    assert.equal(exitCode, 3, JSON.stringify(document));
    const [first] = await drives(here);
    assert.equal(first?.state, 'down');
    assert.match(
      first?.reason ?? '',
      /^main\/drive:1 did not finish moving data within 40 min; .*grandsire library inventory/,
    );
    // The cartridge is in it still; the run took the next one, and said why.
    const codes = (document.warnings as readonly Warned[]).map((warning) => warning.code).sort();
    assert.deepEqual(codes, ['cartridge.stuck', 'drive.down']);
    assert.equal(document.staged, false);
    plans.clear();
    assert.equal((await here.command('drive', 'unload', '--drive', '1')).exitCode, 0);
    assert.equal((await drives(here))[0]?.state, 'down', 'only an inventory tries it again');
    assert.equal((await here.command('library', 'inventory')).exitCode, 0);
    assert.deepEqual(
      (await drives(here)).map(({ state }) => state),
      ['empty', 'empty'],
    );
    assert.equal((await here.command('catalog', 'check')).exitCode, 0);
    await assertRestores(here, 0);
  });
});

describe('whose fault it is', () => {
  it('a drive in which two cartridges failed is down, and the cartridges are as good as before', async () => {
    const plans: Plans = new Map([[1, [always(code.write, mediumError, 3)]]]);
    await using here = await prepared(plans, { drives: 1 });
    const { exitCode, document } = await backUp(here);
    assert.equal(exitCode, 4);
    assert.equal(document.error.code, 'drive.none-usable');
    assert.match(
      document.error.message,
      /G00001L9 and G00002L9 failed in it one after the other, which tells against the drive/,
    );
    for (const barcode of ['G00001L9', 'G00002L9', 'G00003L9'])
      assert.equal(await conditionOf(here, barcode), 'good', barcode);
    plans.clear();
    await here.command('library', 'inventory');
    assert.equal((await here.command('staging', 'flush')).exitCode, 0);
  });

  const overflow: FaultAction = { kind: 'check', sense: { key: 0x0d, asc: 0x00, ascq: 0x02, endOfMedium: true } };
  // Labels are written: they are shorter than a block of data.
  const ends = {
    'each cartridge': {
      when: (cdb: Uint8Array) => cdb[0] === code.write && Buffer.from(cdb).readUIntBE(2, 3) === 512 * 1024,
      failed: 'G00001L9 and G00002L9',
    },
    'each cartridge that begins with an index': {
      when: (cdb: Uint8Array, data: DataPhase) =>
        cdb[0] === code.write &&
        data.direction === 'out' &&
        /"kind": ?"index"/.test(Buffer.concat(data.data).toString('latin1')),
      failed: 'G00002L9 and G00003L9',
    },
  };
  for (const [what, { when, failed }] of Object.entries(ends)) {
    it(`a drive that says of ${what} that it is at its end is down as well`, async () => {
      await using here = await prepared(new Map([[1, [always(when, overflow)]]]), { drives: 1 });
      const { exitCode, document } = await backUp(here);
      assert.deepEqual([exitCode, document.error?.code], [4, 'drive.none-usable'], JSON.stringify(document));
      assert.ok(document.error.message.includes(`${failed} failed in it one after the other`), document.error.message);
      for (const barcode of ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9'])
        assert.equal(await conditionOf(here, barcode), 'good', barcode);
    });
  }

  it('a cartridge that failed in two drives is damaged, and no drive is down', async () => {
    const isBad = always(code.write, mediumError, 2);
    const plans: Plans = new Map([1, 2].map((number) => [number, [isBad]]));
    await using here = await prepared(plans);
    assert.equal((await here.command('cartridge', 'label', 'G00001L9')).exitCode, 1);
    assert.equal(await conditionOf(here, 'G00001L9'), 'suspect');
    const second = await here.command('cartridge', 'label', 'G00001L9', '--json');
    assert.equal(second.exitCode, 1);
    assert.ok(JSON.parse(second.stdout).warnings.some((warning: Warned) => warning.code === 'cartridge.failed-twice'));
    assert.equal(await conditionOf(here, 'G00001L9'), 'damaged');
    assert.deepEqual(
      (await drives(here)).map(({ state }) => state),
      ['empty', 'empty'],
    );
  });

  it('after one failure the next cartridge goes into another drive, and nothing is judged yet', async () => {
    const plans: Plans = new Map([[1, [always(code.write, mediumError, 3)]]]);
    await using here = await prepared(plans);
    const { exitCode, document } = await backUp(here);
    assert.equal(exitCode, 3);
    assert.deepEqual(document.cartridges, ['G00002L9']);
    assert.deepEqual(
      (document.warnings as readonly Warned[]).map((warning) => warning.code),
      ['cartridge.write-failed'],
    );
    assert.equal(await conditionOf(here, 'G00001L9'), 'suspect');
    assert.deepEqual(
      (await drives(here)).map(({ state }) => state),
      ['empty', 'empty'],
    );
    // An operator who labels it anew, which reads the label back, has it used again.
    plans.clear();
    assert.equal((await here.command('cartridge', 'label', 'G00001L9', '--yes')).exitCode, 0);
    assert.equal(await conditionOf(here, 'G00001L9'), 'good');
  });
});
