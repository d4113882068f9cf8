import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer } from '#test/drivers/virtual/answers';
import { createFaultyTransport, createTracingTransport } from '#test/support/faulty-transport';
import { createTestLibrary, sendHex } from '#test/support/virtual-library';

const mediumError = { key: 0x3, asc: 0x0c, ascq: 0x00 } as const;

test('faults hit the commands that the plan names, before or after they are carried out', async () => {
  await using library = await createTestLibrary();
  const changer = await library.changer();
  await sendHex(changer, '000000000000');
  await sendHex(changer, 'a50000001000010000000000');
  const inner = createTracingTransport(await library.drive());
  const events: number[] = [];
  const drive = createFaultyTransport(inner, [
    { when: 0x0a, nth: 2, times: 2, action: { kind: 'check', sense: mediumError } },
    { when: 0x0a, nth: 4, action: { kind: 'check', sense: { ...mediumError, deferred: true }, at: 'after' } },
    { when: [0x01, 0x2b], action: { kind: 'time-out', at: 'after' } },
    { when: (cdb) => cdb[0] === 0x08, action: { kind: 'short-transfer', bytes: 2 } },
    { when: 0x34, action: { kind: 'event', run: () => events.push(1) } },
    { when: 0x1b, action: { kind: 'unreachable', stays: true } },
  ]);
  await sendHex(drive, '000000000000');
  const write = async (): Promise<string> => answer(await sendHex(drive, '0a0000000400', [Buffer.from('data')]));
  assert.equal(await write(), 'good');
  assert.equal(await write(), '3/0c/00');
  assert.equal(await write(), '3/0c/00');
  assert.equal(await write(), 'deferred 3/0c/00');
  const position = async (): Promise<number> => (await sendHex(drive, '34000000000000000000', 20)).data.readUInt32BE(4);
  assert.equal(await position(), 2);
  assert.equal(events.length, 1);
  await assert.rejects(sendHex(drive, '010000000000'), { code: 'device.time-out' });
  assert.equal(await position(), 0);
  assert.equal((await sendHex(drive, '080000000400', 4)).data.toString(), 'da');
  await assert.rejects(sendHex(drive, '1b0000000000'), { code: 'device.unreachable' });
  await assert.rejects(sendHex(drive, '000000000000'), { code: 'device.unreachable' });
  assert.deepEqual(drive.hits, [2, 1, 1, 1, 1, 1]);
  assert.deepEqual(
    inner.trace.map(({ cdb }) => cdb[0]),
    [0x00, 0x0a, 0x0a, 0x34, 0x01, 0x34, 0x08],
  );
});
