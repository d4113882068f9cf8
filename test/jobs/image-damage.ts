import { closeSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs';

/** A record of a SIMH image: where its data lies. Counted as a drive counts objects, filemarks too. */
interface RecordPlace {
  readonly object: number;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** SIMH magnetic tape format, read by the test's own eyes: length, data, pad byte where odd, length; a zero word is a filemark. */
function* recordsOf(image: Buffer): Generator<RecordPlace> {
  let object = 0;
  for (let at = 0; at + 4 <= image.length; object += 1) {
    const word = image.readUInt32LE(at);
    if (word === 0xffff_ffff) return;
    const lengthBytes = word & 0xff_ffff;
    if (lengthBytes === 0) {
      at += 4;
      continue;
    }
    yield { object, offset: at + 4, lengthBytes };
    at += 8 + lengthBytes + (lengthBytes % 2);
  }
}

function recordAt(path: string, object: number): RecordPlace {
  for (const record of recordsOf(readFileSync(path))) if (record.object === object) return record;
  throw new RangeError(`${path} has no record ${object}`);
}

/** Inverts one byte of the data of a record. */
export function flipByte(path: string, object: number, index: number): void {
  const { offset } = recordAt(path, object);
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, offset + index);
  writeSync(fd, Buffer.from([(byte[0] as number) ^ 0xff]), 0, 1, offset + index);
  closeSync(fd);
}

/** Marks a record as one that a drive cannot read (class 8, "bad data record"): a medium error. */
export function makeUnreadable(path: string, object: number): void {
  const { offset, lengthBytes } = recordAt(path, object);
  const word = Buffer.alloc(4);
  word.writeUInt32LE((0x8000_0000 | lengthBytes) >>> 0);
  const fd = openSync(path, 'r+');
  writeSync(fd, word, 0, 4, offset - 4);
  writeSync(fd, word, 0, 4, offset + lengthBytes + (lengthBytes % 2));
  closeSync(fd);
}

/** Ends the image in the middle of a record, as a crash does. */
export function cutInside(path: string, object: number): void {
  const { offset, lengthBytes } = recordAt(path, object);
  truncateSync(path, offset + Math.floor(lengthBytes / 2));
}

/** The data of a record. */
export function readRecord(path: string, object: number): Buffer {
  const { offset, lengthBytes } = recordAt(path, object);
  return readFileSync(path).subarray(offset, offset + lengthBytes);
}
