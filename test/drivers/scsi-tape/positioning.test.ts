import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError } from '#src/base/errors';
import {
  invalidOperation,
  openScriptedDrive,
  shortPosition,
  unknownPosition,
} from '#test/drivers/scsi-tape/scripted-drive';
import { fixedSense } from '#test/support/scripted-transport';

const isDeviceError = (code: string) => (error: unknown) => error instanceof DeviceError && error.code === code;
const write1 = '0a00000001';
const one = Uint8Array.of(1);
const filemarkMet = (left: number) => fixedSense(0, 0, 1, { filemark: true, information: left });

describe('scsi-tape: knowing the place', () => {
  it('believes the location-unknown bit after a rewind, and counts', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    assert.equal(drive.capabilities.knowsPosition, false);
    transport.expect({ cdb: write1 }, { cdb: write1 }, { cdb: '1000000002' });
    await drive.writeBlocks([one, one]);
    await drive.writeFilemarks(2, { synchronise: true });
    assert.deepEqual(await drive.position(), {
      block: 4n,
      file: 2n,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
    transport.assertDone();
  });

  it('does not believe a drive that says after a rewind that it is elsewhere', async () => {
    const { drive, transport } = await openScriptedDrive();
    transport.expect({ cdb: '00' }, { cdb: '01' }, { cdb: '3400', data: shortPosition(7) });
    assert.equal((await drive.load()).kind, 'ready');
    assert.equal(drive.capabilities.knowsPosition, false);
    assert.equal((await drive.position())?.block, 0n);
  });

  it('believes the short form that does not know before a long form that says zero (tgt)', async () => {
    const { drive, transport } = await openScriptedDrive();
    transport.expect({ cdb: '00' }, { cdb: '01' }, { cdb: '3400', data: unknownPosition });
    await drive.load();
    assert.equal(drive.capabilities.knowsPosition, false);
    transport.assertDone();
  });

  it('tells where the drive says it is, not what was counted', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: write1 }, { cdb: '3400', data: shortPosition(0) });
    await drive.writeBlocks([one]);
    const position = await drive.position();
    assert.ok(position?.block === 0n && position.confirmedByDrive, 'somebody rewound the medium (LTFS #431)');
  });

  it('has no place once a drive that knew it sets the location-unknown bit', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '3400', data: unknownPosition });
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.writeBlocks([one]), isDeviceError('device.position-lost'));
  });

  it('finds its object number again behind filemarks that it wrote', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write1 }, { cdb: '1000000001' }, { cdb: write1 }, { cdb: write1 }, { cdb: '1000000001' });
    await drive.writeBlocks([one]);
    await drive.writeFilemarks(1, { synchronise: true });
    await drive.writeBlocks([one, one]);
    await drive.writeFilemarks(1, { synchronise: true });
    transport.expect(
      { cdb: '1100fffffc', sense: filemarkMet(4) },
      { cdb: '1100fffffd', sense: filemarkMet(1) },
      { cdb: '1101000001' },
      { cdb: '1100ffffff', sense: filemarkMet(1) },
      { cdb: '1101000002' },
    );
    await drive.spaceFilemarks(-2n);
    assert.deepEqual(await drive.position(), {
      block: 1n,
      file: 0n,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
    await drive.spaceFilemarks(1n);
    assert.equal((await drive.position())?.block, 2n);
    await drive.spaceFilemarks(-1n);
    await drive.spaceFilemarks(2n);
    assert.deepEqual(await drive.position(), {
      block: 5n,
      file: 2n,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
  });

  it('forgets what lay behind once it writes in the middle', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '1000000002' }, { cdb: '01' }, { cdb: write1 }, { cdb: '1101000001' });
    await drive.writeFilemarks(2, { synchronise: true });
    await drive.rewind();
    await drive.writeBlocks([one]);
    await drive.spaceFilemarks(1n);
    assert.equal(await drive.position(), undefined);
  });
});

describe('scsi-tape: spacing', () => {
  it('stands behind a filemark met while spacing over blocks', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '110000000a', sense: filemarkMet(6) });
    assert.deepEqual(await drive.spaceBlocks(10n), { kind: 'filemark', passed: 4n });
    assert.deepEqual(await drive.position(), {
      block: 5n,
      file: 1n,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
  });

  it('stands before a filemark met on the way back, whichever sign the residual has', async () => {
    for (const left of [1, -1]) {
      const { drive, transport } = await openScriptedDrive({ knows: 'none' });
      transport.expect({ cdb: '1000000001' }, { cdb: write1 }, { cdb: '1100fffffe', sense: filemarkMet(left) });
      await drive.writeFilemarks(1, { synchronise: true });
      await drive.writeBlocks([one]);
      assert.deepEqual(await drive.spaceBlocks(-3n), { kind: 'filemark', passed: 1n });
      assert.deepEqual(await drive.position(), {
        block: 0n,
        file: 0n,
        beginningOfMedium: true,
        confirmedByDrive: false,
      });
    }
  });

  it('tells how far it came before the end of data and before the beginning', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '1101000009', sense: fixedSense(8, 0, 5, { information: 7 }) });
    assert.deepEqual(await drive.spaceFilemarks(9n), { kind: 'end-of-data', passed: 2n });
    assert.equal(await drive.position(), undefined, 'there may be blocks behind the last filemark');
    transport.expect({ cdb: '1101fffffb', sense: fixedSense(0, 0, 4, { endOfMedium: true, information: 3 }) });
    assert.deepEqual(await drive.spaceFilemarks(-5n), { kind: 'beginning-of-medium', passed: 2n });
    assert.equal((await drive.position())?.beginningOfMedium, true);
  });

  it('refuses a residual larger than the count', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '1100000002', sense: filemarkMet(5) });
    await assert.rejects(drive.spaceBlocks(2n), isDeviceError('device.unexpected-sense'));
    assert.equal(await drive.position(), undefined);
  });
});

describe('scsi-tape: a drive that tells not how far it came (tgt)', () => {
  const endOfData = fixedSense(0, 0x00, 0x05);

  it('stands at the end of data where the object before it can be read', async () => {
    for (const [answer, outcome] of [
      [{ sense: filemarkMet(1) }, { kind: 'spaced' }],
      [{ sense: fixedSense(8, 0x00, 0x00) }, { kind: 'end-of-data', passed: 4n }],
    ] as const) {
      const { drive, transport } = await openScriptedDrive({ knows: 'none' });
      transport.expect({ cdb: '92', sense: invalidOperation }, { cdb: '2b', sense: invalidOperation });
      transport.expect({ cdb: '01' }, { cdb: '1100000005', sense: endOfData });
      transport.expect({ cdb: '01' }, { cdb: '1100000004' }, { cdb: '08', ...answer });
      assert.deepEqual(await drive.locate(5n), outcome);
      assert.equal((await drive.position())?.block, outcome.kind === 'spaced' ? 5n : 4n);
      transport.assertDone();
    }
  });

  it('is known to have passed all that was written', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write1 }, { cdb: write1 }, { cdb: '01' });
    await drive.writeBlocks([one, one]);
    await drive.rewind();
    transport.expect({ cdb: '1100000002', sense: endOfData }, { cdb: '01' }, { cdb: '1100000003', sense: endOfData });
    assert.deepEqual(await drive.spaceBlocks(2n), { kind: 'spaced' });
    await drive.rewind();
    assert.deepEqual(await drive.spaceBlocks(3n), { kind: 'end-of-data', passed: 2n });
  });

  it('is not sent back beyond the beginning, which it would call GOOD', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: write1 }, { cdb: write1 }, { cdb: '1100fffffe' });
    await drive.writeBlocks([one, one]);
    assert.deepEqual(await drive.spaceBlocks(-7n), { kind: 'beginning-of-medium', passed: 2n });
    assert.equal((await drive.position())?.beginningOfMedium, true);
  });
});

describe('scsi-tape: locating', () => {
  it('locates without LOCATE by rewinding and spacing, over a drive that stops at filemarks', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect(
      { cdb: '92', sense: invalidOperation },
      { cdb: '2b', sense: invalidOperation },
      { cdb: '01' },
      { cdb: '1100000007', sense: filemarkMet(3) },
      { cdb: '1100000002' },
    );
    assert.deepEqual(await drive.locate(7n), { kind: 'spaced' });
    assert.deepEqual(await drive.position(), {
      block: 7n,
      file: 1n,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
    assert.equal(drive.capabilities.canLocate, false);
    transport.assertDone();
  });

  it('locates on a drive that spaces over filemarks as if they were blocks', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect(
      { cdb: '92', sense: invalidOperation },
      { cdb: '2b', sense: invalidOperation },
      { cdb: '01' },
      { cdb: '1100000007' },
    );
    assert.deepEqual(await drive.locate(7n), { kind: 'spaced' });
    assert.deepEqual(await drive.position(), {
      block: 7n,
      file: undefined,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
  });

  it('counts filemarks where it is told the tape file', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect(
      { cdb: '92', sense: invalidOperation },
      { cdb: '2b', sense: invalidOperation },
      { cdb: '01' },
      { cdb: '1101000005' },
      { cdb: '1100000003' },
    );
    assert.deepEqual(await drive.locate(903n, { near: { file: 5n, blockInFile: 3n } }), { kind: 'spaced' });
    assert.equal((await drive.position())?.block, 903n);
  });

  it('tells end of data, with the place reached', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '92', sense: fixedSense(8, 0, 5) }, { cdb: '3400', data: shortPosition(12) });
    assert.deepEqual(await drive.locate(99n), { kind: 'end-of-data', passed: 12n });
  });

  it('tells of the medium where blocks in the buffer found no room', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    const overflow = fixedSense(0xd, 0, 2, { endOfMedium: true });
    transport.expect({ cdb: '92', sense: overflow });
    assert.equal((await drive.locate(99n)).kind, 'medium-error');
    transport.expect({ cdb: '01' }, { cdb: '11', sense: overflow });
    await drive.rewind();
    assert.equal((await drive.spaceBlocks(-1n)).kind, 'medium-error');
  });

  it('refuses a drive that stands elsewhere after LOCATE', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '92' }, { cdb: '3400', data: shortPosition(12) });
    await assert.rejects(drive.locate(99n), isDeviceError('device.position-wrong'));
  });

  it('makes a lost place known again', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect(
      { cdb: '01', sense: fixedSense(6, 0x29, 0) },
      { cdb: '92' },
      { cdb: '3400', data: shortPosition(5) },
      { cdb: write1 },
    );
    assert.equal((await drive.rewind())?.kind, 'attention');
    assert.deepEqual(await drive.locate(5n), { kind: 'spaced' });
    assert.deepEqual(await drive.writeBlocks([one]), { kind: 'written' });
  });
});
