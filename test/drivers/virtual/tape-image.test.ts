import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { TapeImage } from '#drivers/virtual/image/tape-image';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'grandsire-image-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function fileOf(bytes: Uint8Array): string {
  count += 1;
  const path = join(folder, `${count}.tap`);
  writeFileSync(path, bytes);
  return path;
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

/** All objects of an image from where it stands: lengths of blocks, `M` for filemarks, then how it ends. */
function readAll(image: TapeImage): string {
  const seen: string[] = [];
  const buffer = Buffer.alloc(64);
  for (;;) {
    const read = image.read(buffer);
    if (read.kind === 'block') seen.push(buffer.toString('latin1', 0, read.copiedBytes));
    else if (read.kind === 'filemark') seen.push('M');
    else seen.push(read.kind);
    if (read.kind === 'end-of-data' || read.kind === 'unreadable') return seen.join(' ');
  }
}

const openBytes = (hex: string): TapeImage => TapeImage.open(fileOf(bytesOf(hex)), { writable: false });

describe('images that others wrote', () => {
  /**
   * Written by the PDP-11 simulator of SIMH 3.8.1 (Debian `simh`): a program for its TM11 controller writes 10 bytes, 5 bytes
   * and two tape marks. The pad byte after the odd record is whatever was in memory.
   */
  const pdp11Image = `0a000000 68656c6c6f2074617065 0a000000
                      05000000 68656c6c6f20 05000000 00000000 00000000`;

  test('an image of the PDP-11 simulator is read', () => {
    using image = openBytes(pdp11Image);
    assert.equal(readAll(image), 'hello tape hello M M end-of-data');
    assert.deepEqual(image.end, { object: 4, file: 2, dataBytes: 15, offset: 40 });
  });

  test('what this program writes is what the simulator wrote, but for the pad byte, which should be 0', () => {
    const path = fileOf(new Uint8Array(0));
    using image = TapeImage.open(path, { writable: true });
    image.writeBlock([Buffer.from('hello '), Buffer.from('tape')], 10);
    image.writeBlock([Buffer.from('hello')], 5);
    image.writeFilemarks(2);
    assert.deepEqual(readFileSync(path), bytesOf(pdp11Image.replace('6f20 0500', '6f00 0500')));
  });
});

describe('words of the SIMH magtape specification', () => {
  const block = '02000000 6161 02000000';

  test('erase gaps are skipped wherever they are, half ones too', () => {
    using image = openBytes(`feffffff ${block} feffffff feffffff 00000000 feffffff ${block} feffffff`);
    assert.equal(readAll(image), 'aa M aa end-of-data');
    // A record that overwrote two bytes of a gap word leaves FFFF FEFF FFFF: "half-gap", resynchronised after two bytes.
    using half = openBytes(`${block} ffff feffffff feffffff ${block}`);
    assert.equal(readAll(half), 'aa aa end-of-data');
  });

  test('an end-of-medium word ends the data, whatever follows', () => {
    using image = openBytes(`${block} ffffffff ${block}`);
    assert.equal(readAll(image), 'aa end-of-data');
  });

  test('a record with the error flag is damaged and can be passed', () => {
    using image = openBytes(`${block} 02000080 6262 02000080 ${block}`);
    assert.equal(readAll(image), 'aa damaged aa end-of-data');
    assert.equal(image.end.object, 3);
  });

  for (const word of ['00000001', '000000ff', '00000010', '010000e0', '00000070', 'fdffffff']) {
    test(`the reserved word ${word} cannot be passed`, () => {
      using image = openBytes(`${block} ${word} ${block}`);
      assert.equal(readAll(image), 'aa unreadable');
      assert.equal(image.readableToEnd, false);
    });
  }

  test('two lengths that differ cannot be passed', () => {
    using image = openBytes(`${block} 02000000 6161 04000000 ${block}`);
    assert.equal(readAll(image), 'aa unreadable');
  });

  test('an incomplete last record is end of data, is not touched by reading, and is cut off by the next write', () => {
    for (const torn of ['02', '020000', '02000000', '0200000061', '020000006161', '020000006161020000']) {
      const path = fileOf(bytesOf(block + torn));
      using image = TapeImage.open(path, { writable: true });
      assert.equal(readAll(image), 'aa end-of-data', torn);
      assert.deepEqual(readFileSync(path), bytesOf(block + torn));
      image.writeBlock([Buffer.from('b')], 1);
      assert.deepEqual(readFileSync(path), bytesOf(`${block} 01000000 6200 01000000`));
    }
  });

  test('a write over an end-of-medium word and over trailing gaps goes on right there', () => {
    const path = fileOf(bytesOf(`${block} feffffff ffffffff 00000000`));
    using image = TapeImage.open(path, { writable: true });
    image.spaceToEnd();
    image.writeFilemarks(1);
    image.writeBlock([Buffer.from('bb')], 2);
    assert.deepEqual(readFileSync(path), bytesOf(`${block} feffffff 00000000 02000000 6262 02000000`));
  });
});

describe('hostile images', () => {
  test('a length beyond the end of the file is an incomplete record', () => {
    using image = openBytes('ffffff00 6161');
    assert.equal(readAll(image), 'end-of-data');
  });

  test('a file of zeros a gibibyte long is scanned and stopped, not read for ever', () => {
    const path = fileOf(new Uint8Array(0));
    truncateSync(path, 2 ** 40);
    using image = TapeImage.open(path, { writable: false });
    assert.equal(image.end.object, 2 ** 26);
    assert.equal(image.readableToEnd, false);
    assert.equal(image.locate(2 ** 26 - 1), true);
    assert.deepEqual(image.read(Buffer.alloc(1)), { kind: 'filemark' });
  });

  test('a symbolic link and a folder are refused', () => {
    const target = fileOf(new Uint8Array(0));
    symlinkSync(target, join(folder, 'link.tap'));
    mkdirSync(join(folder, 'folder.tap'));
    assert.throws(() => TapeImage.open(join(folder, 'link.tap'), { writable: true }), { code: 'ELOOP' });
    assert.throws(() => TapeImage.open(join(folder, 'folder.tap'), { writable: false }), { code: 'EISDIR' });
  });

  test('any bytes are read to some end', () => {
    const word = fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 4, 0x8000_0002, 0xffff_fffe, 0xffff_ffff, 0xfffe_ffff, 0x0100_0000),
      fc.nat(0xffff_ffff),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.nat(3), (words, extra) => {
        const bytes = Buffer.alloc(words.length * 4 + extra);
        for (const [index, value] of words.entries()) bytes.writeUInt32LE(value, index * 4);
        using image = TapeImage.open(fileOf(bytes), { writable: false });
        assert.match(readAll(image), /(end-of-data|unreadable)$/);
        assert.equal(image.place.object, image.end.object);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The same as a list in memory; `undefined` is a filemark. */
interface Model {
  objects: (string | undefined)[];
  at: number;
}

type Step =
  | { readonly do: 'write'; readonly length: number }
  | { readonly do: 'mark'; readonly count: number }
  | { readonly do: 'read'; readonly room: number }
  | { readonly do: 'blocks' | 'marks'; readonly count: number }
  | { readonly do: 'locate' | 'locateFile'; readonly to: number }
  | { readonly do: 'truncate' | 'end' | 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), length: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mark' as const), count: fc.integer({ min: 0, max: 70 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), room: fc.nat(50) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('blocks' as const, 'marks' as const),
      count: fc.integer({ min: -80, max: 80 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('locate' as const, 'locateFile' as const), to: fc.nat(150) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('truncate' as const, 'end' as const, 'reopen' as const) }) },
);

const filesBefore = (model: Model, at = model.at): number =>
  model.objects.slice(0, at).filter((o) => o === undefined).length;

function spaceModelBlocks(model: Model, count: number): { passed: number; stop: string } {
  let passed = 0;
  for (; passed < Math.abs(count); passed++) {
    if (count > 0 && model.at === model.objects.length) return { passed, stop: 'end-of-data' };
    if (count < 0 && model.at === 0) return { passed, stop: 'beginning' };
    const object = model.objects[count > 0 ? model.at : model.at - 1];
    model.at += Math.sign(count);
    if (object === undefined) return { passed, stop: 'filemark' };
  }
  return { passed, stop: 'count' };
}

function spaceModelMarks(model: Model, count: number): { passed: number; stop: string } {
  let passed = 0;
  while (passed < Math.abs(count)) {
    if (count > 0 && model.at === model.objects.length) return { passed, stop: 'end-of-data' };
    if (count < 0 && model.at === 0) return { passed, stop: 'beginning' };
    const object = model.objects[count > 0 ? model.at : model.at - 1];
    model.at += Math.sign(count);
    if (object === undefined) passed += 1;
  }
  return { passed, stop: 'count' };
}

const written = (model: Model, objects: readonly (string | undefined)[]): void => {
  model.objects = [...model.objects.slice(0, model.at), ...objects];
  model.at = model.objects.length;
};

function compareStep(image: TapeImage, model: Model, action: Exclude<Step, { do: 'reopen' }>): void {
  switch (action.do) {
    case 'write': {
      const text = String.fromCharCode(97 + (model.at % 26)).repeat(action.length);
      image.writeBlock([Buffer.from(text)], action.length);
      written(model, [text]);
      break;
    }
    case 'mark':
      image.writeFilemarks(action.count);
      if (action.count > 0)
        written(
          model,
          Array.from({ length: action.count }, () => undefined),
        );
      break;
    case 'read': {
      const buffer = Buffer.alloc(action.room);
      const read = image.read(buffer);
      const isEnd = model.at === model.objects.length;
      const object = model.objects[model.at];
      if (isEnd) assert.deepEqual(read, { kind: 'end-of-data' });
      else if (object === undefined) assert.deepEqual(read, { kind: 'filemark' });
      else {
        const copiedBytes = Math.min(object.length, action.room);
        assert.deepEqual(read, { kind: 'block', lengthBytes: object.length, copiedBytes });
        assert.equal(buffer.toString('latin1', 0, copiedBytes), object.slice(0, copiedBytes));
      }
      if (!isEnd) model.at += 1;
      break;
    }
    case 'blocks':
      assert.deepEqual(image.spaceBlocks(action.count), spaceModelBlocks(model, action.count));
      break;
    case 'marks':
      assert.deepEqual(image.spaceFilemarks(action.count), spaceModelMarks(model, action.count));
      break;
    case 'locate':
      assert.equal(image.locate(action.to), action.to <= model.objects.length);
      model.at = Math.min(action.to, model.objects.length);
      break;
    case 'locateFile': {
      const marks = model.objects.flatMap((object, index) => (object === undefined ? [index] : []));
      const found = action.to === 0 ? 0 : marks[action.to - 1];
      assert.equal(image.locateFile(action.to), found !== undefined);
      model.at = action.to === 0 ? 0 : found === undefined ? model.objects.length : found + 1;
      break;
    }
    case 'truncate':
      image.truncate();
      model.objects = model.objects.slice(0, model.at);
      break;
    case 'end':
      image.spaceToEnd();
      model.at = model.objects.length;
      break;
  }
}

/** The bytes that the specification gives for a list of objects. */
function encodeModel(objects: readonly (string | undefined)[]): Buffer {
  return Buffer.concat(
    objects.map((object) => {
      if (object === undefined) return Buffer.alloc(4);
      const bytes = Buffer.alloc(8 + object.length + (object.length % 2));
      bytes.writeUInt32LE(object.length, 0);
      bytes.write(object, 4, 'latin1');
      bytes.writeUInt32LE(object.length, bytes.length - 4);
      return bytes;
    }),
  );
}

test('any sequence of writes, motions and reads does what a list in memory does, and leaves the bytes of the format', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const path = fileOf(new Uint8Array(0));
      let image = TapeImage.open(path, { writable: true });
      const model: Model = { objects: [], at: 0 };
      try {
        for (const action of steps) {
          if (action.do === 'reopen') {
            image.close();
            image = TapeImage.open(path, { writable: true });
            model.at = 0;
          } else compareStep(image, model, action);
          const dataBytes = model.objects.slice(0, model.at).reduce((sum, object) => sum + (object?.length ?? 0), 0);
          const { object, file } = image.place;
          assert.deepEqual(
            { object, file, dataBytes: image.place.dataBytes, end: image.end.object },
            { object: model.at, file: filesBefore(model), dataBytes, end: model.objects.length },
          );
        }
      } finally {
        image.close();
      }
      assert.deepEqual(readFileSync(path), encodeModel(model.objects));
      rmSync(path);
    }),
    { numRuns: 400 },
  );
});

test('a write in the middle shortens the file before the first new byte is there', () => {
  const path = fileOf(encodeModel(['aaaa', 'bbbb', 'cccc']));
  using image = TapeImage.open(path, { writable: true });
  image.locate(1);
  image.truncate();
  assert.equal(statSync(path).size, 12);
  image.writeBlock([Buffer.from('d')], 1);
  assert.deepEqual(readFileSync(path), encodeModel(['aaaa', 'd']));
});

test('rewritten beyond the kept places of the index, every object is still found', () => {
  for (const cut of [1, 63, 64, 65, 127, 128, 129, 191, 192]) {
    using image = TapeImage.open(fileOf(new Uint8Array(0)), { writable: true });
    const write = (from: number, to: number, length: (index: number) => number): void => {
      for (let index = from; index < to; index++) image.writeBlock([Buffer.alloc(length(index), index)], length(index));
    };
    write(0, 300, () => 10);
    image.locate(cut);
    write(cut, 300, (index) => 1 + (index % 7));
    const buffer = Buffer.alloc(16);
    for (let index = 299; index >= 0; index--) {
      image.locate(index);
      assert.deepEqual(image.read(buffer), {
        kind: 'block',
        lengthBytes: index < cut ? 10 : 1 + (index % 7),
        copiedBytes: index < cut ? 10 : 1 + (index % 7),
      });
      assert.equal(buffer[0], index % 256);
    }
  }
});
