import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestLibrary, sendHex } from '#test/support/virtual-library';

/** Sense key, ASC and ASCQ of fixed sense data (SPC-5, fixed format), as `k/asc/ascq`. */
const senseText = (sense: Uint8Array): string =>
  [(sense[2] ?? 0) & 0x0f, sense[12] ?? 0, sense[13] ?? 0].map((byte) => byte.toString(16).padStart(2, '0')).join('/');

test('a cartridge is moved into a drive, written, and read by another opening', async () => {
  await using library = await createTestLibrary();
  const changer = await library.changer();
  const drive = await library.drive();
  assert.equal(senseText((await sendHex(changer, '000000000000')).sense), '06/29/00');
  assert.equal((await sendHex(changer, '000000000000')).status, 0);
  assert.equal(senseText((await sendHex(drive, '000000000000')).sense), '06/29/00');
  assert.equal(senseText((await sendHex(drive, '000000000000')).sense), '02/3a/00');
  const status = await sendHex(changer, 'b8 12 0000 ffff 03 00ffff 00 00', 65535);
  assert.match(status.data.toString('latin1'), /G00001L9/);
  assert.equal((await sendHex(changer, 'a5 00 0001 1000 0100 0000 00 00')).status, 0);
  assert.equal(senseText((await sendHex(drive, '000000000000')).sense), '06/28/00');
  assert.equal((await sendHex(drive, '000000000000')).status, 0);
  assert.equal((await sendHex(drive, '0a 00 000005 00', [Buffer.from('hello')])).status, 0);
  assert.equal((await sendHex(drive, '10 00 000001 00')).status, 0);
  const other = await library.openUnits();
  const unit = (await other.discover())[1];
  assert.ok(unit);
  await using again = await other.open(unit);
  assert.equal(senseText((await sendHex(again, '000000000000')).sense), '06/29/00');
  const read = await sendHex(again, '08 02 000400 00', 1024);
  assert.deepEqual([read.status, read.data.toString()], [0, 'hello']);
  assert.equal(senseText((await sendHex(again, '08 02 000400 00', 1024)).sense), '00/00/01');
  assert.equal(senseText((await sendHex(again, '08 02 000400 00', 1024)).sense), '08/00/05');
});
