import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError } from '#src/base/errors';
import { openScriptedDrive } from '#test/drivers/scsi-tape/scripted-drive';
import { fixedSense } from '#test/support/scripted-transport';

const read1000 = '08000003e8';
const bytes = (n: number) => new Uint8Array(n).fill(7);

const isDeviceError = (code: string) => (error: unknown) => error instanceof DeviceError && error.code === code;

describe('scsi-tape: reading', () => {
  it('takes the length of a short block from INFORMATION, not from the buffer', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({
      cdb: read1000,
      data: bytes(400),
      sense: fixedSense(0, 0, 0, { incorrectLength: true, information: 600 }),
    });
    assert.deepEqual(await drive.readBlock(new Uint8Array(1000)), { kind: 'block', bytes: 400 });
  });

  it('believes INFORMATION where the adapter says that the whole buffer was filled', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    const sense = fixedSense(0, 0, 0, { incorrectLength: true, information: 600 });
    transport.expect({ cdb: read1000, transferredBytes: 1000, sense });
    assert.deepEqual(await drive.readBlock(new Uint8Array(1000)), { kind: 'block', bytes: 400 });
  });

  it('refuses a block of which fewer bytes arrived than the drive sent', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({
      cdb: read1000,
      transferredBytes: 300,
      sense: fixedSense(0, 0, 0, { incorrectLength: true, information: 600 }),
    });
    await assert.rejects(drive.readBlock(new Uint8Array(1000)), isDeviceError('device.data-lost'));
    transport.expect({ cdb: '01' }, { cdb: read1000, transferredBytes: 999 });
    assert.equal(await drive.rewind(), undefined);
    await assert.rejects(drive.readBlock(new Uint8Array(1000)), isDeviceError('device.data-lost'));
  });

  it('tells a block that is longer than the buffer, with its length', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    const sense = fixedSense(0, 0, 0, { incorrectLength: true, information: -500 });
    transport.expect({ cdb: read1000, data: bytes(1000), sense });
    assert.deepEqual(await drive.readBlock(new Uint8Array(1000)), { kind: 'too-long', blockBytes: 1500 });
    assert.equal((await drive.position())?.block, 1n);
  });

  it('keeps a filemark with EOM a filemark', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({
      cdb: read1000,
      sense: fixedSense(0, 0, 1, { filemark: true, endOfMedium: true, information: 1000 }),
    });
    assert.deepEqual(await drive.readBlock(new Uint8Array(1000)), { kind: 'filemark' });
    assert.deepEqual(await drive.position(), {
      block: 1n,
      file: 1n,
      beginningOfMedium: false,
      confirmedByDrive: false,
    });
  });

  it('tells a read error after a filemark from the end of the data (Bareos #1034)', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect(
      { cdb: read1000, sense: fixedSense(0, 0, 1, { filemark: true, information: 1000 }) },
      { cdb: read1000, sense: fixedSense(3, 0x11, 0) },
    );
    assert.equal((await drive.readBlock(new Uint8Array(1000))).kind, 'filemark');
    assert.equal((await drive.readBlock(new Uint8Array(1000))).kind, 'medium-error');
    assert.equal(await drive.position(), undefined, 'the count is worth nothing after an error');
  });

  it('tells blank at the beginning from end of data elsewhere, also as tgt says it', async () => {
    for (const [asc, ascq, endOfMedium] of [
      [0x00, 0x05, false],
      [0x14, 0x03, false],
      [0x00, 0x00, true],
    ] as const) {
      const { drive, transport } = await openScriptedDrive({ knows: 'none' });
      const sense = fixedSense(8, asc, ascq, { endOfMedium, information: 1000 });
      transport.expect({ cdb: read1000, sense }, { cdb: read1000, data: bytes(1000) }, { cdb: read1000, sense });
      const atBeginning = await drive.readBlock(new Uint8Array(1000));
      assert.equal(atBeginning.kind, 'blank');
      assert.ok(atBeginning.kind === 'blank' && atBeginning.sense.asc === asc && atBeginning.sense.ascq === ascq);
      assert.equal((await drive.readBlock(new Uint8Array(1000))).kind, 'block');
      assert.deepEqual(await drive.readBlock(new Uint8Array(1000)), { kind: 'end-of-data' });
    }
  });

  it('tells the end of the medium from a medium error', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: read1000, sense: fixedSense(3, 0x00, 0x02, { endOfMedium: true }) });
    assert.equal((await drive.readBlock(new Uint8Array(1000))).kind, 'end-of-medium');
  });

  it('never asks with SILI, and never for more than the drive takes', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '080010000000', data: bytes(1024 * 1024) });
    assert.deepEqual(await drive.readBlock(new Uint8Array(4 * 1024 * 1024)), { kind: 'block', bytes: 1024 * 1024 });
  });
});
