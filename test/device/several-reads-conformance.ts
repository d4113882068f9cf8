import assert from 'node:assert/strict';
import type { TapeDrive } from '#src/device/tape-drive';
import { block, type Case, isDeviceError, writeFiles } from '#test/device/tape-drive-test';
import { answerWith, type Interposition } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

/** `readBlocks`: several READs on their way at once, and calls that overlap. */
export function describeSeveralReads(loaded: Case): void {
  const numbered = (count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => block(2000, index + 1));
  const writeNumbered = async (drive: TapeDrive, count: number): Promise<void> => {
    assert.equal((await drive.writeBlocks(numbered(count))).kind, 'written');
    assert.equal((await drive.writeFilemarks(1, { synchronise: true })).kind, 'written');
    await drive.rewind();
  };
  const notNow: Interposition = async () => ({ status: 0x08, sense: new Uint8Array(0), transferredBytes: 0 });
  const buffers = (count: number): Uint8Array[] => Array.from({ length: count }, () => new Uint8Array(2000));

  loaded('reads several blocks at once, in their order, and stands behind them', async (drive) => {
    await writeNumbered(drive, 9);
    for (const [from, count] of [
      [0, 5],
      [5, 1],
      [6, 3],
    ] as const) {
      const { blocks, stop } = await drive.readBlocks(buffers(count));
      assert.equal(stop, undefined);
      assert.deepEqual(blocks, numbered(9).slice(from, from + count));
    }
    assert.equal((await drive.position())?.block, 9n);
    assert.deepEqual(await drive.readBlock(new Uint8Array(4000)), { kind: 'filemark' });
  });

  loaded('hands out what came before a filemark, and finds its place again after it', async (drive) => {
    await writeFiles(drive, [[2000, 2000], [2000]]);
    const { blocks, stop } = await drive.readBlocks(buffers(4));
    assert.deepEqual([blocks.length, stop], [2, { kind: 'filemark' }]);
    assert.deepEqual(await drive.locate(3n, { near: { file: 1n, blockInFile: 0n } }), { kind: 'spaced' });
    assert.deepEqual(await drive.readBlock(new Uint8Array(4000)), { kind: 'block', bytes: 2000 });
  });

  loaded('loses and swaps no block where a command of several is not carried out', async (drive, transport) => {
    await writeNumbered(drive, 8);
    // LOG PARAMETERS CHANGED tells nothing that matters here; BUSY says that one command at a time is enough.
    transport.once(0x08, (pass) => pass());
    transport.once(0x08, answerWith(fixedSense(6, 0x2a, 0x02)));
    const read: Uint8Array[] = [];
    const readOn = async () => {
      const { blocks, stop } = await drive.readBlocks(buffers(Math.min(4, 8 - read.length)));
      assert.equal(stop, undefined);
      read.push(...blocks.map((each) => Uint8Array.from(each)));
    };
    await readOn();
    transport.once(0x08, notNow);
    while (read.length < 8) await readOn();
    assert.deepEqual(read, numbered(8));
  });

  loaded('drops what was read behind a reset among several', async (drive, transport) => {
    await writeNumbered(drive, 8);
    transport.once(0x08, (pass) => pass());
    transport.once(0x08, answerWith(fixedSense(6, 0x29, 0x00)));
    const { blocks, stop } = await drive.readBlocks(buffers(4));
    assert.deepEqual([blocks.length, stop?.kind], [1, 'attention']);
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.readBlocks(buffers(4)), isDeviceError('device.position-lost'));
  });

  loaded('reads on behind a call that is under way, and tells of each block when it is there', async (drive) => {
    await writeNumbered(drive, 7);
    const heard: Uint8Array[] = [];
    const onBlock = (each: Uint8Array): unknown => heard.push(Uint8Array.from(each));
    const first = drive.readBlocks(buffers(2), { onBlock });
    const second = drive.readBlocks(buffers(3), { onBlock });
    assert.deepEqual((await first).blocks, numbered(7).slice(0, 2));
    const third = drive.readBlocks(buffers(2), { onBlock });
    assert.deepEqual((await second).blocks, numbered(7).slice(2, 5));
    assert.deepEqual(await third, { blocks: numbered(7).slice(5), stop: undefined });
    assert.deepEqual(heard, numbered(7));
    assert.equal((await drive.position())?.block, 7n);
  });

  for (const [what, count, answer] of [
    ['a harmless attention', 1, answerWith(fixedSense(6, 0x2a, 0x02))],
    ['BUSY for all commands', 2, notNow],
    ['BUSY for one of several', 1, notNow],
  ] as const) {
    loaded(
      `keeps the order where a call is answered with ${what} and another is behind it`,
      async (drive, transport) => {
        await writeNumbered(drive, 8);
        const size = what.endsWith('several') ? 2 : count;
        for (let each = 0; each < count; each += 1) transport.once(0x08, answer);
        const heard: Uint8Array[] = [];
        const onBlock = (each: Uint8Array): unknown => heard.push(Uint8Array.from(each));
        while (heard.length < 6) {
          const calls = [drive.readBlocks(buffers(size), { onBlock }), drive.readBlocks(buffers(size), { onBlock })];
          for (const { stop } of await Promise.all(calls)) assert.equal(stop, undefined);
        }
        assert.deepEqual(heard, numbered(8).slice(0, heard.length));
      },
    );
  }

  loaded('what befell the medium behind a stop is told by the next command', async (drive, transport) => {
    await writeFiles(drive, [
      [2000, 2000],
      [2000, 2000, 2000, 2000],
    ]);
    for (let each = 0; each < 4; each += 1) transport.once(0x08, (pass) => pass());
    transport.once(0x08, answerWith(fixedSense(6, 0x28, 0x00)));
    const calls = [drive.readBlocks(buffers(4)), drive.readBlocks(buffers(2))];
    const stops = (await Promise.all(calls)).map(({ stop }) => stop?.kind);
    assert.deepEqual(stops, ['filemark', 'filemark']);
    assert.equal((await drive.locate(1n)).kind, 'attention');
  });

  loaded('a call behind one that has met a reset ends as that one', async (drive, transport) => {
    await writeNumbered(drive, 6);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    transport.once(0x08, answerWith(fixedSense(6, 0x29, 0x00)));
    transport.once(0x08, async (pass) => {
      await held;
      return pass();
    });
    const first = drive.readBlocks(buffers(2));
    // The first answer has been heard, the second is awaited.
    await new Promise((resolve) => setImmediate(resolve));
    const second = drive.readBlocks(buffers(2));
    release();
    const stops = [await first, await second].map(({ blocks, stop }) => [blocks.length, stop?.kind]);
    assert.deepEqual(stops, [
      [0, 'attention'],
      [0, 'attention'],
    ]);
  });

  loaded('what stops a call stops the one behind it', async (drive, transport) => {
    await writeFiles(drive, [
      [2000, 2000, 2000],
      [2000, 2000, 2000, 2000],
    ]);
    const filemark = [drive.readBlocks(buffers(4)), drive.readBlocks(buffers(4))];
    const outcomes = (await Promise.all(filemark)).map(({ blocks, stop }) => [blocks.length, stop?.kind]);
    assert.deepEqual(outcomes, [
      [3, 'filemark'],
      [0, 'filemark'],
    ]);

    await drive.rewind();
    transport.once(0x08, (pass) => pass());
    transport.once(0x08, answerWith(fixedSense(6, 0x29, 0x00)));
    const reset = [drive.readBlocks(buffers(2)), drive.readBlocks(buffers(2))];
    const after = (await Promise.all(reset)).map(({ blocks, stop }) => [blocks.length, stop?.kind]);
    assert.deepEqual(after, [
      [1, 'attention'],
      [0, 'attention'],
    ]);
    assert.equal(await drive.position(), undefined);

    await drive.rewind();
    transport.once(0x08, (pass) => pass());
    transport.once(0x08, () => Promise.reject(new Error('the cable was pulled')));
    const [pulled, behind] = [drive.readBlocks(buffers(2)), drive.readBlocks(buffers(2))];
    await assert.rejects(pulled, /the cable was pulled/);
    await assert.rejects(behind, /the cable was pulled/);

    await drive.rewind();
    assert.equal((await drive.readBlocks(buffers(2))).blocks.length, 2, 'and then it is over');
  });
}
