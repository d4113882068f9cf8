import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DeviceError } from '#src/base/errors';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { TapeDrive } from '#src/device/tape-drive';
import { describeSeveralReads } from '#test/device/several-reads-conformance';
import { type Body, block, type Case, isDeviceError, writeFiles } from '#test/device/tape-drive-test';
import { expectSpaced, type PlaceTraits, runTapeModel, tapeCommands } from '#test/device/tape-model';
import { answerWith, InterposedTransport } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

export type FixtureCartridge = 'blank' | 'write-protected' | 'worm' | 'cleaning' | 'none';

export interface TapeDriveFixture extends AsyncDisposable {
  /** Opened; the cartridge lies in it, and nobody has loaded it yet. */
  readonly drive: TapeDrive;
}

export interface TapeDriveFactoryOptions {
  readonly cartridge: FixtureCartridge;
  /** The driver is to be opened over what this makes of the device's transport. */
  readonly wrap: (transport: ScsiTransport) => ScsiTransport;
}

/** What differs from device to device within the contract. */
export interface TapeDriveTraits extends PlaceTraits {
  /** Writing more than this is sure to meet early warning and then overflow; undefined where the medium has no end. */
  readonly capacityBytes: number | undefined;
  /** After `unload` it is not ready; else it calls the command GOOD, does nothing, and lets the robot take the cartridge all the same. */
  readonly unthreads: boolean;
  /** The cartridges that the factory can make. */
  readonly cartridges: readonly FixtureCartridge[];
}

export type TapeDriveFactory = (options: TapeDriveFactoryOptions) => Promise<TapeDriveFixture>;

/** The law of `TapeDrive`, asked of an implementation over a device. */
export function describeTapeDrive(name: string, factory: TapeDriveFactory, traits: TapeDriveTraits): void {
  const on = (cartridge: FixtureCartridge, title: string, body: Body) =>
    it(title, { skip: traits.cartridges.includes(cartridge) ? false : `no ${cartridge} cartridge here` }, async () => {
      let interposed: InterposedTransport | undefined;
      const wrap = (transport: ScsiTransport) => {
        interposed = new InterposedTransport(transport);
        return interposed;
      };
      await using fixture = await factory({ cartridge, wrap });
      assert.ok(interposed);
      await body(fixture.drive, interposed);
      assert.equal(interposed.waiting, 0, 'what the test prepared did not happen');
    });
  const loaded = (title: string, body: Body) =>
    on('blank', title, async (drive, transport) => {
      assert.deepEqual(await drive.load(), { kind: 'ready' });
      await body(drive, transport);
    });

  describe(`${name}: tape drive`, () => {
    describeReading(loaded);
    describeSeveralReads(loaded);
    describePlace(loaded, traits);
    describeEnd(loaded, traits);
    describeTrouble(loaded, traits);
    describeMedia(on, traits);
    it('agrees with a model of the medium, whatever is done', async () => {
      await fc.assert(
        fc.asyncProperty(tapeCommands, async (commands) => {
          await using fixture = await factory({ cartridge: 'blank', wrap: (transport) => transport });
          await fixture.drive.load();
          await runTapeModel(fixture.drive, commands, traits);
        }),
        { numRuns: 25 },
      );
    });
  });
}

function describeReading(loaded: Case): void {
  loaded('gives back each block with its own length, in a larger and in an exact buffer', async (drive) => {
    const least = drive.capabilities.minBlockBytes;
    const lengths = [least, 511, 4096, 65_536, least + 2];
    await writeFiles(drive, [lengths]);
    for (const slack of [0, 70_000]) {
      await drive.rewind();
      for (const bytes of lengths) {
        const buffer = new Uint8Array(slack === 0 ? bytes : 2 * bytes + slack);
        assert.deepEqual(await drive.readBlock(buffer), { kind: 'block', bytes });
        assert.deepEqual(buffer.subarray(0, bytes), block(bytes, 1));
      }
      assert.deepEqual(await drive.readBlock(new Uint8Array(10)), { kind: 'filemark' });
    }
  });

  loaded('tells a block that does not fit, and stands after it', async (drive) => {
    await writeFiles(drive, [[1000, 20]]);
    const outcome = await drive.readBlock(new Uint8Array(100));
    assert.equal(outcome.kind, 'too-long');
    assert.ok(outcome.kind === 'too-long' && (outcome.blockBytes === undefined || outcome.blockBytes === 1000));
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 20 });
  });

  loaded('tells blank from the end of data', async (drive) => {
    assert.equal((await drive.readBlock(new Uint8Array(100))).kind, 'blank');
    await writeFiles(drive, [[10]]);
    await drive.readBlock(new Uint8Array(100));
    await drive.readBlock(new Uint8Array(100));
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'end-of-data' });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'end-of-data' }, 'and again');
  });

  loaded('ends the data where it writes', async (drive) => {
    await writeFiles(drive, [[10, 11], [12]]);
    await drive.spaceBlocks(1n);
    assert.equal((await drive.writeBlocks([block(5, 9)])).kind, 'written');
    await drive.rewind();
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 10 });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 5 });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'end-of-data' });
  });
}

function describePlace(loaded: Case, traits: TapeDriveTraits): void {
  const { knowsPosition, stopsAtFilemarks } = traits;
  const placeOf = async (drive: TapeDrive) => (await drive.position())?.block;

  loaded('counts blocks and filemarks from the beginning', async (drive) => {
    assert.equal(drive.capabilities.knowsPosition, knowsPosition);
    assert.deepEqual(await drive.position(), {
      block: 0n,
      file: 0n,
      beginningOfMedium: true,
      confirmedByDrive: knowsPosition,
    });
    await drive.writeBlocks([block(9, 1), block(9, 1)]);
    await drive.writeFilemarks(2, { synchronise: true });
    await drive.writeBlocks([block(9, 1)]);
    assert.deepEqual(await drive.position(), {
      block: 5n,
      file: 2n,
      beginningOfMedium: false,
      confirmedByDrive: knowsPosition,
    });
  });

  loaded('goes to any object, and reads what lies there', async (drive) => {
    await writeFiles(drive, [[10, 11], [12], [13, 14, 15]]);
    for (const [object, expected] of [
      [6, 14],
      [0, 10],
      [3, 12],
      [1, 11],
      [7, 15],
    ] as const) {
      assert.deepEqual(await drive.locate(BigInt(object)), { kind: 'spaced' });
      assert.equal(await placeOf(drive), BigInt(object));
      assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: expected });
    }
    assert.deepEqual(await drive.locate(4n), { kind: 'spaced' });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'filemark' });
    const near = { file: 2n, blockInFile: 1n };
    assert.deepEqual(await drive.locate(6n, { near }), { kind: 'spaced' });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 14 });
    expectSpaced(await drive.locate(40n), { kind: 'end-of-data', passed: 9n }, traits);
  });

  loaded('finds the beginning of the tape file that it has just written', async (drive) => {
    await writeFiles(drive, [[10], [11, 12]]);
    await drive.locate(5n, { near: { file: 2n, blockInFile: 0n } });
    await drive.writeBlocks([block(13, 3), block(14, 3)]);
    await drive.writeFilemarks(1, { synchronise: true });
    assert.equal(await placeOf(drive), 8n);
    assert.deepEqual(await drive.spaceFilemarks(-1n), { kind: 'spaced' });
    assert.deepEqual(await drive.spaceBlocks(-2n), { kind: 'spaced' });
    assert.equal(await placeOf(drive), 5n);
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 13 });
    assert.deepEqual(await drive.spaceFilemarks(1n), { kind: 'spaced' });
    assert.equal(await placeOf(drive), 8n);
  });

  loaded('forgets what lay behind a place where it writes', async (drive) => {
    await writeFiles(drive, [[10, 11, 12], [13]]);
    await drive.writeBlocks([block(20, 3)]);
    await drive.writeFilemarks(1, { synchronise: true });
    await drive.rewind();
    assert.deepEqual(await drive.spaceFilemarks(1n), { kind: 'spaced' });
    assert.equal(await placeOf(drive), 2n, 'not 4, as it was before');
    // Where tape file 2 began before, tape file 1 goes on now.
    await drive.writeBlocks(new Array(8).fill(block(7, 4)));
    assert.deepEqual(await drive.locate(6n), { kind: 'spaced' });
    const position = await drive.position();
    assert.equal(position?.block, 6n);
    assert.ok(position.file === 1n || position.file === undefined, `${position.file}`);
  });

  loaded('spaces over filemarks, and tells how far it came', async (drive) => {
    await writeFiles(drive, [[10], [11], [12]]);
    assert.deepEqual(await drive.spaceFilemarks(2n), { kind: 'spaced' });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 12 });
    expectSpaced(await drive.spaceFilemarks(5n), { kind: 'end-of-data', passed: 1n }, traits);
    assert.deepEqual(await drive.spaceFilemarks(-2n), { kind: 'spaced' });
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'filemark' });
    expectSpaced(await drive.spaceFilemarks(-9n), { kind: 'beginning-of-medium', passed: 2n }, traits);
    assert.equal((await drive.position())?.beginningOfMedium, true);
  });

  if (stopsAtFilemarks) {
    loaded('stands on the far side of a filemark met while spacing over blocks', async (drive) => {
      await writeFiles(drive, [
        [10, 11],
        [12, 13],
      ]);
      assert.deepEqual(await drive.spaceBlocks(4n), { kind: 'filemark', passed: 2n });
      assert.equal(await placeOf(drive), 3n);
      assert.deepEqual(await drive.spaceBlocks(1n), { kind: 'spaced' });
      assert.deepEqual(await drive.spaceBlocks(-9n), { kind: 'filemark', passed: 1n });
      assert.equal(await placeOf(drive), 2n);
    });
  }
}

function describeEnd(loaded: Case, { capacityBytes }: TapeDriveTraits): void {
  if (capacityBytes === undefined) return;
  const size = 64 * 1024;

  loaded('announces the end, and loses no block that it counted as written', async (drive) => {
    let written = 0;
    let warned = 0;
    for (;;) {
      const outcome = await drive.writeBlocks([block(size, written & 0xff), block(size, (written + 1) & 0xff)]);
      if (outcome.kind === 'volume-overflow') {
        written += outcome.writtenBlocks;
        break;
      }
      if (outcome.kind === 'early-warning') warned += 1;
      else assert.deepEqual([outcome.kind, warned], ['written', 0], 'the warning stays once it was given');
      written += 2;
      assert.ok(written * size <= 2 * capacityBytes, 'no end');
    }
    assert.ok(warned > 0, 'early warning comes before the end');
    assert.equal((await drive.position())?.block, BigInt(written));
    await drive.rewind();
    const buffer = new Uint8Array(2 * size);
    for (let index = 0; index < written; index++) {
      assert.deepEqual(await drive.readBlock(buffer), { kind: 'block', bytes: size });
      assert.equal(buffer[size - 1], index & 0xff);
    }
    assert.deepEqual(await drive.readBlock(buffer), { kind: 'end-of-data' });
  });

  loaded('has room for a filemark after the early warning, and says that it was near the end', async (drive) => {
    while ((await drive.writeBlocks([block(size, 1)])).kind === 'written');
    const last = await drive.position();
    assert.deepEqual(await drive.writeFilemarks(1, { synchronise: true }), { kind: 'early-warning' });
    assert.equal((await drive.position())?.block, (last?.block ?? 0n) + 1n);
  });
}

function describeTrouble(loaded: Case, { knowsPosition }: TapeDriveTraits): void {
  const data = block(100, 1);

  loaded(
    'reports an attention in mid-write once, and writes nothing until the place is known again',
    async (drive, transport) => {
      await drive.writeBlocks([data]);
      transport.once(0x0a, answerWith(fixedSense(6, 0x29, 0x00)));
      assert.equal((await drive.writeBlocks([data, data])).kind, 'attention');
      assert.equal(await drive.position(), undefined);
      await assert.rejects(drive.writeBlocks([data]), isDeviceError('device.position-lost'));
      await assert.rejects(drive.readBlock(new Uint8Array(200)), isDeviceError('device.position-lost'));
      await assert.rejects(drive.spaceFilemarks(1n), isDeviceError('device.position-lost'));
      assert.equal(await drive.rewind(), undefined);
      assert.deepEqual(await drive.readBlock(new Uint8Array(200)), { kind: 'block', bytes: 100 });
      assert.deepEqual(await drive.readBlock(new Uint8Array(200)), { kind: 'end-of-data' });
    },
  );

  for (const [name, operationCode, run] of [
    ['a write', 0x0a, (drive: TapeDrive) => drive.writeBlocks([data])],
    ['a synchronising filemark', 0x10, (drive: TapeDrive) => drive.writeFilemarks(1, { synchronise: true })],
    ['a synchronise alone', 0x10, (drive: TapeDrive) => drive.writeFilemarks(0, { synchronise: true })],
    ['a rewind', 0x01, (drive: TapeDrive) => drive.rewind()],
    ['a space', 0x11, (drive: TapeDrive) => drive.spaceFilemarks(-1n)],
  ] as const) {
    loaded(`reports an error of earlier blocks that comes with ${name}`, async (drive, transport) => {
      await drive.writeBlocks([data]);
      transport.once(operationCode, answerWith(fixedSense(3, 0x0c, 0x00, { deferred: true })));
      const outcome = await run(drive);
      assert.ok(outcome?.kind === 'medium-error' && outcome.sense.deferred);
      assert.equal(await drive.position(), undefined);
    });
  }

  loaded('confirms no place while an error of earlier blocks is unreported', async (drive, transport) => {
    await drive.writeBlocks([data]);
    transport.once(0x34, answerWith(fixedSense(3, 0x0c, 0x00, { deferred: true })));
    if (knowsPosition) {
      assert.equal(await drive.position(), undefined);
      assert.equal((await drive.writeFilemarks(1, { synchronise: true })).kind, 'medium-error');
    } else {
      // It is never asked for its place; nothing can come that way.
      assert.equal((await drive.position())?.block, 1n);
      await transport.execute(
        Uint8Array.of(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        { direction: 'in', buffer: new Uint8Array(20) },
        { timeout: 1000 as never },
      );
    }
  });

  loaded('takes a warning that comes deferred for a warning, and carries the command out', async (drive, transport) => {
    await drive.writeBlocks([data]);
    transport.once(0x10, answerWith(fixedSense(0, 0x00, 0x02, { deferred: true, endOfMedium: true })));
    assert.deepEqual(await drive.writeFilemarks(1, { synchronise: true }), { kind: 'early-warning' });
    assert.equal((await drive.position())?.block, 2n);
  });

  loaded('does not take a read error for an end', async (drive, transport) => {
    await writeFiles(drive, [[10], [11]]);
    await drive.spaceFilemarks(1n);
    transport.once(0x08, answerWith(fixedSense(3, 0x11, 0x00)));
    assert.equal((await drive.readBlock(new Uint8Array(100))).kind, 'medium-error');
  });

  loaded('refuses blocks that did not come through whole', async (drive, transport) => {
    await writeFiles(drive, [[1000]]);
    transport.once(0x08, async (pass) => ({ ...(await pass()), transferredBytes: 900 }));
    await assert.rejects(drive.readBlock(new Uint8Array(1000)), isDeviceError('device.data-lost'));
    await drive.rewind();
    transport.once(0x0a, async (pass) => ({ ...(await pass()), transferredBytes: 99 }));
    await assert.rejects(drive.writeBlocks([data]), isDeviceError('device.data-lost'));
  });

  loaded('knows no place after a time-out', async (drive, transport) => {
    transport.once(0x10, async () => {
      throw new DeviceError('device.time-out', { message: 'no answer', remedy: 'Wait.', usable: true });
    });
    await assert.rejects(drive.writeFilemarks(1, { synchronise: true }), isDeviceError('device.time-out'));
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.writeBlocks([data]), isDeviceError('device.position-lost'));
  });

  loaded('carries out what an attention without meaning delayed', async (drive, transport) => {
    transport.once(0x0a, answerWith(fixedSense(6, 0x3f, 0x01)));
    assert.deepEqual(await drive.writeBlocks([data]), { kind: 'written' });
    assert.equal((await drive.position())?.block, 1n);
  });

  loaded('never fails for want of telemetry', async (drive, transport) => {
    for (const operationCode of [0x4d, 0x8c]) transport.always(operationCode, answerWith(fixedSense(4, 0x44, 0x00)));
    assert.deepEqual(await drive.alerts(), []);
    assert.equal((await drive.medium()).mediumSerial, undefined);
    assert.deepEqual(await drive.writeBlocks([data]), { kind: 'written' });
  });

  loaded('survives telemetry that never answers, at the cost of the place at most', async (drive, transport) => {
    await drive.writeBlocks([data]);
    for (const operationCode of [0x4d, 0x8c, 0x44]) {
      transport.always(operationCode, async () => {
        throw new DeviceError('device.time-out', { message: 'no answer', remedy: 'Wait.', usable: true });
      });
    }
    assert.deepEqual(await drive.alerts(), []);
    assert.deepEqual(await drive.densities(), []);
    assert.equal((await drive.medium()).capacityBytes, undefined);
    const { kind } = await drive.writeBlocks([data]);
    assert.equal(kind, knowsPosition ? 'written' : 'attention');
  });

  loaded('stops when it is interrupted', async (drive) => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(
      drive.writeBlocks([data], { signal: controller.signal }),
      (error: { code?: string }) => error.code === 'command.interrupted',
    );
    assert.equal((await drive.position())?.block, 0n, 'nothing was sent, so nothing is lost');
  });
}

function describeMedia(
  on: (cartridge: FixtureCartridge, title: string, body: Body) => void,
  { unthreads }: TapeDriveTraits,
): void {
  on('blank', 'knows no place before the cartridge is loaded', async (drive) => {
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.writeBlocks([block(9, 1)]), isDeviceError('device.position-lost'));
  });

  on('blank', 'tells what is loaded, writes variable-length blocks, and lets go twice', async (drive) => {
    assert.equal((await drive.load()).kind, 'ready');
    const { writeProtected, worm } = await drive.medium();
    assert.deepEqual([writeProtected, worm], [false, false]);
    for (const compression of [false, true]) await drive.configure({ compression });
    assert.deepEqual(await drive.writeBlocks([block(7, 1), block(8, 1)]), { kind: 'written' });
    assert.equal(await drive.unload(), undefined);
    assert.equal(await drive.unload(), undefined);
    assert.equal((await drive.ready()).kind !== 'ready', unthreads);
    assert.equal(await drive.position(), undefined);
  });

  on('none', 'finds nothing, and has nothing to unload', async (drive) => {
    assert.equal((await drive.ready()).kind, 'no-medium');
    assert.equal((await drive.load()).kind, 'no-medium');
    assert.equal(await drive.unload(), undefined);
  });

  on('write-protected', 'names write protection and changes nothing', async (drive) => {
    await drive.load();
    assert.equal((await drive.medium()).writeProtected, true);
    assert.equal((await drive.writeBlocks([block(9, 1)])).kind, 'write-protected');
    assert.equal((await drive.writeFilemarks(1, { synchronise: true })).kind, 'write-protected');
    await drive.rewind();
    assert.equal((await drive.readBlock(new Uint8Array(100))).kind, 'blank');
  });

  on('worm', 'writes once', async (drive) => {
    await drive.load();
    assert.equal((await drive.medium()).worm, true);
    await writeFiles(drive, [[10, 11]]);
    const outcome = await drive.writeBlocks([block(9, 1)]);
    assert.ok(outcome.kind === 'write-protected' || outcome.kind === 'medium-error');
    await drive.rewind();
    assert.deepEqual(await drive.readBlock(new Uint8Array(100)), { kind: 'block', bytes: 10 });
  });

  on('cleaning', 'is named, and never ready', async (drive) => {
    assert.equal((await drive.load()).kind, 'cleaning-cartridge');
  });
}
