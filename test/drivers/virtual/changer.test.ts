import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { answer, driveElement, mailSlot, move, openBench, slot, text } from '#test/drivers/virtual/answers';
import { sendHex } from '#test/support/virtual-library';

const ready = '000000000000';

/** READ ELEMENT STATUS (SMC-3 6.11): B8h, VOLTAG and type, start, number, CURDATA and DVCID, allocation length. */
const elementStatus = ({
  type = '0',
  tags = true,
  start = '0000',
  count = 'ffff',
  flags = '02',
  room = '00ffff',
} = {}): string => `b8${tags ? '1' : '0'}${type}${start}${count}${flags}${room}0000`;

/** The barcode at each address, by the offsets of SMC-3 tables (header 8, page header 8, descriptors; tag at byte 12). */
function readTags(data: Buffer): Map<number, string> {
  const tags = new Map<number, string>();
  for (let page = 8; page < data.length; ) {
    const descriptorBytes = data.readUInt16BE(page + 2);
    const end = page + 8 + data.readUIntBE(page + 5, 3);
    for (let at = page + 8; at < end; at += descriptorBytes) {
      if ((data[at + 2] ?? 0) & 0x01)
        tags.set(data.readUInt16BE(at), data.toString('latin1', at + 12, at + 44).trimEnd());
    }
    page = end;
  }
  return tags;
}

describe('identity', () => {
  test('INQUIRY, serial number and designator', async () => {
    await using bench = await openBench();
    const inquiry = await bench.data(bench.changer, '120000006000');
    assert.deepEqual([inquiry[0], inquiry[1], (inquiry[3] ?? 0) & 0x0f], [0x08, 0x80, 0x02]);
    assert.equal(inquiry.toString('latin1', 8, 32), 'GRNDSIREVIRTUAL LIBRARY ');
    const driveInquiry = await bench.data(bench.drive, '120000006000');
    assert.deepEqual([driveInquiry[0], driveInquiry[1]], [0x01, 0x80]);
    const serial = await bench.data(bench.drive, '120180010000');
    assert.equal(serial.toString('latin1', 4), `${bench.library.readState().serial}D1`);
    const designators = await bench.data(bench.drive, '120183010000');
    assert.deepEqual([...designators.subarray(4, 7)], [0x02, 0x01, 0x00]);
    assert.equal(designators.toString('latin1', 8), `GRNDSIREVIRTUAL LTO     ${serial.toString('latin1', 4)}`);
    assert.equal(await bench.robot('120085010000', 256), '5/24/00 cdb=2');
    assert.equal(await bench.robot('120185010000', 256), '5/24/00 cdb=2');
  });

  test('INQUIRY and REPORT LUNS leave a unit attention in place, REQUEST SENSE takes it', async () => {
    await using bench = await openBench({ drives: 2 });
    const source = await bench.library.openUnits();
    const unit = (await source.discover())[0];
    assert.ok(unit);
    await using fresh = await source.open(unit);
    assert.equal(answer(await sendHex(fresh, '120000006000', 96)), 'good');
    const luns = await sendHex(fresh, 'a00000000000 00000100 0000', 256);
    assert.equal(luns.data.toString('hex'), `0000001800000000${'00'.repeat(8)}0001000000000000${'0002000000000000'}`);
    const sense = await sendHex(fresh, '03000000fc00', 252);
    assert.deepEqual([sense.data[0], sense.data[2], sense.data[12]], [0x70, 0x06, 0x29]);
    assert.equal(answer(await sendHex(fresh, ready)), 'good');
    assert.equal((await sendHex(fresh, '03000000fc00', 252)).data[2], 0);
  });

  test('unknown operation codes, reserved bits and service actions are refused at their byte', async () => {
    await using bench = await openBench();
    assert.equal(await bench.robot('c20000000000'), '5/20/00 cdb=0');
    assert.equal(await bench.robot('080000000100', 16), '5/20/00 cdb=0');
    assert.equal(await bench.robot('000000010000'), '5/24/00 cdb=3.0');
    assert.equal(await bench.robot('a31f00000000000001000000', 256), '5/24/00 cdb=1.4');
  });

  test('REPORT SUPPORTED OPERATION CODES tells what is answered', async () => {
    await using bench = await openBench();
    const all = await bench.data(bench.changer, 'a30c00000000000010000000');
    assert.equal(all.readUInt32BE(0), all.length - 4);
    const codes = Array.from({ length: (all.length - 4) / 8 }, (_, index) => all[4 + 8 * index] ?? 0);
    for (const code of [0x00, 0x03, 0x07, 0x12, 0x1a, 0x1e, 0x37, 0x5a, 0xa0, 0xa3, 0xa5, 0xb8])
      assert.ok(codes.includes(code));
    const one = await bench.data(bench.changer, 'a30c01a50000000010000000');
    assert.deepEqual([(one[1] ?? 0) & 0x07, one.readUInt16BE(2), one[4]], [0x03, 12, 0xa5]);
    const absent = await bench.data(bench.changer, 'a30c01080000000010000000');
    assert.equal((absent[1] ?? 0) & 0x07, 0x01);
  });
});

describe('READ ELEMENT STATUS', () => {
  test('one type: every byte of the answer', async () => {
    await using bench = await openBench({ slots: 2, cartridges: ['G00001L9'] });
    const data = await bench.data(bench.changer, elementStatus({ type: '2' }));
    const tag = Buffer.from('G00001L9'.padEnd(32)).toString('hex');
    // Header (SMC-3 table: first element, number, byte count), page header, two descriptors of 52 bytes.
    const expected = [
      '1000 0002 00 000070',
      '02 80 0034 00 000068',
      `1000 09 00 0000 000000 01 0000 ${tag} 00000000 00000000`,
      `1001 08 00 0000 000000 00 0000 ${'00'.repeat(32)} 00000000 00000000`,
    ];
    assert.equal(data.toString('hex'), expected.join('').replaceAll(' ', ''));
  });

  test('all types at once, in the order of addresses', async () => {
    await using bench = await openBench({ drives: 2, slots: 3, mailSlots: 2, cartridges: ['G00001L9', 'CLN001CU'] });
    const data = await bench.data(bench.changer, elementStatus({ tags: false }));
    assert.equal(data.readUInt16BE(0), 0x0001);
    assert.equal(data.readUInt16BE(2), 1 + 2 + 2 + 3);
    const types: (number | undefined)[] = [];
    for (let page = 8; page < data.length; page += 8 + data.readUIntBE(page + 5, 3)) types.push(data[page]);
    assert.deepEqual(types, [1, 3, 4, 2]);
  });

  test('the byte count says what there is, whatever is asked for', async () => {
    await using bench = await openBench({ slots: 8 });
    const whole = await bench.data(bench.changer, elementStatus({ type: '2' }));
    const header = await bench.data(bench.changer, elementStatus({ type: '2', room: '000008' }));
    assert.equal(header.length, 8);
    assert.equal(header.readUIntBE(5, 3), whole.length - 8);
    const cut = await bench.data(bench.changer, elementStatus({ type: '2', room: '000064' }));
    assert.deepEqual(cut, whole.subarray(0, 100));
  });

  test('ranges', async () => {
    await using bench = await openBench({ slots: 8, cartridges: ['A00001L9', 'A00002L9', 'A00003L9'] });
    const two = await bench.data(bench.changer, elementStatus({ type: '2', start: slot(2), count: '0002' }));
    assert.deepEqual(
      [...readTags(two)],
      [
        [0x1001, 'A00002L9'],
        [0x1002, 'A00003L9'],
      ],
    );
    assert.equal(two.readUInt16BE(2), 2);
    assert.equal(await bench.robot(elementStatus({ type: '2', start: slot(9) }), 4096), '5/21/01');
    assert.equal(await bench.robot(elementStatus({ type: '5' }), 4096), '5/24/00 cdb=1.3');
  });

  test('DVCID names the drives by the same serial number as page 80h', async () => {
    await using bench = await openBench({ drives: 2 });
    const data = await bench.data(bench.changer, elementStatus({ type: '4', flags: '03' }));
    const descriptorBytes = data.readUInt16BE(10);
    const names = [0, 1].map((index) => {
      const at = 16 + index * descriptorBytes + 12 + 36;
      assert.deepEqual([data[at], data[at + 1]], [0x02, 0x01]);
      return data.toString('latin1', at + 4 + 24, at + 4 + (data[at + 3] ?? 0));
    });
    const { serial } = bench.library.readState();
    assert.deepEqual(names, [`${serial}D1`, `${serial}D2`]);
  });

  test('a label that cannot be read is an exception without a tag', async () => {
    await using bench = await openBench({ slots: 1, cartridges: ['G00001L9'] });
    bench.library.editCartridge('G00001L9', { label: null });
    const data = await bench.data(bench.changer, elementStatus({ type: '2' }));
    assert.deepEqual([data[18], data[20], data[21]], [0x0d, 0x83, 0x02]);
    assert.equal(data.toString('hex', 28, 64), '00'.repeat(36));
  });
});

describe('MOVE MEDIUM', () => {
  test('goes where it is told and remembers the slot', async () => {
    await using bench = await openBench();
    assert.equal(await bench.robot(move(slot(1), slot(8), '0001')), 'good');
    assert.equal(await bench.robot(move(slot(8), driveElement(1))), 'good');
    const data = await bench.data(bench.changer, elementStatus({ type: '4' }));
    // Full, ACCESS zero while threaded; SVALID with slot 8.
    assert.deepEqual([data[18], (data[25] ?? 0) & 0x80, data.readUInt16BE(26)], [0x01, 0x80, 0x1007]);
    assert.equal(bench.library.readState().cartridges.G00001L9?.place, 'drive:1');
  });

  for (const [what, cdb, expected] of [
    ['a transport that is not there', move(slot(1), slot(3), '0002'), '5/21/01 cdb=2'],
    ['a source that is not there', move('0fff', slot(3)), '5/21/01 cdb=4'],
    ['a destination that is not there', move(slot(1), slot(9)), '5/21/01 cdb=6'],
    ['the transport as source', move('0001', slot(3)), '5/21/01 cdb=4'],
    ['an empty source', move(slot(3), slot(4)), '5/3b/0e'],
    ['a full destination', move(slot(1), slot(2)), '5/3b/0d'],
    ['turning over', `${move(slot(1), slot(3)).slice(0, 20)}0100`, '5/24/00 cdb=10.0'],
  ] as const) {
    test(`refused: ${what}`, async () => {
      await using bench = await openBench();
      const before = bench.library.readState();
      assert.equal(await bench.robot(cdb), expected);
      assert.deepEqual(bench.library.readState(), before);
    });
  }

  test('a drive must be unloaded first, and then let go', async () => {
    await using bench = await openBench({ load: true });
    assert.equal(await bench.robot(move(driveElement(1), slot(1))), '5/3b/90');
    assert.equal(await bench.tape('1e0000000100'), 'good');
    assert.equal(await bench.robot(move(driveElement(1), slot(1))), '5/53/02');
    assert.equal(await bench.tape('1b0000000000'), '5/53/02');
    assert.equal(await bench.tape('1e0000000000'), 'good');
    assert.equal(await bench.tape('1b0000000000'), 'good');
    assert.equal(await bench.tape(ready), '2/3a/00');
    assert.equal(await bench.robot(move(driveElement(1), slot(1))), 'good');
  });

  test('PREVENT keeps the mail slots shut', async () => {
    await using bench = await openBench();
    assert.equal(await bench.robot('1e0000000100'), 'good');
    assert.equal(await bench.robot(move(slot(1), mailSlot(1))), '5/53/02');
    assert.equal(await bench.robot('1e0000000000'), 'good');
    assert.equal(await bench.robot(move(slot(1), mailSlot(1))), 'good');
    const data = await bench.data(bench.changer, elementStatus({ type: '3' }));
    // FULL, ACCESS, EXENAB, INENAB; not IMPEXP: the robot put it there.
    assert.equal(data[18], 0x39);
  });

  test('a cartridge whose file vanished is an empty source', async () => {
    await using bench = await openBench();
    rmSync(bench.library.imagePath('G00001L9'));
    assert.equal(await bench.robot(move(slot(1), driveElement(1))), '5/3b/0e');
    assert.equal(readTags(await bench.data(bench.changer, elementStatus())).has(0x1000), false);
  });
});

describe('what operators do to the folder', () => {
  test('a mail slot that was filled by hand is told once, and marked as filled by an operator', async () => {
    await using bench = await openBench();
    bench.library.editCartridge('G00002L9', { place: 'mail:1' });
    assert.equal(await bench.robot(ready), '6/28/01');
    assert.equal(await bench.robot(ready), 'good');
    const data = await bench.data(bench.changer, elementStatus({ type: '3' }));
    assert.equal(data[18], 0x3b);
  });

  test('new files appear in free slots at the next look, missing ones go, strange ones are left alone', async () => {
    await using bench = await openBench({ slots: 4, cartridges: ['G00001L9', 'G00002L9'] });
    const folder = join(bench.library.path, 'cartridges');
    rmSync(join(folder, 'G00001L9.tap'));
    for (const name of [
      'N00001L9.tap',
      'W00001LZ.tap',
      'a b.tap',
      '.tap',
      '__proto__.tap',
      `${'X'.repeat(33)}.tap`,
      'notes.txt',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    mkdirSync(join(folder, 'FOLDER.tap'));
    symlinkSync('/dev/zero', join(folder, 'LINK01L9.tap'));
    assert.equal(await bench.robot('070000000000'), 'good');
    const tags = readTags(await bench.data(bench.changer, elementStatus({ type: '2' })));
    assert.deepEqual([...tags.values()].sort(), ['G00002L9', 'N00001L9', 'W00001LZ']);
    assert.equal(bench.library.readState().cartridges.W00001LZ?.kind, 'worm');
    assert.equal(readdirSync(folder).includes('notes.txt'), true);
  });

  test('a look at a range leaves the rest as it was', async () => {
    await using bench = await openBench({ slots: 4, cartridges: ['G00001L9', 'G00002L9'] });
    rmSync(bench.library.imagePath('G00001L9'));
    rmSync(bench.library.imagePath('G00002L9'));
    assert.equal(await bench.robot(`3701${slot(2)}0000000100 00`), 'good');
    assert.deepEqual([...readTags(await bench.data(bench.changer, elementStatus())).values()], ['G00001L9']);
    assert.equal(await bench.robot('370120000000000100 00'), '5/21/01');
    assert.equal(await bench.robot('370000000000000000 00'), 'good');
    assert.equal(readTags(await bench.data(bench.changer, elementStatus())).size, 0);
  });

  test('a cartridge without room stays outside and comes in when a slot is free', async () => {
    await using bench = await openBench({ slots: 1, cartridges: ['G00001L9'] });
    writeFileSync(bench.library.imagePath('G00002L9'), '');
    assert.equal(await bench.robot('070000000000'), 'good');
    assert.equal(bench.library.readState().cartridges.G00002L9?.place, 'outside');
    rmSync(bench.library.imagePath('G00001L9'));
    assert.equal(await bench.robot('070000000000'), 'good');
    assert.equal(bench.library.readState().cartridges.G00002L9?.place, 'slot:1');
  });

  test('a file without write permission is a write-protected cartridge', async () => {
    await using bench = await openBench({ load: true });
    assert.equal(await bench.tape('1b0000000000'), 'good');
    chmodSync(bench.library.imagePath('G00001L9'), 0o444);
    assert.equal(await bench.tape('1b0000000100'), 'good');
    assert.equal(await bench.tape('0a0000000100', text('x')), '7/27/00');
  });
});

test('mode pages 1Dh, 1Eh and 1Fh', async () => {
  await using bench = await openBench({ drives: 2, slots: 24, mailSlots: 3 });
  const all = await bench.data(bench.changer, '1a083f00ff00');
  assert.equal(all[0], all.length - 1);
  const expected = [
    '1d12 0001 0001 1000 0018 0010 0003 0100 0002 0000',
    '1e02 0000',
    '1f12 0e00 00 0e 0e 0e 0000 0000 00000000 0000 0000',
  ];
  assert.equal(all.toString('hex', 4), expected.join('').replaceAll(' ', ''));
  const long = await bench.data(bench.changer, '5a081d00000000010000');
  assert.equal(long.toString('hex'), `001a000000000000${expected[0]?.replaceAll(' ', '')}`);
  assert.equal(await bench.robot('1a080800ff00', 255), '5/24/00 cdb=2.5');
});
