import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseVirtualSettings } from '#drivers/virtual/config';
import { driver } from '#drivers/virtual/driver';
import { seconds } from '#src/base/duration';
import { answer, openBench, text } from '#test/drivers/virtual/answers';
import { createTestLibrary, sendHex, testSettingsPlace } from '#test/support/virtual-library';

const timeout = seconds(30);
const testUnitReady = Buffer.alloc(6);
const none = { direction: 'none' } as const;

describe('settings', () => {
  test('as docs/drivers/virtual.md writes them, with sizes as text or bytes', () => {
    const written = {
      path: './lib',
      drives: 2,
      slots: 24,
      mailSlots: 2,
      generation: 'LTO-9',
      cartridgeCapacity: '2GiB',
    };
    const place = { ...testSettingsPlace, resolve: (path: string) => join('/base', path) };
    const settings = parseVirtualSettings({ driver: 'virtual', ...written }, place);
    assert.deepEqual([settings.path, settings.cartridgeCapacityBytes, settings.drives], ['/base/lib', 2 ** 31, 2]);
    assert.equal(
      parseVirtualSettings({ ...written, cartridgeCapacity: 2 ** 31 }, place).cartridgeCapacityBytes,
      2 ** 31,
    );
  });

  for (const [what, setting, message] of [
    ['a misspelt key', { slot: 3 }, /test settings, slot: .*no setting "slot"/],
    ['too many drives', { drives: 128 }, /drives: 128/],
    ['no drives', { drives: 0 }, /drives: 0/],
    ['half a slot', { slots: 1.5 }, /slots: 1.5/],
    ['an unknown generation', { generation: 'LTO-99' }, /generation: "LTO-99"/],
    ['a capacity that is none', { cartridgeCapacity: '2 bananas' }, /cartridgeCapacity: "2 bananas"/],
    ['a capacity without room for anything', { cartridgeCapacity: 1000 }, /cartridgeCapacity: 1000/],
    ['a vendor that INQUIRY cannot carry', { vendor: 'nine letters' }, /vendor/],
    ['no path', { path: '' }, /path/],
  ] as const) {
    test(`refused: ${what}`, () => {
      const parse = () => parseVirtualSettings({ path: '/x', ...setting }, testSettingsPlace);
      assert.throws(
        parse,
        (error: Error & { code?: string }) => error.code === 'config.invalid' && message.test(error.message),
      );
    });
  }
});

describe('the folder', () => {
  test('a folder that is not there is out of reach, one with cartridges and no state file is taken in', async () => {
    const path = mkdtempSync(join(tmpdir(), 'grandsire-opening-'));
    try {
      const settings = parseVirtualSettings({ path: join(path, 'library'), slots: 4 }, testSettingsPlace);
      await assert.rejects(driver.openUnits(settings), { code: 'device.unreachable' });
      mkdirSync(join(path, 'library', 'cartridges'), { recursive: true });
      writeFileSync(join(path, 'library', 'cartridges', 'A00001L9.tap'), '');
      await using _source = await driver.openUnits(settings);
      const state = JSON.parse(readFileSync(join(path, 'library', 'library.json'), 'utf8'));
      assert.equal(state.cartridges.A00001L9.place, 'slot:1');
    } finally {
      rmSync(path, { recursive: true });
    }
  });

  test('creating twice changes nothing; too many cartridges and barcodes that cannot be file names are refused', async () => {
    await using library = await createTestLibrary({ cartridges: ['A00001L9'], slots: 2 });
    const before = library.readState();
    await driver.create?.(library.settings, [{ barcode: 'B00001L9', kind: 'data' }]);
    assert.deepEqual(library.readState(), before);
    assert.deepEqual(readdirSync(join(library.path, 'cartridges')), ['A00001L9.tap']);
    const other = { ...library.settings, path: join(library.path, 'other') };
    const three = ['A', 'B', 'C'].map((barcode) => ({ barcode, kind: 'data' }) as const);
    await assert.rejects(async () => driver.create?.(other, three), { code: 'library.no-free-slot' });
    const hostile = [{ barcode: '../A00001L9', kind: 'data' }] as const;
    await assert.rejects(async () => driver.create?.(other, hostile), { code: 'library.invalid-barcode' });
  });

  for (const [what, damage] of [
    ['not JSON', () => '{'],
    ['another format', (state: string) => state.replace('"format": 1', '"format": 2')],
    ['a place that is none', (state: string) => state.replace('slot:1', 'shelf:1')],
    ['an unknown field', (state: string) => state.replace('"loads"', '"lodas"')],
    ['a negative capacity', (state: string) => state.replace(/"capacityBytes": \d+/, '"capacityBytes": -1')],
  ] as const) {
    test(`a damaged state file is named: ${what}`, async () => {
      await using library = await createTestLibrary();
      const open = await library.changer();
      const path = join(library.path, 'library.json');
      const good = readFileSync(path, 'utf8');
      const bad = damage(good);
      assert.notEqual(bad, good);
      writeFileSync(path, bad);
      await assert.rejects(library.openUnits(), { code: 'library.damaged-state' });
      await assert.rejects(open.execute(testUnitReady, none, { timeout }), { code: 'library.damaged-state' });
      assert.equal(readFileSync(path, 'utf8'), bad);
      writeFileSync(path, good);
      assert.equal(answer(await sendHex(open, '000000000000')), '6/29/00');
    });
  }

  test('fewer slots than before: what lay there comes into a free slot at the next look', async () => {
    await using library = await createTestLibrary({ slots: 8, cartridges: ['A00001L9', 'B00001L9', 'C00001L9'] });
    await library.openUnits();
    library.editCartridge('C00001L9', { place: 'slot:8' });
    const source = await driver.openUnits({ ...library.settings, slots: 3 });
    const unit = (await source.discover())[0];
    assert.ok(unit);
    await using changer = await source.open(unit);
    await sendHex(changer, '000000000000');
    assert.equal(answer(await sendHex(changer, '070000000000')), 'good');
    assert.equal(library.readState().cartridges.C00001L9?.place, 'slot:3');
    await source[Symbol.asyncDispose]();
  });
});

test('two cartridges written into one slot by hand: one of them gets another at the next look', async () => {
  await using library = await createTestLibrary({ slots: 4, cartridges: ['A00001L9', 'B00001L9'] });
  library.editCartridge('B00001L9', { place: 'slot:1' });
  const changer = await library.changer();
  await sendHex(changer, '000000000000');
  assert.equal(answer(await sendHex(changer, '070000000000')), 'good');
  const { A00001L9: first, B00001L9: second } = library.readState().cartridges;
  assert.deepEqual([first?.place, second?.place], ['slot:1', 'slot:2']);
});

describe('the transport', () => {
  test('commands are carried out in the order of the calls, waited for or not', async () => {
    await using bench = await openBench({ load: true });
    const send = (cdb: string, data: Uint8Array) =>
      bench.drive.execute(Buffer.from(cdb, 'hex'), { direction: 'out', data: [data] }, { timeout });
    // 40 MiB: more than one turn of the event loop.
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) => send('0a0010000000', Buffer.alloc(2 ** 20, index))),
    );
    assert.ok(results.every(({ status, transferredBytes }) => status === 0 && transferredBytes === 2 ** 20));
    const [first, second] = await Promise.all([
      bench.drive.execute(Buffer.from('010000000000', 'hex'), none, { timeout }),
      sendHex(bench.drive, '34000000000000000000', 20),
    ]);
    assert.deepEqual([first.status, second.data[0], second.data.readUInt32BE(4)], [0, 0x80, 0]);
    for (let index = 0; index < 40; index++) {
      const block = await sendHex(bench.drive, '080010000000', 2 ** 20);
      assert.deepEqual([block.status, block.data[0]], [0, index]);
    }
  });

  test('an array that is used again for another command is read again', async () => {
    await using bench = await openBench({ load: true });
    const cdb = Buffer.from('0a0000000500', 'hex');
    const write = (bytes: number) =>
      bench.drive.execute(cdb, { direction: 'out', data: [Buffer.alloc(bytes, 1)] }, { timeout });
    assert.deepEqual([(await write(5)).transferredBytes, (await write(5)).transferredBytes], [5, 5]);
    cdb[4] = 9;
    assert.equal((await write(9)).transferredBytes, 9);
    cdb[1] = 0x10;
    // A reserved bit of byte 1 (SSC-5, WRITE(6)).
    assert.equal(answer(await write(9)), '5/24/00 cdb=1.4');
    cdb[1] = 0;
    cdb[4] = 5;
    assert.equal((await write(5)).transferredBytes, 5);
  });

  test('timers and signals are heard while data streams', async () => {
    await using bench = await openBench({ load: true, capacity: '1GiB' });
    const abort = new AbortController();
    const reason = new RangeError('enough');
    setImmediate(() => abort.abort(reason));
    const data = [Buffer.alloc(2 ** 20)];
    let written = 0;
    await assert.rejects(async () => {
      for (; written < 500; written++) {
        const options = { timeout, signal: abort.signal };
        await bench.drive.execute(Buffer.from('0a0010000000', 'hex'), { direction: 'out', data }, options);
      }
    }, reason);
    assert.ok(written < 40, `${written} blocks before the signal was heard`);
  });

  test('closing twice is allowed, commands afterwards are not; others go on', async () => {
    await using bench = await openBench();
    const other = await bench.library.changer();
    await bench.changer[Symbol.asyncDispose]();
    await bench.changer[Symbol.asyncDispose]();
    await assert.rejects(bench.changer.execute(testUnitReady, none, { timeout }), { code: 'device.closed' });
    assert.equal(answer(await sendHex(other, '000000000000')), '6/29/00');
  });

  test('PREVENT ends with the opening that set it', async () => {
    await using bench = await openBench({ load: true });
    const other = await bench.library.drive();
    await sendHex(other, '000000000000');
    assert.equal(answer(await sendHex(other, '1e0000000100')), 'good');
    assert.equal(await bench.tape('1b0000000000'), '5/53/02');
    await other[Symbol.asyncDispose]();
    assert.equal(await bench.tape('1b0000000000'), 'good');
  });

  test('state is fit for the next process after every command', async () => {
    await using bench = await openBench({ load: true });
    await bench.tape('0a0000000100', text('x'));
    const { G00001L9: record } = bench.library.readState().cartridges;
    assert.deepEqual([record?.place, record?.seat, record?.writeSessions], ['drive:1', 'threaded', 1]);
    assert.deepEqual(readdirSync(bench.library.path).sort(), ['cartridges', 'library.json']);
  });
});
