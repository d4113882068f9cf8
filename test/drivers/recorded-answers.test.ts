import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import { hex } from '#src/base/bytes';
import { elementAddress } from '#src/scsi/element-address';
import { readFixture } from '#test/scsi/fixture';
import { type Exchange, ScriptedTransport } from '#test/support/scripted-transport';

const pause = async () => undefined;

/** What tgt answered, to a command whose first bytes are `cdb` (the recorded allocation length may be another). */
function recorded(cdb: string, name: string): Exchange {
  const { status, sense, dataIn } = readFixture(name);
  if (status !== 0) return { cdb, sense };
  return dataIn.length > 0 ? { cdb, data: dataIn } : { cdb };
}

describe('what tgt answered, met by the drivers', () => {
  it('opens the changer, reads every kind of element, and takes refusals of moves for what they are', async () => {
    const transport = new ScriptedTransport({ maxTransferBytes: 64 * 1024 }).expect(
      recorded('120000', 'tgt-changer-inquiry'),
      recorded('120180', 'tgt-changer-vpd-80'),
      // The attention of the login comes once, and delays nothing but the command that meets it.
      { cdb: '1a', sense: readFixture('tgt-changer-power-on').sense },
      recorded('1a', 'tgt-changer-mode-sense-6'),
      recorded('b814', 'tgt-element-status-drive-identified'),
    );
    const changer = await openMediaChanger(transport, { pause });
    assert.equal(changer.tellsDriveSerials, false, 'the serial of the last drive is cut');
    transport.expect(
      recorded('b811', 'tgt-element-status-transport'),
      recorded('b812', 'tgt-element-status-storage'),
      recorded('b813', 'tgt-element-status-import-export'),
      recorded('b814', 'tgt-element-status-drive-identified'),
    );
    const elements = await changer.inventory();
    const { slots, mailSlots, drives, transport: robots } = changer.geometry;
    const count = (kind: string) => elements.filter((element) => element.kind === kind).length;
    assert.deepEqual(
      [count('slot'), count('mailSlot'), count('drive'), count('transport')],
      [slots.count, mailSlots.count, drives.count, robots.count],
    );
    assert.deepEqual(
      elements.flatMap(({ driveSerial }) => driveSerial ?? []),
      ['DRV0000001'],
    );
    const [from, to] = [slots.first, elementAddress(slots.first + 1)];
    transport.expect(recorded('a5', 'tgt-move-source-empty'), recorded('a5', 'tgt-move-destination-full'));
    assert.deepEqual(await changer.move(from, to), { kind: 'source-empty' });
    assert.deepEqual(await changer.move(from, to), { kind: 'destination-full' });
    transport.expect(recorded('a5', 'tgt-move-prevented'));
    assert.deepEqual(await changer.move(drives.first, from), { kind: 'drive-not-unloaded' });
    transport.assertDone();
  });

  it('opens the drive, believes that it does not know its place, and reads', async () => {
    const transport = new ScriptedTransport().expect(
      recorded('120000', 'tgt-drive-inquiry'),
      recorded('120180', 'tgt-drive-vpd-80'),
      recorded('a30c00', 'tgt-drive-operation-codes'),
      recorded('05', 'tgt-block-limits'),
    );
    const drive = await openTapeDrive(transport, { pause });
    assert.equal(drive.identity.serial, 'DRV0000001');
    assert.deepEqual([drive.capabilities.minBlockBytes, drive.capabilities.maxBlockBytes], [4, 1024 * 1024]);
    assert.deepEqual([drive.capabilities.canLocate, drive.capabilities.canLog], [false, false]);
    transport.expect({ cdb: '00' }, { cdb: '01' }, recorded('3400', 'tgt-position-short'));
    assert.deepEqual(await drive.load(), { kind: 'ready' });
    assert.equal(drive.capabilities.knowsPosition, false);
    transport.expect(recorded('1a001d', 'tgt-drive-mode-sense-6'), recorded('1201b0', 'tgt-drive-vpd-b0'));
    assert.equal((await drive.medium()).worm, false);
    const { dataIn } = readFixture('tgt-read-block');
    transport.expect(recorded('08', 'tgt-read-block'));
    const buffer = new Uint8Array(dataIn.length);
    assert.deepEqual(await drive.readBlock(buffer), { kind: 'block', bytes: dataIn.length });
    assert.equal(hex(buffer), hex(dataIn));
    transport.expect(recorded('08', 'tgt-read-filemark'), recorded('08', 'tgt-read-end-of-data'));
    assert.deepEqual(await drive.readBlock(buffer), { kind: 'filemark' });
    assert.deepEqual(await drive.readBlock(buffer), { kind: 'end-of-data' });
    transport.expect({ cdb: '00', sense: readFixture('tgt-drive-no-medium').sense });
    assert.equal((await drive.ready()).kind, 'no-medium');
    transport.assertDone();
  });
});
