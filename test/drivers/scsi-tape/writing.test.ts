import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError } from '#src/base/errors';
import { invalidField, openScriptedDrive, shortPosition } from '#test/drivers/scsi-tape/scripted-drive';
import { fixedSense } from '#test/support/scripted-transport';

const write100 = '0a00000064';
const block = new Uint8Array(100).fill(1);
const isDeviceError = (code: string) => (error: unknown) => error instanceof DeviceError && error.code === code;

describe('scsi-tape: writing', () => {
  it('writes on after early warning, whatever its ASC, and says so at the end', async () => {
    for (const [asc, ascq] of [
      [0x00, 0x02],
      [0x00, 0x00],
    ] as const) {
      const { drive, transport } = await openScriptedDrive({ knows: 'none' });
      transport.expect(
        { cdb: write100, data: block, sense: fixedSense(0, asc, ascq, { endOfMedium: true }) },
        { cdb: write100 },
      );
      assert.deepEqual(await drive.writeBlocks([block, block]), { kind: 'early-warning' });
      assert.equal((await drive.position())?.block, 2n);
      transport.assertDone();
    }
  });

  it('tells how many blocks of the call were written before the overflow', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    const overflow = fixedSense(0x0d, 0, 2, { endOfMedium: true, information: 100 });
    transport.expect({ cdb: write100 }, { cdb: write100 }, { cdb: write100, sense: overflow });
    assert.deepEqual(await drive.writeBlocks([block, block, block, block]), {
      kind: 'volume-overflow',
      writtenBlocks: 2,
    });
    assert.equal((await drive.position())?.block, 2n);
    transport.assertDone();
  });

  it('does not count a block that early warning says was not written', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100, sense: fixedSense(0, 0, 2, { endOfMedium: true, information: 100 }) });
    assert.deepEqual(await drive.writeBlocks([block]), { kind: 'volume-overflow', writtenBlocks: 0 });
  });

  it('refuses a GOOD that speaks of fewer bytes than were sent', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100, transferredBytes: 96 });
    await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.data-lost'));
    await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.position-lost'));
  });

  for (const [name, run] of [
    ['a write', '0a'],
    ['a filemark', '10'],
    ['a rewind', '01'],
    ['a space', '11'],
    ['a read', '08'],
    ['READ POSITION', '34'],
  ] as const) {
    it(`lays a deferred error that comes with ${name} on the earlier writes`, async () => {
      const { drive, transport } = await openScriptedDrive({ knows: 'short' });
      transport.expect({ cdb: write100 }, { cdb: run, sense: fixedSense(3, 0x0c, 0, { deferred: true }) });
      assert.deepEqual(await drive.writeBlocks([block]), { kind: 'written' });
      const outcome =
        run === '0a'
          ? await drive.writeBlocks([block])
          : run === '10'
            ? await drive.writeFilemarks(1, { synchronise: true })
            : run === '01'
              ? await drive.rewind()
              : run === '11'
                ? await drive.spaceFilemarks(1n)
                : run === '08'
                  ? await drive.readBlock(new Uint8Array(100))
                  : await afterPosition();
      async function afterPosition() {
        // It was asked aside: sent again, it answers; but the place is not told, and the error comes up at the next command.
        transport.expect({ cdb: '34', data: shortPosition(1) });
        assert.equal(await drive.position(), undefined);
        return await drive.writeFilemarks(0, { synchronise: true });
      }
      assert.ok(outcome?.kind === 'medium-error' && outcome.sense.deferred);
      transport.assertDone();
      await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.position-lost'));
    });
  }

  it('sends a command again that carried a deferred early warning, and reports the warning', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    const sense = fixedSense(0, 0, 2, { deferred: true, endOfMedium: true });
    transport.expect({ cdb: '1000000001', sense }, { cdb: '1000000001' });
    assert.deepEqual(await drive.writeFilemarks(1, { synchronise: true }), { kind: 'early-warning' });
    transport.assertDone();
  });

  it('reports an attention in mid-write once, and then refuses to write before a rewind', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100 }, { cdb: write100, sense: fixedSense(6, 0x29, 0x00) });
    const outcome = await drive.writeBlocks([block, block, block]);
    assert.ok(outcome.kind === 'attention' && outcome.sense.asc === 0x29);
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.position-lost'));
    transport.expect({ cdb: '01' }, { cdb: write100 });
    assert.equal(await drive.rewind(), undefined);
    assert.deepEqual(await drive.writeBlocks([block]), { kind: 'written' });
    transport.assertDone();
  });

  it('keeps an attention that TEST UNIT READY met for the next write', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '00', sense: fixedSense(6, 0x28, 0x00) }, { cdb: '00' });
    assert.equal((await drive.ready()).kind, 'ready');
    const outcome = await drive.writeBlocks([block]);
    assert.ok(outcome.kind === 'attention' && outcome.sense.asc === 0x28);
    transport.assertDone();
  });

  it('swallows attentions that tell of microcode, and sends the block again', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100, sense: fixedSense(6, 0x3f, 0x01) }, { cdb: write100 });
    assert.deepEqual(await drive.writeBlocks([block]), { kind: 'written' });
  });

  it('does not swallow changed mode parameters: somebody else may have set a fixed block size', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100, sense: fixedSense(6, 0x2a, 0x01) });
    assert.equal((await drive.writeBlocks([block])).kind, 'attention');
  });

  it('loses the place with a time-out', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    const fails = new DeviceError('device.time-out', { message: 'no answer', remedy: 'Wait.', usable: true });
    transport.expect({ cdb: write100, fails });
    await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.time-out'));
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.position-lost'));
  });

  it('names write protection, and keeps the place', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100, sense: fixedSense(7, 0x27, 0x00) });
    assert.equal((await drive.writeBlocks([block])).kind, 'write-protected');
    assert.equal((await drive.position())?.block, 0n);
  });

  it('writes synchronising filemarks where the drive refuses buffered ones, and remembers it', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '1001000001', sense: invalidField }, { cdb: '1000000001' }, { cdb: '1000000001' });
    assert.deepEqual(await drive.writeFilemarks(1, { synchronise: false }), { kind: 'written' });
    assert.deepEqual(await drive.writeFilemarks(1, { synchronise: false }), { kind: 'written' });
    assert.equal((await drive.position())?.file, 2n);
    transport.assertDone();
  });

  it('waits while the drive is busy', async () => {
    const { drive, transport, pauses } = await openScriptedDrive({ knows: 'none' });
    transport.expect(
      { cdb: write100, status: 0x08, transferredBytes: 0 },
      { cdb: write100, status: 0x28, transferredBytes: 0 },
      { cdb: write100 },
    );
    assert.deepEqual(await drive.writeBlocks([block]), { kind: 'written' });
    assert.equal(pauses.length, 2);
  });

  it('says who is in the way at a reservation conflict', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write100, status: 0x18, transferredBytes: 0 });
    await assert.rejects(drive.writeBlocks([block]), isDeviceError('device.reserved'));
  });
});
