import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import type { Duration } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import type { MediaChanger } from '#src/device/media-changer';
import { elementAddress } from '#src/scsi/element-address';
import { fixedSense, ScriptedTransport, serialPage, standardInquiry } from '#test/support/scripted-transport';

const isDeviceError = (code: string) => (error: unknown) => error instanceof DeviceError && error.code === code;
const invalidField = fixedSense(5, 0x24, 0x00);

/** Robot 1; slots 1024, 1025, 1026; mail slot 768; drives 256 and 257, as tgt numbers them. */
const assignment = Buffer.from(`17000000${'1d12'}00010001${'04000003'}${'03000001'}${'01000002'}0000`, 'hex');

const padded = (text: string, length: number) => Buffer.from(text.padEnd(length, ' '), 'latin1');

interface Descriptor {
  readonly address: number;
  readonly flags?: number;
  readonly asc?: number;
  readonly barcode?: string;
  readonly source?: number;
  /** ASCII, vendor-specific. */
  readonly serial?: string;
}

/** READ ELEMENT STATUS data with one page, as SMC-3 draws it; `cutBytes` are missing at the end. */
function elementData(type: number, descriptors: readonly Descriptor[], { cutBytes = 0 } = {}): Uint8Array {
  const bodies = descriptors.map(({ address, flags = 0x08, asc = 0, barcode, source, serial }) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(address, 0);
    head[2] = flags | (barcode === undefined ? 0 : 1);
    head[4] = asc;
    if (source !== undefined) {
      head[9] = 0x80;
      head.writeUInt16BE(source, 10);
    }
    const identifier =
      serial === undefined
        ? Buffer.alloc(0)
        : Buffer.concat([Uint8Array.of(2, 0, 0, serial.length), padded(serial, serial.length)]);
    return Buffer.concat([head, padded(barcode ?? '', 32), Buffer.alloc(4), identifier]);
  });
  const body = Buffer.concat(bodies);
  const page = Buffer.alloc(8);
  page.set([type, 0x80]);
  page.writeUInt16BE(bodies[0]?.length ?? 48, 2);
  page.writeUIntBE(body.length, 5, 3);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(descriptors[0]?.address ?? 0, 0);
  header.writeUInt16BE(descriptors.length, 2);
  header.writeUIntBE(8 + body.length - cutBytes, 5, 3);
  const all = Buffer.concat([header, page, body]);
  return all.subarray(0, all.length - cutBytes);
}

const transports = elementData(1, [{ address: 1, flags: 0 }]);
const mailSlots = elementData(3, [{ address: 768 }]);
const slots = elementData(2, [
  { address: 1024, barcode: 'G00001L9' },
  { address: 1025 },
  { address: 1026, barcode: 'G00003L9' },
]);
const drives = elementData(
  4,
  [
    { address: 256, flags: 0, barcode: 'G00002L9', source: 1025, serial: 'DRV0002   ' },
    { address: 257, serial: 'DRV0001' },
  ].map((descriptor) => ({ ...descriptor, serial: descriptor.serial.padEnd(10) })),
);

interface Scripted {
  readonly changer: MediaChanger;
  readonly transport: ScriptedTransport;
  readonly pauses: Duration[];
}

async function openScripted(): Promise<Scripted> {
  const pauses: Duration[] = [];
  const transport = new ScriptedTransport().expect(
    { cdb: '120000', data: standardInquiry(0x08) },
    { cdb: '120180', data: serialPage(0x08, 'LIB1') },
    { cdb: '1a081d00ff', sense: fixedSense(6, 0x29, 0) },
    { cdb: '1a081d00ff', data: assignment },
    { cdb: 'b81401000002 03', data: drives },
  );
  const changer = await openMediaChanger(transport, { pause: async (duration) => void pauses.push(duration) });
  transport.assertDone();
  return { changer, transport, pauses };
}

const from = elementAddress(1024);
const to = elementAddress(256);

describe('scsi-changer: inventory', () => {
  it('reads the geometry, and whether the library names its drives', async () => {
    const { changer } = await openScripted();
    assert.equal(changer.tellsDriveSerials, true);
    assert.deepEqual(changer.geometry.slots, { first: 1024, count: 3 });
    assert.deepEqual(changer.geometry.mailSlots, { first: 768, count: 1 });
  });

  it('asks type by type, never for all, and says what lies where', async () => {
    const { changer, transport } = await openScripted();
    transport.expect(
      { cdb: 'b811', data: transports },
      { cdb: 'b812', data: slots },
      { cdb: 'b813', data: mailSlots },
      { cdb: 'b814', data: drives },
    );
    const elements = await changer.inventory();
    assert.deepEqual(
      elements.map(({ kind, address, full, barcode }) => [kind, address, full, barcode]),
      [
        ['transport', 1, false, undefined],
        ['slot', 1024, true, 'G00001L9'],
        ['slot', 1025, false, undefined],
        ['slot', 1026, true, 'G00003L9'],
        ['mailSlot', 768, false, undefined],
        ['drive', 256, true, 'G00002L9'],
        ['drive', 257, false, undefined],
      ],
    );
    const [drive] = elements.filter(({ kind }) => kind === 'drive');
    assert.deepEqual([drive?.driveSerial, drive?.source, drive?.accessible], ['DRV0002', 1025, false]);
    transport.assertDone();
  });

  it('falls back where the library refuses CURDATA or DVCID, and remembers', async () => {
    const transport = new ScriptedTransport().expect(
      { cdb: '120000', data: standardInquiry(0x08) },
      { cdb: '120180', data: serialPage(0x08, 'LIB1') },
      { cdb: '1a08', data: assignment },
      { cdb: 'b81401000002 03', sense: invalidField },
      { cdb: 'b81401000002 01', sense: invalidField },
      { cdb: 'b81401000002 02', sense: invalidField },
      { cdb: 'b81401000002 00', data: elementData(4, [{ address: 256 }, { address: 257 }]) },
    );
    const changer = await openMediaChanger(transport);
    assert.equal(changer.tellsDriveSerials, false);
    transport.expect(
      { cdb: 'b811........ 02', sense: invalidField },
      { cdb: 'b811........ 00', data: transports },
      { cdb: 'b812........ 02', data: slots },
      { cdb: 'b813........ 02', data: mailSlots },
      { cdb: 'b814........ 00', data: drives },
    );
    assert.equal((await changer.inventory()).length, 7);
    transport.assertDone();
  });

  it('lives with a last descriptor that is cut, foreign elements and doubled ones, as tgt sends them', async () => {
    const { changer, transport } = await openScripted();
    const odd = elementData(
      2,
      [
        { address: 1024, barcode: 'G00001L9' },
        { address: 1024, barcode: 'G00001L9' },
        { address: 2000, barcode: 'X' },
        { address: 1026, barcode: 'G00003L9' },
      ],
      { cutBytes: 8 },
    );
    transport.expect(
      { cdb: 'b811', data: transports },
      { cdb: 'b812', data: odd },
      { cdb: 'b813', data: mailSlots },
      { cdb: 'b814', data: drives },
    );
    const found = (await changer.inventory()).filter(({ kind }) => kind === 'slot');
    assert.deepEqual(
      found.map(({ address, barcode }) => [address, barcode]),
      [
        [1024, 'G00001L9'],
        [1026, 'G00003L9'],
      ],
    );
  });

  it('asks for the rest where less came than was asked for, until nothing more comes', async () => {
    const { changer, transport } = await openScripted();
    transport.expect(
      { cdb: 'b811', data: transports },
      { cdb: 'b812 0400 0003', data: elementData(2, [{ address: 1024, barcode: 'G00001L9' }]) },
      { cdb: 'b812 0401 0002', data: elementData(2, [{ address: 1025 }]) },
      { cdb: 'b812 0402 0001', sense: fixedSense(5, 0x21, 0x01) },
      { cdb: 'b813', data: mailSlots },
      { cdb: 'b814', data: drives },
    );
    const found = (await changer.inventory()).filter(({ kind }) => kind === 'slot');
    assert.deepEqual(
      found.map(({ address }) => address),
      [1024, 1025],
    );
    transport.assertDone();
  });

  it('refuses an answer that says nothing of the slots, rather than to take them for gone', async () => {
    for (const data of [new Uint8Array(0), elementData(2, []), Buffer.alloc(200, 0xff)]) {
      const { changer, transport } = await openScripted();
      transport.expect({ cdb: 'b811', data: transports }, { cdb: 'b812', data });
      await assert.rejects(changer.inventory(), isDeviceError('device.malformed-response'));
    }
  });

  it('sends again what was aborted on the way, three times at most, and never a move', async () => {
    const { changer, transport } = await openScripted();
    const aborted = fixedSense(0xb, 0x47, 0x00);
    transport.expect({ cdb: '07', sense: aborted }, { cdb: '07', sense: aborted }, { cdb: '07' });
    await changer.rescan();
    transport.expect({ cdb: '07', sense: aborted }, { cdb: '07', sense: aborted }, { cdb: '07', sense: aborted });
    await assert.rejects(changer.rescan(), isDeviceError('device.aborted-command'));
    transport.expect({ cdb: 'a5', sense: aborted });
    await assert.rejects(changer.move(from, to), isDeviceError('device.aborted-command'));
    transport.assertDone();
  });

  it('lives with a library that has no INITIALIZE ELEMENT STATUS', async () => {
    const { changer, transport } = await openScripted();
    transport.expect({ cdb: '07', sense: fixedSense(5, 0x20, 0x00) });
    await changer.rescan();
    transport.assertDone();
  });

  it('names what is wrong with an element, and takes question marks for no barcode', async () => {
    const { changer, transport } = await openScripted();
    const odd = elementData(2, [
      { address: 1024, flags: 0x0c, asc: 0x83, barcode: '????????' },
      { address: 1025 },
      { address: 1026 },
    ]);
    transport.expect(
      { cdb: 'b811', data: transports },
      { cdb: 'b812', data: odd },
      { cdb: 'b813', data: mailSlots },
      { cdb: 'b814', data: drives },
    );
    const [slot] = (await changer.inventory()).filter(({ kind }) => kind === 'slot');
    assert.ok(slot?.full && slot.barcode === undefined);
    assert.match(slot.exception ?? '', /83/);
  });

  it('looks again when something was opened in the middle', async () => {
    const { changer, transport } = await openScripted();
    transport.expect(
      { cdb: 'b811', data: transports },
      { cdb: 'b812', data: slots },
      { cdb: 'b813', sense: fixedSense(6, 0x28, 0x00) },
      { cdb: 'b813', data: mailSlots },
      { cdb: 'b814', data: drives },
      { cdb: 'b811', data: transports },
      { cdb: 'b812', data: elementData(2, [{ address: 1024 }, { address: 1025 }, { address: 1026 }]) },
      { cdb: 'b813', data: mailSlots },
      { cdb: 'b814', data: drives },
    );
    const elements = await changer.inventory();
    assert.equal(elements.find(({ address }) => address === 1024)?.full, false);
    transport.assertDone();
  });

  it('waits for a library that looks at its slots, and then answers', async () => {
    const { changer, transport, pauses } = await openScripted();
    const scanning = fixedSense(2, 0x04, 0x01);
    transport.expect({ cdb: '07', sense: scanning }, { cdb: '07', sense: scanning }, { cdb: '07' });
    await changer.rescan();
    assert.equal(pauses.length, 2);
  });

  it('refuses a library that does not say which elements it has', async () => {
    const transport = new ScriptedTransport().expect(
      { cdb: '120000', data: standardInquiry(0x08) },
      { cdb: '120180', data: serialPage(0x08, 'LIB1') },
      { cdb: '1a08', data: assignment.subarray(0, 10) },
    );
    await assert.rejects(openMediaChanger(transport), isDeviceError('device.malformed-response'));
    assert.equal(transport.disposed, 1);
    const ill = new ScriptedTransport().expect(
      { cdb: '120000', data: standardInquiry(0x08) },
      { cdb: '120180', data: serialPage(0x08, 'LIB1') },
      { cdb: '1a08', sense: fixedSense(4, 0x44, 0x00) },
    );
    await assert.rejects(openMediaChanger(ill), isDeviceError('device.hardware-error'));
  });
});

describe('scsi-changer: moving', () => {
  for (const [kind, sense] of [
    ['destination-full', fixedSense(5, 0x3b, 0x0d)],
    ['source-empty', fixedSense(5, 0x3b, 0x0e)],
    ['removal-prevented', fixedSense(5, 0x53, 0x02)],
    ['drive-not-unloaded', fixedSense(5, 0x53, 0x03)],
    ['inventory-changed', fixedSense(6, 0x28, 0x00)],
    ['inventory-changed', fixedSense(6, 0x28, 0x01)],
    ['inventory-changed', fixedSense(6, 0x29, 0x00)],
  ] as const) {
    it(`tells ${kind} (${Buffer.from(sense).toString('hex', 12, 14)})`, async () => {
      const { changer, transport } = await openScripted();
      transport.expect({ cdb: 'a500 0000 0400 0100', sense });
      assert.deepEqual(await changer.move(from, to), { kind });
      transport.assertDone();
    });
  }

  it('takes a cartridge that is locked into a drive for one that is not unloaded', async () => {
    const { changer, transport } = await openScripted();
    transport.expect({ cdb: 'a500 0000 0100 0400', sense: fixedSense(5, 0x53, 0x02) });
    assert.deepEqual(await changer.move(to, from), { kind: 'drive-not-unloaded' });
  });

  it('does not take changed parameters for a changed inventory', async () => {
    const { changer, transport } = await openScripted();
    transport.expect({ cdb: 'a5', sense: fixedSense(6, 0x2a, 0x01) }, { cdb: 'a5' });
    assert.deepEqual(await changer.move(from, to), { kind: 'moved' });
  });

  it('takes a remark for a move that was made', async () => {
    for (const sense of [fixedSense(1, 0x0c, 0x01), fixedSense(0, 0x00, 0x00), fixedSense(0xf, 0x00, 0x00)]) {
      const { changer, transport } = await openScripted();
      transport.expect({ cdb: 'a5', sense });
      assert.deepEqual(await changer.move(from, to), { kind: 'moved' });
      transport.assertDone();
    }
  });

  it('moves after a deferred remark, for what carried it was not carried out (SPC-5, deferred errors)', async () => {
    for (const sense of [
      fixedSense(1, 0x0c, 0x01, { deferred: true }),
      fixedSense(0, 0x00, 0x00, { deferred: true }),
    ]) {
      const { changer, transport } = await openScripted();
      transport.expect({ cdb: 'a500 0000 0400 0100', sense }, { cdb: 'a500 0000 0400 0100' });
      assert.deepEqual(await changer.move(from, to), { kind: 'moved' });
      transport.assertDone();
    }
  });

  it('does not listen to deferred remarks for ever', async () => {
    const { changer, transport } = await openScripted();
    const sense = fixedSense(1, 0x0c, 0x01, { deferred: true });
    for (let repeat = 0; repeat < 32; repeat++) transport.expect({ cdb: 'a5', sense });
    await assert.rejects(changer.move(from, to), isDeviceError('device.protocol'));
    transport.assertDone();
  });

  it('throws a deferred error, and takes it for no answer to the command that carried it', async () => {
    for (const [key, asc, ascq, code] of [
      [4, 0x15, 0x01, 'device.hardware-error'],
      [5, 0x3b, 0x0d, 'device.rejected-command'],
      [2, 0x04, 0x01, 'device.not-ready'],
    ] as const) {
      const { changer, transport } = await openScripted();
      transport.expect({ cdb: 'a5', sense: fixedSense(key, asc, ascq, { deferred: true }) });
      await assert.rejects(
        changer.move(from, to),
        (error) => isDeviceError(code)(error) && /deferred/.test(`${error}`),
      );
      transport.assertDone();
    }
    const { changer, transport } = await openScripted();
    transport.expect({ cdb: '07', sense: fixedSense(5, 0x20, 0x00, { deferred: true }) });
    await assert.rejects(changer.rescan(), isDeviceError('device.rejected-command'));
  });

  it('throws hardware trouble, and never moves twice', async () => {
    const { changer, transport } = await openScripted();
    transport.expect({ cdb: 'a5', sense: fixedSense(4, 0x15, 0x01) });
    await assert.rejects(changer.move(from, to), isDeviceError('device.hardware-error'));
    transport.expect({ cdb: 'a5', sense: fixedSense(5, 0x21, 0x01) });
    await assert.rejects(changer.move(from, elementAddress(9)), isDeviceError('device.rejected-command'));
    transport.assertDone();
  });

  it('says where there is no lock', async () => {
    const { changer, transport } = await openScripted();
    transport.expect({ cdb: '1e0000000100', sense: fixedSense(5, 0x20, 0) }, { cdb: '1e0000000000' });
    assert.equal(await changer.preventRemoval(true), false);
    assert.equal(await changer.preventRemoval(false), true);
  });
});
