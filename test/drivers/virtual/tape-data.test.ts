import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { answer, type Bench, driveElement, move, openBench, slot, text } from '#test/drivers/virtual/answers';
import { sendHex } from '#test/support/virtual-library';

const hex6 = (value: number): string => (value < 0 ? value + 0x100_0000 : value).toString(16).padStart(6, '0');
const write = (bytes: number): string => `0a00${hex6(bytes)}00`;
const read = (bytes: number, flags = '00'): string => `08${flags}${hex6(bytes)}00`;
const filemarks = (count: number, flags = '00'): string => `10${flags}${hex6(count)}00`;
const space = (code: 0 | 1 | 2 | 3, count: number): string => `110${code}${hex6(count)}00`;
const rewind = '010000000000';
const endOfData = '110300000000';
const locate = (object: number): string => `2b0000${object.toString(16).padStart(8, '0')}000000`;

/** Mode parameters of MODE SELECT(6): buffered mode, then a block descriptor with this block length. */
const select = (blockBytes: number, deviceSpecific = '10'): readonly Uint8Array[] => [
  Buffer.from(`0000${deviceSpecific}0800000000 00${hex6(blockBytes)}`.replaceAll(' ', ''), 'hex'),
];

/** First object number, by READ POSITION short form (SSC-5: bytes 4–7). */
async function position(bench: Bench): Promise<number> {
  return (await bench.data(bench.drive, '34000000000000000000')).readUInt32BE(4);
}

/** Blocks `aaaa`, `bbbb`, a filemark, `cccc`, a filemark, and rewound. */
async function openWritten(): Promise<Bench> {
  const bench = await openBench({ load: true });
  assert.equal(await bench.tape(write(4), text('aaaa')), 'good');
  assert.equal(await bench.tape(write(4), text('bbbb')), 'good');
  assert.equal(await bench.tape(filemarks(1)), 'good');
  assert.equal(await bench.tape(write(4), text('cccc')), 'good');
  assert.equal(await bench.tape(filemarks(1)), 'good');
  assert.equal(await bench.tape(rewind), 'good');
  return bench;
}

async function readText(bench: Bench, cdb: string, room = 64): Promise<[string, string]> {
  const result = await sendHex(bench.drive, cdb, room);
  return [answer(result), result.data.toString('latin1')];
}

describe('READ(6) in variable-block mode', () => {
  test('exact, under and over length, with and without SILI', async () => {
    await using bench = await openWritten();
    assert.deepEqual(await readText(bench, read(4)), ['good', 'aaaa']);
    assert.deepEqual(await readText(bench, read(10)), ['0/00/00 ILI info=6', 'bbbb']);
    await bench.tape(rewind);
    assert.deepEqual(await readText(bench, read(3)), ['0/00/00 ILI info=-1', 'aaa']);
    assert.deepEqual(await readText(bench, read(10, '02')), ['good', 'bbbb']);
    await bench.tape(rewind);
    assert.deepEqual(await readText(bench, read(3, '02')), ['good', 'aaa']);
    assert.deepEqual(await readText(bench, read(4)), ['good', 'bbbb']);
    assert.deepEqual(await readText(bench, read(0)), ['good', '']);
  });

  test('SILI does not hide an overlength while a block length is set', async () => {
    await using bench = await openWritten();
    assert.equal(await bench.tape('151000000c00', select(2)), 'good');
    assert.deepEqual(await readText(bench, read(3, '02')), ['0/00/00 ILI info=-1', 'aaa']);
    assert.deepEqual(await readText(bench, read(10, '02')), ['good', 'bbbb']);
  });

  test('filemarks, end of data and what is behind', async () => {
    await using bench = await openWritten();
    await bench.tape(locate(2));
    assert.deepEqual(await readText(bench, read(8)), ['0/00/01 FM info=8', '']);
    assert.deepEqual(await readText(bench, read(4)), ['good', 'cccc']);
    assert.deepEqual(await readText(bench, read(4)), ['0/00/01 FM info=4', '']);
    assert.deepEqual(await readText(bench, read(4)), ['8/00/05 info=4', '']);
    assert.deepEqual(await readText(bench, read(4)), ['8/00/05 info=4', '']);
    assert.equal(await position(bench), 5);
  });

  test('a blank cartridge', async () => {
    await using bench = await openBench({ load: true });
    assert.deepEqual(await readText(bench, read(4)), ['8/00/05 info=4', '']);
  });

  test('the buffer of the host is not written beyond the block', async () => {
    await using bench = await openWritten();
    const buffer = Buffer.alloc(16, 0xee);
    await bench.drive.execute(
      Buffer.from(read(16, '02'), 'hex'),
      { direction: 'in', buffer },
      { timeout: 1000 as never },
    );
    assert.equal(buffer.toString('hex'), `61616161${'ee'.repeat(12)}`);
  });
});

describe('fixed-block mode', () => {
  test('needs a block length, and no SILI', async () => {
    await using bench = await openWritten();
    assert.equal(await bench.tape(read(1, '01'), 64), '5/24/00 cdb=1.0');
    assert.equal(await bench.tape(read(1, '03'), 64), '5/24/00 cdb=1.1');
    assert.equal(await bench.tape(`0a01${hex6(1)}00`, text('xxxx')), '5/24/00 cdb=1.0');
  });

  test('several blocks at once, residual counted in blocks', async () => {
    await using bench = await openBench({ load: true });
    assert.equal(await bench.tape('151000000c00', select(4)), 'good');
    const pieces = [Buffer.from('aaaab'), Buffer.from('bb'), Buffer.from('bcccc')];
    assert.equal(await bench.tape(`0a01${hex6(3)}00`, pieces), 'good');
    assert.equal(await bench.tape(filemarks(1)), 'good');
    assert.equal(await position(bench), 4);
    await bench.tape(rewind);
    assert.deepEqual(await readText(bench, read(2, '01')), ['good', 'aaaabbbb']);
    assert.deepEqual(await readText(bench, read(5, '01')), ['0/00/01 FM info=4', 'cccc']);
    assert.deepEqual(await readText(bench, read(5, '01')), ['8/00/05 info=5', '']);
  });

  test('a block of another length stops it: passed, not counted', async () => {
    await using bench = await openBench({ load: true });
    await bench.tape(write(4), text('aaaa'));
    await bench.tape(write(6), text('bbbbbb'));
    await bench.tape(write(4), text('cccc'));
    await bench.tape(rewind);
    await bench.tape('151000000c00', select(4));
    assert.deepEqual(await readText(bench, read(3, '01')), ['0/00/00 ILI info=2', 'aaaa']);
    assert.equal(await position(bench), 2);
    assert.deepEqual(await readText(bench, read(1, '01')), ['good', 'cccc']);
  });
});

describe('positions', () => {
  test('READ POSITION, short and long: filemarks count as objects', async () => {
    await using bench = await openWritten();
    const flags = async (): Promise<number> => (await bench.data(bench.drive, '34000000000000000000'))[0] ?? 0;
    assert.equal(await flags(), 0x80);
    await bench.tape(endOfData);
    const short = await bench.data(bench.drive, '34000000000000000000');
    assert.equal(short.toString('hex'), '00000000 00000005 00000005 00000000 00000000'.replaceAll(' ', ''));
    const long = await bench.data(bench.drive, '34060000000000000000');
    assert.equal(long.toString('hex'), `0000000000000000${'0000000000000005'}${'0000000000000002'}0000000000000000`);
    assert.equal(await bench.tape('34010000000000000000', 20), '5/24/00 cdb=1.4');
  });

  test('LOCATE(10) and LOCATE(16): objects, files, end of data', async () => {
    await using bench = await openWritten();
    assert.equal(await bench.tape(locate(3)), 'good');
    assert.deepEqual(await readText(bench, read(4)), ['good', 'cccc']);
    assert.equal(await bench.tape('92000000 0000000000000001 00000000'.replaceAll(' ', '')), 'good');
    assert.deepEqual(await readText(bench, read(4)), ['good', 'bbbb']);
    assert.equal(await bench.tape('92080000 0000000000000001 00000000'.replaceAll(' ', '')), 'good');
    assert.equal(await position(bench), 3);
    assert.equal(await bench.tape('92180000 0000000000000000 00000000'.replaceAll(' ', '')), 'good');
    assert.equal(await position(bench), 5);
    assert.equal(await bench.tape(locate(5)), 'good');
    assert.equal(await bench.tape(locate(6)), '8/00/05');
    assert.equal(await position(bench), 5);
    assert.equal(await bench.tape('92000000 ffffffffffffffff 00000000'.replaceAll(' ', '')), '8/00/05');
    assert.equal(await bench.tape('92020001 0000000000000000 00000000'.replaceAll(' ', '')), '5/24/00 cdb=3');
    assert.equal(await bench.tape('2b020000000000000100'), '5/24/00 cdb=8');
  });

  test('SPACE over blocks stops at filemarks, both ends, with what is left', async () => {
    await using bench = await openWritten();
    assert.equal(await bench.tape(space(0, 2)), 'good');
    assert.equal(await bench.tape(space(0, 3)), '0/00/01 FM info=3');
    assert.equal(await position(bench), 3);
    assert.equal(await bench.tape(space(0, 2)), '0/00/01 FM info=1');
    assert.equal(await position(bench), 5);
    assert.equal(await bench.tape(space(0, 1)), '8/00/05 info=1');
    assert.equal(await bench.tape(space(0, -1)), '0/00/01 FM info=1');
    assert.equal(await position(bench), 4);
    assert.equal(await bench.tape(space(0, -5)), '0/00/01 FM info=4');
    assert.equal(await position(bench), 2);
    assert.equal(await bench.tape(space(0, -5)), '0/00/04 EOM info=3');
    assert.equal(await position(bench), 0);
    assert.equal(await bench.tape(space(0, 0)), 'good');
  });

  test('SPACE over filemarks, SPACE(16), end of data, and the code that is not supported', async () => {
    await using bench = await openWritten();
    assert.equal(await bench.tape(space(1, 1)), 'good');
    assert.equal(await position(bench), 3);
    assert.equal(await bench.tape(space(1, -1)), 'good');
    assert.equal(await position(bench), 2);
    assert.equal(await bench.tape(space(1, 7)), '8/00/05 info=5');
    assert.equal(await bench.tape(space(1, -3)), '0/00/04 EOM info=1');
    assert.equal(await bench.tape('91010000 0000000000000002 00000000'.replaceAll(' ', '')), 'good');
    assert.equal(await position(bench), 5);
    assert.equal(await bench.tape('91000000 fffffffffffffffe 00000000'.replaceAll(' ', '')), '0/00/01 FM info=2');
    assert.equal(await bench.tape(space(3, 0)), 'good');
    assert.equal(await position(bench), 5);
    assert.equal(await bench.tape(space(2, 1)), '5/24/00 cdb=1.3');
    assert.equal(await bench.tape('110400000100'), '5/24/00 cdb=1.3');
  });
});

describe('writing', () => {
  test('in the middle ends the data there', async () => {
    await using bench = await openWritten();
    await bench.tape(locate(1));
    assert.equal(await bench.tape(write(2), text('zz')), 'good');
    assert.deepEqual(await readText(bench, read(4)), ['8/00/05 info=4', '']);
    assert.equal(statSync(bench.library.imagePath('G00001L9')).size, 12 + 10);
  });

  test('sizes: nothing, too much, less than announced', async () => {
    await using bench = await openBench({ load: true });
    assert.equal(await bench.tape(write(0), text('')), 'good');
    assert.equal(await bench.tape(write(0x80_0001), [Buffer.alloc(0x80_0001)]), '5/24/00 cdb=2');
    assert.equal(await bench.tape(write(10), text('short')), 'b/4b/00');
    assert.equal(await position(bench), 0);
    const limits = await bench.data(bench.drive, '050000000000');
    assert.equal(limits.toString('hex'), '00' + '800000' + '0001');
    assert.equal(await bench.tape(write(0x80_0000), [Buffer.alloc(0x80_0000)]), 'good');
  });

  test('IMMED with filemarks needs a buffer', async () => {
    await using bench = await openBench({ load: true });
    assert.equal(await bench.tape(filemarks(1, '01')), 'good');
    assert.equal(await bench.tape('151000000c00', select(0, '00')), 'good');
    assert.equal(await bench.tape(filemarks(1, '01')), '5/24/00 cdb=1.0');
    assert.equal(await bench.tape(filemarks(0)), 'good');
    assert.equal(await position(bench), 1);
  });

  test('ERASE makes here the end of data', async () => {
    await using bench = await openWritten();
    await bench.tape(locate(1));
    assert.equal(await bench.tape('190100000000'), 'good');
    assert.equal(await position(bench), 1);
    assert.equal(await bench.tape(endOfData), 'good');
    assert.equal(await position(bench), 1);
  });

  test('early warning: written, and said each time; then overflow: not written', async () => {
    await using bench = await openBench({ load: true, capacity: '1MiB', cartridges: ['G00001L9'] });
    const block = 64 * 1024;
    // 1 MiB less two blocks and 32 KiB: the fourteenth block ends behind 917,504 − 32,768.
    for (let index = 1; index <= 13; index++)
      assert.equal(await bench.tape(write(block), [Buffer.alloc(block)]), 'good');
    assert.equal(await bench.tape(write(block), [Buffer.alloc(block)]), '0/00/02 EOM info=0');
    assert.equal(await bench.tape(filemarks(1)), '0/00/02 EOM info=0');
    assert.equal(await bench.tape(filemarks(0)), 'good');
    assert.equal((await bench.data(bench.drive, '34000000000000000000'))[0], 0x40);
    assert.equal(await bench.tape(write(block), [Buffer.alloc(block)]), '0/00/02 EOM info=0');
    assert.equal(await bench.tape(write(block), [Buffer.alloc(block)]), '0/00/02 EOM info=0');
    assert.equal(await bench.tape(write(1), text('x')), 'd/00/02 EOM info=1');
    assert.equal(await position(bench), 17);
    assert.equal(await bench.tape(filemarks(1)), '0/00/02 EOM info=0');
    assert.deepEqual(await readText(bench, read(4)), ['8/00/05 EOM info=4', '']);
  });

  test('overflow in fixed-block mode tells how many blocks are missing', async () => {
    await using bench = await openBench({ load: true, capacity: '1MiB', cartridges: ['G00001L9'] });
    const block = 256 * 1024;
    await bench.tape('151000000c00', select(block));
    assert.equal(await bench.tape(`0a01${hex6(6)}00`, [Buffer.alloc(6 * block)]), 'd/00/02 EOM info=2');
    assert.equal(await position(bench), 4);
  });
});

describe('damaged images', () => {
  test('an error record is a medium error and is passed; a reserved word cannot be', async () => {
    await using bench = await openBench();
    const image = Buffer.from(
      '02000000 6161 02000000 02000080 6262 02000080 02000000 6363 02000000 01000010'.replaceAll(' ', ''),
      'hex',
    );
    writeFileSync(bench.library.imagePath('G00001L9'), image);
    await bench.robot(move(slot(1), driveElement(1)));
    await bench.tape('000000000000');
    assert.deepEqual(await readText(bench, read(2)), ['good', 'aa']);
    assert.deepEqual(await readText(bench, read(2)), ['3/11/00 info=2', '']);
    assert.deepEqual(await readText(bench, read(2)), ['good', 'cc']);
    assert.deepEqual(await readText(bench, read(2)), ['3/11/00 info=2', '']);
    assert.deepEqual(await readText(bench, read(2)), ['3/11/00 info=2', '']);
    assert.equal(await bench.tape(endOfData), '3/11/00');
    assert.equal(await bench.tape(space(0, 9)), '3/11/00 info=9');
    assert.equal(await bench.tape(locate(9)), '3/11/00');
    assert.deepEqual(readFileSync(bench.library.imagePath('G00001L9')), image);
    assert.equal(await bench.tape(locate(1)), 'good');
    assert.equal(await bench.tape(write(1), text('x')), 'good');
    assert.deepEqual(await readText(bench, read(2)), ['8/00/05 info=2', '']);
  });

  test('an image that shrinks under the drive is a medium error until it is loaded again', async () => {
    await using bench = await openWritten();
    assert.equal(await bench.tape(locate(3)), 'good');
    truncateSync(bench.library.imagePath('G00001L9'), 6);
    assert.equal(await bench.tape(read(4), 16), '3/11/00 info=4');
    assert.equal(await bench.tape(rewind), 'good');
    assert.deepEqual(await readText(bench, read(4)), ['3/11/00 info=4', '']);
    assert.equal(await bench.tape('1b0000000000'), 'good');
    assert.equal(await bench.tape('1b0000000100'), 'good');
    assert.deepEqual(await readText(bench, read(4)), ['8/00/05 info=4', '']);
  });
});
