import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { milliseconds } from '#src/base/duration';
import type { GrandsireError } from '#src/base/errors';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { Mount } from '#src/library/mount/mount';
import { type Phase, phases, stopGrace } from '#src/library/watchdog/phases';
import { createManagedLibrary, type ManagedLibrary } from '#test/library/managed-library';
import { createFaultyTransport, type Fault } from '#test/support/faulty-transport';
import { Timeline } from '#test/support/timeline';

const request = { purpose: 'test', writing: true };
const block = new Uint8Array(100).fill(5);
const code = {
  testUnitReady: 0x00,
  rewind: 0x01,
  write: 0x0a,
  loadUnload: 0x1b,
  readPosition: 0x34,
  locate: 0x2b,
  locate16: 0x92,
} as const;
const move = 0xa5;
const elementStatus = 0xb8;

const hasCode = (wanted: string) => (error: unknown) => (error as GrandsireError).code === wanted;

interface Bench {
  readonly managed: ManagedLibrary;
  readonly time: Timeline;
  /** From now on drive 1 does not answer. */
  fallSilent(): void;
}

interface Silence {
  readonly phase: Phase;
  /** Operation codes. */
  readonly unanswered: readonly number[];
  /** Silent before anything was done with it. */
  readonly fromTheStart?: boolean;
}

/** A library whose drive 1 can fall silent, and then as much time passes as the phase that is tested has. */
async function withSilence(
  { phase, unanswered, fromTheStart = false }: Silence,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const time = new Timeline();
  const run = (): void => time.pass(milliseconds(phases[phase].budget + stopGrace));
  let isSilent = fromTheStart;
  const fault: Fault = {
    when: (cdb) => isSilent && unanswered.includes(cdb[0] ?? -1),
    action: { kind: 'silence', run },
  };
  await using managed = await createManagedLibrary({
    time,
    wrapDriveTransport: (transport, number) => (number === 1 ? createFaultyTransport(transport, [fault]) : transport),
  });
  await managed.library.inventory();
  const fallSilent = (): void => {
    isSilent = true;
  };
  await work({ managed, time, fallSilent });
}

async function assertOverdue({ managed }: Pick<Bench, 'managed'>, phase: Phase): Promise<void> {
  const [first] = (await managed.library.status()).drives;
  assert.equal(first?.state, 'down');
  const { what } = phases[phase];
  assert.match(first?.reason ?? '', new RegExp(`main/drive:1 did not finish ${what} within .*library inventory`));
  const told = managed.warnings.find(({ code: warned }) => warned === 'drive.down');
  assert.match(
    told?.message ?? '',
    /^drive:1 of main was put out of use: .*grandsire library inventory --library main$/,
  );
}

/** The next one goes to the other drive. */
async function assertGoesOn({ managed }: Pick<Bench, 'managed'>): Promise<void> {
  await using mount = await managed.library.mount(await managed.cartridge('G00003L9'), request);
  assert.equal(mount.driveNumber, 2);
  assert.equal((await mount.drive.writeBlocks([block])).kind, 'written');
}

describe('watchdog: a drive that never answers is given up, and the work goes on in the other', () => {
  it('while it loads', async () => {
    await withSilence({ phase: 'load', unanswered: [code.rewind] }, async (bench) => {
      bench.fallSilent();
      const cartridge = await bench.managed.cartridge('G00001L9');
      await assert.rejects(bench.managed.library.mount(cartridge, request), hasCode('drive.overdue'));
      await assertOverdue(bench, 'load');
      assert.equal(await bench.managed.placeOf('G00001L9'), 'drive:1');
      await assert.rejects(bench.managed.library.mount(cartridge, request), hasCode('cartridge.stuck'));
      await assertGoesOn(bench);
    });
  });

  for (const { phase, unanswered, act } of [
    {
      phase: 'data',
      unanswered: [code.write],
      act: ({ drive }: Mount): Promise<unknown> => drive.writeBlocks([block]),
    },
    {
      phase: 'position',
      unanswered: [code.locate, code.locate16],
      act: async ({ drive }: Mount): Promise<unknown> => {
        await drive.writeBlocks([block, block]);
        return await drive.locate(1n);
      },
    },
    {
      phase: 'question',
      unanswered: [code.readPosition],
      act: ({ drive }: Mount): Promise<unknown> => drive.position(),
    },
  ] as const) {
    it(`in the phase "${phase}"`, async () => {
      await withSilence({ phase, unanswered }, async (bench) => {
        {
          await using mount = await bench.managed.library.mount(await bench.managed.cartridge('G00001L9'), request);
          bench.fallSilent();
          await assert.rejects(act(mount), hasCode('drive.overdue'));
          await assert.rejects(
            mount.drive.readBlock(new Uint8Array(10)),
            hasCode('drive.overdue'),
            'at once, from now on',
          );
        }
        await assertOverdue(bench, phase);
        await assertGoesOn(bench);
      });
    });
  }

  it('while it unloads: what was written stands, and the cartridge is named where it is', async () => {
    await withSilence({ phase: 'unload', unanswered: [code.loadUnload] }, async (bench) => {
      {
        await using mount = await bench.managed.library.mount(await bench.managed.cartridge('G00001L9'), request);
        await mount.drive.writeBlocks([block]);
        bench.fallSilent();
      }
      await assertOverdue(bench, 'unload');
      await assertGoesOn(bench);
    });
  });

  it('while it is opened: it counts as unreachable, and the library is used without it', async () => {
    await withSilence({ phase: 'open', unanswered: [0x12], fromTheStart: true }, async (bench) => {
      assert.equal((await bench.managed.library.status()).drives[0]?.state, 'down');
      assert.ok(bench.managed.warnings.some(({ code: warned }) => warned === 'drive.unreachable'));
      await assertGoesOn(bench);
    });
  });
});

describe('watchdog: a drive that stays busy for ever', () => {
  it('with loading is told to stop, lets go of the cartridge, and is down; the load was begun once', async () => {
    const time = new Timeline();
    let [loads, asked] = [0, 0];
    const becomingReady = { key: 0x02, asc: 0x04, ascq: 0x01 } as const;
    const isAsked = (cdb: Uint8Array): boolean => {
      if (cdb[0] === code.loadUnload && ((cdb[4] ?? 0) & 1) === 1) loads += 1;
      if (cdb[0] === code.testUnitReady) asked += 1;
      return cdb[0] === code.testUnitReady && asked > 1;
    };
    const drive = (transport: ScsiTransport, number: number) =>
      number === 1
        ? createFaultyTransport(transport, [
            { when: isAsked, times: 5000, action: { kind: 'check', sense: becomingReady } },
          ])
        : transport;
    await using managed = await createManagedLibrary({ time, wrapDriveTransport: drive });
    await managed.library.inventory();
    const cartridge = await managed.cartridge('G00001L9');
    await assert.rejects(managed.library.mount(cartridge, request), hasCode('device.load-timed-out'));
    assert.ok(loads <= 1);
    assert.ok(time.passed >= milliseconds(150 * 60_000), 'a calibration of two hours is waited for');
    assert.equal((await managed.library.status()).drives[0]?.state, 'down');
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    await assertGoesOn({ managed });
  });
});

describe('watchdog: a drive that another process left calibrating', () => {
  it('is given as long to unload as a calibration takes, and is not down for it', async () => {
    const time = new Timeline();
    const hours = (passed: number) => passed / 3_600_000;
    let isCalibrating = false;
    const drive = (transport: ScsiTransport, number: number) =>
      number === 1
        ? createFaultyTransport(transport, [
            {
              when: (cdb) => isCalibrating && cdb[0] === code.loadUnload && hours(time.passed) < 2,
              times: 5000,
              action: { kind: 'check', sense: { key: 0x02, asc: 0x04, ascq: 0x01 } },
            },
          ])
        : transport;
    await using managed = await createManagedLibrary({ time, wrapDriveTransport: drive });
    await managed.library.inventory();
    await managed.library.load(await managed.cartridge('G00001L9'), request);
    isCalibrating = true;
    await (await managed.reopen()).unload(1);
    assert.ok(hours(time.passed) >= 2);
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    assert.equal((await managed.library.status()).drives[0]?.state, 'empty');
  });
});

describe('watchdog: a robot that never answers', () => {
  for (const { phase, operation } of [
    { phase: 'move', operation: move },
    { phase: 'look', operation: elementStatus },
  ] as const) {
    it(`in the phase "${phase}" ends the command, and each after it at once`, async () => {
      const time = new Timeline();
      const run = (): void => time.pass(milliseconds(phases[phase].budget + stopGrace));
      let isSilent = false;
      const when = (cdb: Uint8Array): boolean => isSilent && cdb[0] === operation;
      await using managed = await createManagedLibrary({
        time,
        wrapChangerTransport: (transport) =>
          createFaultyTransport(transport, [{ when, action: { kind: 'silence', run } }]),
      });
      await managed.library.inventory();
      const cartridge = await managed.cartridge('G00001L9');
      isSilent = true;
      if (phase === 'look') {
        await assert.rejects(managed.library.inventory(), hasCode('library.overdue'));
      } else {
        await assert.rejects(managed.library.mount(cartridge, request), hasCode('library.overdue'));
        // The drives did nothing wrong.
        assert.ok((await managed.library.status()).drives.every(({ state }) => state !== 'down'));
      }
      await assert.rejects(managed.library.move('G00002L9', 'slot:6'), hasCode('library.overdue'));
      assert.equal(await managed.catalog.leases.get('library:main'), undefined);
    });
  }
});
