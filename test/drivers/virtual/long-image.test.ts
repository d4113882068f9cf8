import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TapeImage } from '#drivers/virtual/image/tape-image';
import type { TapeDrive } from '#src/device/tape-drive';
import { benchMount } from '#test/support/bench-mount';
import { memoryFolder } from '#test/support/memory-folder';
import { SparseImage } from '#test/support/sparse-image';
import { createTestLibrary } from '#test/support/virtual-library';

const mebibyte = 2 ** 20;
const long = { count: 300, bytes: 15 * mebibyte } as const;
const [first, beyond4, beyond8] = [randomBytes(4096), randomBytes(1001), randomBytes(65_537)];

/** Logical object numbers. */
const at = { firstMark: 1, farMark: 302, beyond4: 303, farthestMark: 604, beyond8: 605, end: 607 } as const;

/** What the image comes to, reckoned apart from the program: 4 filemarks, 3 blocks that are written out, two of them padded, and 600 long ones. */
const dataBytes = 4096 + 1001 + 65_537 + 600 * long.bytes;
const imageBytes = dataBytes + 2 + 4 * 4 + 603 * 8;

function writeImage(path: string): void {
  using image = new SparseImage(path);
  image.block(first);
  image.filemark();
  image.zeros(long.count, long.bytes);
  image.filemark();
  assert.ok(image.endBytes > 2 ** 32);
  image.block(beyond4);
  image.zeros(long.count, long.bytes);
  image.filemark();
  assert.ok(image.endBytes > 2 ** 33);
  image.block(beyond8);
  image.filemark();
}

const diskBytes = (path: string): number => statSync(path).blocks * 512;

describe('an image of more than 2³³ bytes', () => {
  let folder: string;
  let path: string;
  before(() => {
    folder = mkdtempSync(join(memoryFolder(), 'grandsire-long-image-'));
    path = join(folder, 'long.tap');
    writeImage(path);
    assert.ok(diskBytes(path) < 64 * mebibyte, 'the file system keeps holes as holes');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (image: TapeImage): Buffer => {
    const buffer = Buffer.alloc(128 * 1024);
    const outcome = image.read(buffer);
    assert.equal(outcome.kind, 'block');
    return buffer.subarray(0, outcome.kind === 'block' ? outcome.copiedBytes : 0);
  };

  test('its end is found, and every number at it is exact', () => {
    using image = TapeImage.open(path, { writable: false });
    assert.deepEqual(image.end, { object: at.end, file: 4, dataBytes, offset: imageBytes });
    assert.ok(image.readableToEnd);
    assert.equal(statSync(path).size, imageBytes);
  });

  test('blocks beyond are located and read, from either side', () => {
    using image = TapeImage.open(path, { writable: false });
    assert.ok(image.locate(at.beyond8));
    assert.ok(read(image).equals(beyond8));
    assert.ok(image.locate(at.beyond4));
    assert.ok(read(image).equals(beyond4));
    assert.ok(image.locateFile(3));
    assert.ok(read(image).equals(beyond8));
    assert.ok(image.locate(0));
    assert.ok(read(image).equals(first));
    assert.equal(image.locate(at.end + 1), false);
    assert.equal(image.place.offset, imageBytes);
  });

  test('spacing over blocks and filemarks counts them, forwards and backwards', () => {
    using image = TapeImage.open(path, { writable: false });
    image.locate(at.firstMark + 1);
    assert.deepEqual(image.spaceBlocks(1000), { passed: long.count, stop: 'filemark' });
    assert.ok(read(image).equals(beyond4));
    assert.deepEqual(image.spaceFilemarks(1), { passed: 1, stop: 'count' });
    assert.ok(read(image).equals(beyond8));
    assert.deepEqual(image.spaceFilemarks(-2), { passed: 2, stop: 'count' });
    assert.equal(image.place.object, at.farMark);
    assert.deepEqual(image.spaceFilemarks(3), { passed: 3, stop: 'count' });
    assert.deepEqual(image.spaceBlocks(1), { passed: 0, stop: 'end-of-data' });
  });
});

describe('a cartridge of more than 2³³ bytes', () => {
  test('is positioned, read, written behind and cut off by the drive as any other', async () => {
    await using library = await createTestLibrary({
      cartridges: ['G00001L9'],
      capacity: '64GiB',
      within: memoryFolder(),
    });
    const path = library.imagePath('G00001L9');
    writeImage(path);
    const mount = benchMount(library);
    const mounted = () =>
      mount({ barcode: 'G00001L9' } as Parameters<typeof mount>[0], { purpose: 'test', writing: true });
    const buffer = Buffer.alloc(1024 * 1024);
    const last = randomBytes(262_144);
    const reads = async (drive: TapeDrive, bytes: Buffer): Promise<void> => {
      assert.deepEqual(await drive.readBlock(buffer), { kind: 'block', bytes: bytes.length });
      assert.ok(buffer.subarray(0, bytes.length).equals(bytes));
    };
    const objectOf = async (drive: TapeDrive) => Number((await drive.position())?.block);
    {
      await using mounting = await mounted();
      const { drive } = mounting;
      assert.deepEqual(await drive.locate(BigInt(at.beyond4)), { kind: 'spaced' });
      await reads(drive, beyond4);
      assert.deepEqual(await drive.spaceFilemarks(1n), { kind: 'spaced' });
      assert.equal(await objectOf(drive), at.beyond8);
      await reads(drive, beyond8);
      assert.deepEqual(await drive.spaceToEndOfData(), { kind: 'spaced' });
      assert.equal(await objectOf(drive), at.end);
      assert.deepEqual(await drive.writeBlocks([last]), { kind: 'written' });
      assert.deepEqual(await drive.writeFilemarks(1, { synchronise: true }), { kind: 'written' });
    }
    assert.equal(statSync(path).size, imageBytes + last.length + 12);
    {
      await using mounting = await mounted();
      const { drive } = mounting;
      await drive.locate(BigInt(at.end));
      await reads(drive, last);
      assert.deepEqual(await drive.readBlock(buffer), { kind: 'filemark' });
      assert.deepEqual(await drive.readBlock(buffer), { kind: 'end-of-data' });
      // Anywhere else than at the end: what is behind goes, and nothing before it.
      await drive.locate(BigInt(at.farthestMark));
      assert.deepEqual(await drive.writeFilemarks(1, { synchronise: true }), { kind: 'written' });
      await drive.locate(BigInt(at.beyond4));
      await reads(drive, beyond4);
      assert.deepEqual(await drive.spaceToEndOfData(), { kind: 'spaced' });
      assert.equal(await objectOf(drive), at.farthestMark + 1);
    }
    const markBytes = imageBytes - 4 - (beyond8.length + 1 + 8);
    assert.equal(statSync(path).size, markBytes);
    assert.ok(diskBytes(path) < 64 * mebibyte);
  });
});
