import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import { minutes } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import {
  invalidField,
  invalidOperation,
  opening,
  openScriptedDrive,
  shortPosition,
} from '#test/drivers/scsi-tape/scripted-drive';
import { type Exchange, fixedSense, ScriptedTransport, standardInquiry } from '#test/support/scripted-transport';

const isDeviceError = (code: string) => (error: unknown) => error instanceof DeviceError && error.code === code;
const becoming = fixedSense(2, 0x04, 0x01);
const ready: readonly Exchange[] = [
  { cdb: '00' },
  { cdb: '01' },
  { cdb: '3400', data: shortPosition(0) },
  { cdb: '3406', sense: invalidField },
];
const times = (n: number, exchange: Exchange): readonly Exchange[] => new Array(n).fill(exchange);

describe('scsi-tape: opening', () => {
  it('drains the attentions of before, and tells what the drive can', async () => {
    const { transport, drive } = await openScriptedDrive();
    assert.equal(drive.identity.serial, 'DRV0001');
    assert.equal(drive.identity.vendor, 'ACME');
    assert.deepEqual([drive.capabilities.minBlockBytes, drive.capabilities.maxBlockBytes], [1, 1024 * 1024]);
    assert.equal(transport.sent.length, opening.length);
    const again = new ScriptedTransport({ maxTransferBytes: 65536 }).expect(
      ...opening.slice(0, 2),
      { cdb: 'a30c00', sense: fixedSense(6, 0x29, 0) },
      { cdb: 'a30c00', sense: fixedSense(6, 0x28, 0) },
      ...opening.slice(2),
    );
    const other = await openTapeDrive(again, {});
    assert.equal(other.capabilities.maxBlockBytes, 65536);
    again.expect(...ready, { cdb: '0a' });
    assert.equal((await other.load()).kind, 'ready');
    assert.equal((await other.writeBlocks([Uint8Array.of(1)])).kind, 'written');
  });

  it('refuses what is no tape drive, and closes the transport', async () => {
    const transport = new ScriptedTransport().expect({ cdb: '120000', data: standardInquiry(0x08) });
    await assert.rejects(openTapeDrive(transport, {}), isDeviceError('device.wrong-type'));
    assert.equal(transport.disposed, 1);
  });

  it('takes the list of commands for true', async () => {
    const listed = [0x0a, 0x34, 0x8c];
    const list = Buffer.alloc(4 + 8 * listed.length);
    list.writeUInt32BE(8 * listed.length, 0);
    for (const [index, code] of listed.entries()) list.set([code, 0, 0, 0, 0, 0, 0, 6], 4 + 8 * index);
    const transport = new ScriptedTransport().expect(
      ...opening.slice(0, 2),
      { cdb: 'a30c00', data: list },
      { cdb: '05', sense: invalidOperation },
    );
    const { capabilities } = await openTapeDrive(transport, {});
    assert.deepEqual(
      [capabilities.canLocate, capabilities.canErase, capabilities.canReadAttributes, capabilities.canLog],
      [false, false, true, false],
    );
  });
});

const notPresent = fixedSense(2, 0x3a, 0x00);

describe('scsi-tape: loading', () => {
  it('waits while the cartridge is calibrated, with growing pauses, and never starts it twice', async () => {
    const { drive, transport, pauses } = await openScriptedDrive();
    const notLoaded = fixedSense(2, 0x04, 0x02);
    transport.expect(
      { cdb: '00', sense: notLoaded },
      { cdb: '1b0100000100' },
      ...times(400, { cdb: '00', sense: becoming }),
      ...ready,
    );
    assert.equal((await drive.load()).kind, 'ready');
    assert.ok(pauses.reduce((sum, pause) => sum + pause, 0) > minutes(60));
    assert.ok((pauses[0] ?? 0) < 1000 && (pauses.at(-1) ?? 0) === 10_000);
    assert.equal(transport.sent.filter((cdb) => cdb.startsWith('1b')).length, 1);
  });

  it('gives up after the longest calibration, and says so', async () => {
    const { drive, transport, pauses } = await openScriptedDrive();
    transport.expect(...times(2000, { cdb: '00', sense: becoming }));
    await assert.rejects(drive.load(), isDeviceError('device.load-timed-out'));
    assert.ok(pauses.reduce((sum, pause) => sum + pause, 0) >= minutes(132));
  });

  for (const [kind, sense] of [
    ['cleaning-cartridge', fixedSense(2, 0x30, 0x03)],
    ['incompatible-medium', fixedSense(3, 0x30, 0x02)],
    ['failed', fixedSense(2, 0x04, 0x03)],
    ['failed', fixedSense(4, 0x44, 0x00)],
  ] as const) {
    it(`names ${kind} at once (${Buffer.from(sense).toString('hex', 2, 14)})`, async () => {
      const { drive, transport, pauses } = await openScriptedDrive();
      transport.expect({ cdb: '00', sense });
      assert.equal((await drive.load()).kind, kind);
      assert.equal(pauses.length, 0);
    });
  }

  it('lets a cartridge settle before it says that there is none', async () => {
    const { drive, transport, pauses } = await openScriptedDrive();
    transport.expect(
      ...times(10, { cdb: '00', sense: notPresent }),
      { cdb: '1b0100000100', sense: notPresent },
      { cdb: '00', sense: notPresent },
    );
    assert.equal((await drive.load()).kind, 'no-medium');
    const waited = pauses.reduce((sum, pause) => sum + pause, 0);
    assert.ok(waited >= 15_000 && waited < 40_000, `${waited}`);
    transport.assertDone();
  });

  it('has a drive that sees nothing take in what it let go of before', async () => {
    const { drive, transport } = await openScriptedDrive();
    transport.expect(...times(10, { cdb: '00', sense: notPresent }), { cdb: '1b0100000100' }, ...ready);
    assert.equal((await drive.load()).kind, 'ready');
    transport.assertDone();
  });

  it('stops waiting when it is interrupted', async () => {
    const { drive, transport } = await openScriptedDrive();
    const controller = new AbortController();
    transport.expect({ cdb: '00', sense: becoming });
    const pending = drive.load({ signal: controller.signal });
    controller.abort();
    await assert.rejects(pending, (error: { code?: string }) => error.code === 'command.interrupted');
  });

  it('unloads an empty drive without complaint, and waits for one that calibrates', async () => {
    const { drive, transport, pauses } = await openScriptedDrive();
    transport.expect({ cdb: '1b', sense: fixedSense(2, 0x3a, 0) });
    assert.equal(await drive.unload(), undefined);
    transport.expect({ cdb: '1b', sense: becoming }, { cdb: '1b', sense: becoming }, { cdb: '1b0000000000' });
    await drive.unload();
    assert.equal(pauses.length, 2);
  });

  it('hands back a deferred error of the last writes after the unload', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '1b', sense: fixedSense(3, 0x0c, 0, { deferred: true }) }, { cdb: '1b' });
    const outcome = await drive.unload();
    assert.ok(outcome?.kind === 'medium-error' && outcome.sense.deferred);
    transport.assertDone();
  });

  it('lifts its own lock before it unloads', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '1e0000000100' }, { cdb: '1e0000000000' }, { cdb: '1b' });
    await drive.preventRemoval(true);
    await drive.unload();
    transport.assertDone();
  });

  it('knows no place after an unload', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect({ cdb: '1b' });
    await drive.unload();
    assert.equal(await drive.position(), undefined);
    await assert.rejects(drive.writeBlocks([Uint8Array.of(1)]), isDeviceError('device.position-lost'));
  });
});

describe('scsi-tape: condition', () => {
  const silence = new DeviceError('device.time-out', { message: 'no answer', remedy: 'Wait.', usable: true });

  it('goes on after a silent log page on a drive that still stands where it stood', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'short' });
    transport.expect(
      { cdb: '0a' },
      { cdb: '4d', fails: silence },
      { cdb: '3400', data: shortPosition(1) },
      { cdb: '0a' },
    );
    await drive.writeBlocks([Uint8Array.of(1)]);
    assert.deepEqual(await drive.alerts(), []);
    assert.deepEqual(await drive.writeBlocks([Uint8Array.of(1)]), { kind: 'written' });
    transport.assertDone();
  });

  it('costs the segment, not the job, where the drive cannot say that it stands there', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect({ cdb: '4d', fails: silence });
    assert.deepEqual(await drive.alerts(), []);
    assert.equal((await drive.writeBlocks([Uint8Array.of(1)])).kind, 'attention');
  });

  it('reads the alerts of either page', async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    // 12h: parameter 0 with 64 bits, flags 1 and 20; then only 2Eh: parameters 3 (set) and 20 (clear).
    const page12 = Buffer.from(`1200000c${'00000308'}${'8000100000000000'}`, 'hex');
    transport.expect({ cdb: '4d0040', data: Buffer.from('0000000300122e', 'hex') }, { cdb: '4d0052', data: page12 });
    assert.deepEqual(
      (await drive.alerts()).map(({ flag }) => flag),
      [1, 20],
    );
    const page2e = Buffer.from(`2e00000a${'0003400101'}${'0014400100'}`, 'hex');
    transport.expect({ cdb: '4d0040', data: Buffer.from('00000002002e', 'hex') }, { cdb: '4d006e', data: page2e });
    assert.deepEqual(
      (await drive.alerts()).map(({ flag }) => flag),
      [3],
    );
  });
});
