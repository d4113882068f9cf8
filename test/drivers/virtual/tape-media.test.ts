import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { answer, type Bench, driveElement, move, openBench, slot, text } from '#test/drivers/virtual/answers';
import { sendHex } from '#test/support/virtual-library';

const ready = '000000000000';
const load = '1b0000000100';
const unload = '1b0000000000';
const oneByte = '0a0000000100';
const filemark = '100000000100';
const readByte = '080000000100';

/** Puts slot 1 into the drive and takes the attention that tells of it. */
async function mount(bench: Bench): Promise<void> {
  assert.equal(await bench.robot(move(slot(1), driveElement(1))), 'good');
  assert.equal(await bench.tape(ready), '6/28/00');
}

const modeHeader = async (bench: Bench): Promise<Buffer> => bench.data(bench.drive, '1a000000ff00');

describe('load and unload', () => {
  test('without a cartridge nothing that needs one works', async () => {
    await using bench = await openBench();
    for (const cdb of [ready, '010000000000', '110100000100', filemark, load, unload, '2b000000000000000000']) {
      assert.equal(await bench.tape(cdb), '2/3a/00', cdb);
    }
    assert.equal(await bench.tape(readByte, 1), '2/3a/00');
    assert.equal(await bench.tape('34000000000000000000', 20), '2/3a/00');
    assert.equal(await bench.tape('8c000000000000000000 000010000000'.replaceAll(' ', ''), 4096), '2/3a/00');
    assert.equal(await bench.tape(oneByte, text('x')), '2/3a/00');
  });

  test('unload and load again; hold keeps it inside', async () => {
    await using bench = await openBench({ load: true });
    await bench.tape(oneByte, text('x'));
    assert.equal(await bench.tape(unload), 'good');
    assert.equal(await bench.tape(ready), '2/3a/00');
    assert.equal(await bench.tape(unload), 'good');
    assert.equal(await bench.tape(load), 'good');
    assert.equal(await bench.tape(ready), 'good');
    assert.equal(answer(await sendHex(bench.drive, readByte, 1)), 'good');
    assert.equal(await bench.tape('1b0000000800'), 'good');
    assert.equal(await bench.tape(ready), '2/04/02');
    assert.equal(await bench.robot(move(driveElement(1), slot(1))), '5/3b/90');
    assert.equal(await bench.tape(load), 'good');
    assert.equal(await bench.tape('1b0000000500'), '5/24/00 cdb=4.2');
    assert.equal(bench.library.readState().cartridges.G00001L9?.loads, 3);
  });

  test('other openings hear of a load once, and lose their place', async () => {
    await using bench = await openBench({ load: true });
    await bench.tape(oneByte, text('x'));
    const neighbour = await bench.library.drive();
    await sendHex(neighbour, ready);
    const source = await bench.library.openUnits();
    const unit = (await source.discover())[1];
    assert.ok(unit);
    await using other = await source.open(unit);
    assert.equal(answer(await sendHex(other, ready)), '6/29/00');
    assert.equal(answer(await sendHex(other, ready)), 'good');
    assert.equal(await bench.tape(unload), 'good');
    assert.equal(answer(await sendHex(other, ready)), '2/3a/00');
    assert.equal(await bench.tape(load), 'good');
    for (const opening of [other, neighbour]) {
      assert.equal(answer(await sendHex(opening, ready)), '6/28/00');
      assert.equal(answer(await sendHex(opening, ready)), 'good');
    }
    assert.equal(await bench.tape(ready), 'good');
  });

  test('what another process wrote is noticed', async () => {
    await using bench = await openBench({ load: true });
    const source = await bench.library.openUnits();
    const unit = (await source.discover())[1];
    assert.ok(unit);
    await using other = await source.open(unit);
    await sendHex(other, ready);
    assert.equal(answer(await sendHex(other, readByte, 1)), '8/00/05 info=1');
    assert.equal(await bench.tape(oneByte, text('x')), 'good');
    assert.equal(answer(await sendHex(other, readByte, 1)), '6/28/00');
    assert.equal(answer(await sendHex(other, readByte, 1)), 'good');
  });
});

describe('write protection', () => {
  test('of the state file: refused with 7/27/00, WP in the mode parameters, TapeAlert 9', async () => {
    await using bench = await openBench();
    bench.library.editCartridge('G00001L9', { writeProtected: true });
    await mount(bench);
    assert.equal((await modeHeader(bench))[2], 0x90);
    assert.equal(await bench.tape(oneByte, text('x')), '7/27/00');
    assert.equal(await bench.tape(filemark), '7/27/00');
    assert.equal(await bench.tape('190100000000'), '7/27/00');
    assert.equal(await bench.tape('100000000000'), 'good');
    assert.equal(readFileSync(bench.library.imagePath('G00001L9')).length, 0);
    const alerts = await bench.data(bench.drive, '4d002e00000000100000');
    assert.deepEqual([alerts[0], alerts.readUInt16BE(2)], [0x2e, 320]);
    assert.equal(alerts[4 + 8 * 5 + 4], 1);
    const again = await bench.data(bench.drive, '4d002e00000000100000');
    assert.equal(again[4 + 8 * 5 + 4], 0);
    bench.library.editCartridge('G00001L9', { writeProtected: false });
    assert.equal(await bench.tape(oneByte, text('x')), 'good');
  });
});

describe('WORM', () => {
  test('only appends; filemarks at the end may be written over, the first may not', async () => {
    await using bench = await openBench({ cartridges: ['W00001LZ'] });
    await mount(bench);
    const page = await bench.data(bench.drive, '1a081d00ff00');
    assert.deepEqual([...page.subarray(4, 10)], [0x1d, 0x1e, 0x01, 0x00, 0x00, 0x02]);
    assert.equal(await bench.tape(oneByte, text('a')), 'good');
    assert.equal(await bench.tape(filemark), 'good');
    assert.equal(await bench.tape('110100ffff00'.replace('00ffff', 'ffffff')), 'good');
    assert.equal(await bench.tape(oneByte, text('z')), '7/30/0c');
    assert.equal(await bench.tape('110300000000'), 'good');
    assert.equal(await bench.tape(oneByte, text('b')), 'good');
    assert.equal(await bench.tape('100000000200'), 'good');
    assert.equal(await bench.tape('1101ffffff00'), 'good');
    assert.equal(await bench.tape(oneByte, text('c')), 'good');
    assert.equal(await bench.tape('010000000000'), 'good');
    for (const cdb of [filemark, '190100000000', '190000000000']) assert.equal(await bench.tape(cdb), '7/30/0c');
    assert.equal(await bench.tape(oneByte, text('z')), '7/30/0c');
    const expected = '01000000 6100 01000000 00000000 01000000 6200 01000000 00000000 01000000 6300 01000000';
    assert.equal(readFileSync(bench.library.imagePath('W00001LZ')).toString('hex'), expected.replaceAll(' ', ''));
  });

  test('a data cartridge says that it is none', async () => {
    await using bench = await openBench({ load: true });
    assert.equal((await bench.data(bench.drive, '1a081d00ff00'))[6], 0x00);
  });
});

describe('cleaning cartridges', () => {
  test('clean, are counted down, and are refused when they are used up', async () => {
    await using bench = await openBench({ cartridges: ['CLN001CU'] });
    bench.library.editCartridge('CLN001CU', { cleaningsLeft: 1 });
    bench.library.editState((state) => ({ ...state, drives: { '1': { cleaningRequired: true, loads: 0 } } }));
    const alerts = async (): Promise<number[]> => {
      const data = await bench.data(bench.drive, '4d002e00000000100000');
      return Array.from({ length: 64 }, (_, index) => index + 1).filter((flag) => data[4 + 5 * (flag - 1) + 4] === 1);
    };
    assert.deepEqual(await alerts(), [20]);
    assert.equal(await bench.robot(move(slot(1), driveElement(1))), 'good');
    assert.equal(await bench.tape(ready), '2/30/03');
    assert.equal(await bench.tape(oneByte, text('x')), '2/30/03');
    assert.deepEqual(await alerts(), [11]);
    assert.equal(bench.library.readState().cartridges.CLN001CU?.cleaningsLeft, 0);
    assert.equal(await bench.robot(move(driveElement(1), slot(1))), 'good');
    assert.equal(await bench.robot(move(slot(1), driveElement(1))), 'good');
    assert.equal(await bench.tape(ready), '2/30/07');
    assert.deepEqual(await alerts(), [22]);
    assert.equal(await bench.tape(unload), 'good');
    assert.equal(await bench.robot(move(driveElement(1), slot(1))), 'good');
    assert.equal(readFileSync(bench.library.imagePath('CLN001CU')).length, 0);
  });
});

describe('generations', () => {
  const image = Buffer.from('01000000 6100 01000000'.replaceAll(' ', ''), 'hex');

  async function load(generation: string, barcode: string): Promise<Bench> {
    const bench = await openBench({ generation, cartridges: [barcode] });
    writeFileSync(bench.library.imagePath(barcode), image);
    assert.equal(await bench.robot(move(slot(1), driveElement(1))), 'good');
    return bench;
  }

  for (const [generation, barcode] of [
    ['LTO-9', 'A00001L8'],
    ['LTO-8', 'A00001L7'],
    ['LTO-8', 'A00001M8'],
    ['LTO-7', 'A00001L6'],
  ] as const) {
    test(`${generation} reads and writes ${barcode}`, async () => {
      await using bench = await load(generation, barcode);
      assert.equal(await bench.tape(ready), '6/28/00');
      assert.equal(await bench.tape(readByte, 1), 'good');
      assert.equal(await bench.tape(oneByte, text('x')), 'good');
    });
  }

  for (const [generation, barcode, density] of [
    ['LTO-7', 'A00001L5', 0x58],
    ['LTO-6', 'A00001L4', 0x46],
  ] as const) {
    test(`${generation} only reads ${barcode}`, async () => {
      await using bench = await load(generation, barcode);
      assert.equal(await bench.tape(ready), '6/28/00');
      assert.equal(await bench.tape(readByte, 1), 'good');
      const header = await modeHeader(bench);
      assert.deepEqual([header[2], header[4]], [0x90, density]);
      assert.equal(await bench.tape(oneByte, text('x')), '7/30/05');
      assert.deepEqual(readFileSync(bench.library.imagePath(barcode)), image);
    });
  }

  for (const [generation, barcode] of [
    ['LTO-9', 'A00001L7'],
    ['LTO-9', 'A00001M8'],
    ['LTO-9', 'A00001LA'],
    ['LTO-8', 'A00001L6'],
    ['LTO-7', 'A00001L4'],
    ['LTO-10', 'A00001L9'],
    ['LTO-7', 'A00001M8'],
  ] as const) {
    test(`${generation} puts ${barcode} out again`, async () => {
      await using bench = await load(generation, barcode);
      assert.equal(await bench.tape(ready), '3/30/00');
      assert.equal(await bench.tape('1b0000000100'), '3/30/00');
      assert.equal(await bench.tape(readByte, 1), '3/30/00');
      assert.equal(await bench.robot(move(driveElement(1), slot(1))), 'good');
    });
  }
});

describe('what drives tell of themselves and of media', () => {
  test('attributes of the medium', async () => {
    await using bench = await openBench({ load: true, capacity: '64MiB' });
    await bench.tape('0a0010000000', [Buffer.alloc(2 ** 20)]);
    const data = await bench.data(bench.drive, '8c000000000000000000 000010000000'.replaceAll(' ', ''));
    assert.equal(data.readUInt32BE(0), data.length - 4);
    const values = new Map<number, Buffer>();
    for (let at = 4; at < data.length; at += 5 + data.readUInt16BE(at + 3)) {
      values.set(data.readUInt16BE(at), data.subarray(at + 5, at + 5 + data.readUInt16BE(at + 3)));
    }
    assert.equal(values.get(0x0000)?.readBigUInt64BE(), 63n);
    assert.equal(values.get(0x0001)?.readBigUInt64BE(), 64n);
    assert.equal(values.get(0x0003)?.readBigUInt64BE(), 1n);
    assert.equal(
      values.get(0x0401)?.toString('latin1').trimEnd(),
      bench.library.readState().cartridges.G00001L9?.serial,
    );
    assert.equal(values.get(0x0806)?.toString('latin1'), 'G00001L9'.padEnd(32));
    assert.equal(values.get(0x0408)?.[0], 0x00);
    const list = await bench.data(bench.drive, '8c010000000000000806 000010000000'.replaceAll(' ', ''));
    assert.equal(list.toString('hex'), '000000020806');
    assert.equal(await bench.tape('8c000000000000000999 000010000000'.replaceAll(' ', ''), 64), '5/24/00 cdb=8');
    assert.equal(await bench.tape('8c000000000000010000 000010000000'.replaceAll(' ', ''), 64), '5/24/00 cdb=7');
  });

  test('densities of the drive and of the medium', async () => {
    await using bench = await openBench();
    assert.equal(await bench.tape('44010000000000100000', 4096), '2/3a/00');
    const drive = await bench.data(bench.drive, '44000000000000100000');
    assert.equal(drive.readUInt16BE(0), drive.length - 2);
    assert.deepEqual([drive[4], drive[4 + 52], drive[6], drive[6 + 52]], [0x5e, 0x60, 0x80, 0xa0]);
    await mount(bench);
    const medium = await bench.data(bench.drive, '44010000000000100000');
    assert.deepEqual([medium.length, medium[4]], [56, 0x60]);
    assert.equal(medium.toString('latin1', 28, 36), 'U-932   ');
  });

  test('log pages', async () => {
    await using bench = await openBench({ load: true });
    assert.equal((await bench.data(bench.drive, '4d000000000000010000')).toString('hex'), '00000006000c11122e31');
    await bench.tape('0a0000000500', text('hello'));
    const moved = await bench.data(bench.drive, '4d004c00000000010000');
    assert.deepEqual([moved.readUInt16BE(4), moved[7], moved.readBigUInt64BE(8)], [0, 8, 5n]);
    const statusPage = await bench.data(bench.drive, '4d001100000000010000');
    assert.deepEqual([...statusPage.subarray(8, 12)], [0x21, 0x17, 0x00, 0x00]);
    assert.equal(await bench.tape('4d003f00000000010000', 256), '5/24/00 cdb=2.5');
    assert.equal(await bench.tape('4d002e01000000010000', 256), '5/24/00 cdb=3');
    assert.equal(await bench.tape('4d012e00000000010000', 256), '5/24/00 cdb=1.0');
  });

  test('mode pages: current, changeable, default; what may be changed and what not', async () => {
    await using bench = await openBench({ load: true });
    const all = await bench.data(bench.drive, '1a003f00ff00');
    const codes: number[] = [];
    for (let at = 4 + 8; at < all.length; at += 2 + (all[at + 1] ?? 0)) codes.push((all[at] ?? 0) & 0x3f);
    assert.deepEqual(codes, [0x0a, 0x0f, 0x10, 0x1c, 0x1d]);
    assert.deepEqual([all[0], all[2], all[3], all[4]], [all.length - 1, 0x10, 0x08, 0x60]);
    assert.equal((await bench.data(bench.drive, '1a084f00ff00'))[6], 0x80);
    assert.equal(await bench.tape('1a08cf00ff00', 255), '5/39/00');
    assert.equal(await bench.tape('1a083000ff00', 255), '5/24/00 cdb=2.5');
    const list = (page: string): readonly Uint8Array[] => [Buffer.from(`00001000${page}`, 'hex')];
    assert.equal(await bench.tape('151000001400', list(`0f0e40800000000100000001${'00'.repeat(4)}`)), 'good');
    assert.equal((await bench.data(bench.drive, '1a080f00ff00'))[6], 0x40);
    assert.equal((await bench.data(bench.drive, '1a088f00ff00'))[6], 0xc0);
    assert.equal(await bench.tape('151000001400', list(`0f0e40800000000200000001${'00'.repeat(4)}`)), '5/26/00 data=4');
    assert.equal(await bench.tape('150000000400', list('')), '5/24/00 cdb=1.4');
    assert.equal(await bench.tape('151100000400', list('')), '5/24/00 cdb=1.0');
    assert.equal(await bench.tape('151000000300', [Buffer.from('000010', 'hex')]), '5/1a/00');
    assert.equal(await bench.tape('151000000400', [Buffer.from('00002000', 'hex')]), '5/26/00 data=2');
  });

  test('a change of mode parameters is told to others; D_SENSE changes the form of sense data', async () => {
    await using bench = await openBench();
    const other = await bench.library.drive();
    await sendHex(other, ready);
    assert.equal(
      await bench.tape('151000001000', [Buffer.from('00001000 0a0a040000000000000000 00'.replaceAll(' ', ''), 'hex')]),
      'good',
    );
    const attention = await sendHex(other, ready);
    assert.deepEqual([...attention.sense.subarray(0, 4)], [0x72, 0x06, 0x2a, 0x01]);
    const missing = await sendHex(bench.drive, ready);
    assert.deepEqual([...missing.sense], [0x72, 0x02, 0x3a, 0x00, 0, 0, 0, 0]);
  });
});
