import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32c, putDigest } from '#drivers/iscsi/crc32c';
import { PduReader } from '#drivers/iscsi/pdu-reader';
import { buildPdu, referenceCrc32c, type Wrapping } from '#test/drivers/iscsi/figures';
import { pattern } from '#test/drivers/iscsi/initiator';

/** RFC 7143 appendix A.4 (RFC 3720 B.4): bytes, and the digest as it stands in a PDU. */
const vectors: readonly (readonly [string, Buffer, string])[] = [
  ['32 bytes of zeroes', Buffer.alloc(32), 'aa36918a'],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), '43aba862'],
  ['32 bytes incrementing', Buffer.from(Array.from({ length: 32 }, (_, n) => n)), '4e79dd46'],
  ['32 bytes decrementing', Buffer.from(Array.from({ length: 32 }, (_, n) => 31 - n)), '5cdb3f11'],
  [
    'an iSCSI SCSI Read (10) command PDU',
    Buffer.from(
      '01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000',
      'hex',
    ),
    '563a96d9',
  ],
];

describe('CRC-32C', () => {
  for (const [what, bytes, expected] of vectors) {
    test(what, () => {
      const memory = Buffer.concat([Buffer.alloc(7, 0xee), bytes, Buffer.alloc(4)]);
      putDigest(memory, 7, 7 + bytes.length);
      assert.equal(memory.subarray(-4).toString('hex'), expected);
      assert.equal(referenceCrc32c(bytes), crc32c(bytes), 'and so says the one of the tests');
      const pieces = [bytes.subarray(0, 5), bytes.subarray(5, 5), bytes.subarray(5)];
      assert.equal(
        pieces.reduce((crc, piece) => crc32c(piece, crc), 0),
        crc32c(bytes),
        'in pieces',
      );
    });
  }
});

/** What a reader makes of bytes that come in pieces of this size. */
function read(
  bytes: Buffer,
  pieceBytes: number,
  { headerDigest = false, dataDigest = false }: Wrapping = {},
): Buffer[] {
  const came: Buffer[] = [];
  const reader = new PduReader(4096, {
    placeOf: () => undefined,
    onPdu: (header, data) => void came.push(Buffer.concat([header, data])),
  });
  Object.assign(reader, { headerDigest, dataDigest });
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.receive(bytes.subarray(at, at + pieceBytes));
  return came;
}

const digestChoices = [
  { headerDigest: false, dataDigest: false },
  { headerDigest: true, dataDigest: false },
  { headerDigest: false, dataDigest: true },
  { headerDigest: true, dataDigest: true },
];

describe('PDUs', () => {
  test('of every padding, with additional headers, with and without digests, cut anywhere', () => {
    for (const wrapping of digestChoices) {
      const plain = { dataSn: 1, itt: 5 };
      const data = [0, 1, 2, 3, 4, 5, 6, 7, 8, 4096].map((lengthBytes) => pattern(lengthBytes));
      const pdus = data.flatMap((segment) =>
        [0, 4, 8, 1020].map((additionalBytes) =>
          buildPdu('dataIn', plain, segment, { ...wrapping, additional: Buffer.alloc(additionalBytes, 0x5a) }),
        ),
      );
      for (const pieceBytes of [1, 3, 47, 48, 49, 52, 1000, 1 << 20]) {
        const came = read(Buffer.concat(pdus), pieceBytes, wrapping);
        assert.equal(came.length, pdus.length);
        for (const [index, pdu] of came.entries()) {
          assert.deepEqual(pdu.subarray(48), data[index >> 2]);
          assert.equal(pdu.readUInt32BE(36), 1);
        }
      }
    }
  });

  test('any bit that turns over is noticed where digests protect it', () => {
    const wrapping = { headerDigest: true, dataDigest: true };
    const pdu = buildPdu('dataIn', { itt: 5 }, pattern(9), { ...wrapping, additional: Buffer.alloc(4) });
    for (let bit = 0; bit < pdu.length * 8; bit++) {
      const damaged = Buffer.from(pdu);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let came: Buffer[] = [];
      let failure: unknown;
      try {
        came = read(damaged, 1 << 20, wrapping);
      } catch (cause) {
        failure = cause;
      }
      assert.equal(came.length, 0, `bit ${bit}`);
      // A longer TotalAHSLength waits for bytes that do not come here.
      if (bit >> 3 !== 4) assert.match(String(failure), /digest of a (header|data segment) is wrong/, `bit ${bit}`);
    }
  });

  test('a data segment that is longer than declared', () => {
    const pdu = buildPdu('dataIn', {}, pattern(4097));
    assert.throws(() => read(pdu, 48), /a data segment of 4097 bytes, where 4096 were allowed/);
  });
});

describe('a long data segment, as a socket reads it', () => {
  for (const wrapping of digestChoices) {
    const name = Object.entries(wrapping).flatMap(([key, isOn]) => (isOn ? [key] : []));
    test(`straight to its place, the end of it with what follows (${name.join(', ') || 'no digests'})`, () => {
      const data = pattern(300_001);
      const pdus = Buffer.concat([
        buildPdu('dataIn', { dataSn: 0, itt: 5 }, data, wrapping),
        buildPdu('dataIn', { dataSn: 1, itt: 5 }, data, wrapping),
      ]);
      const place = Buffer.alloc(data.length);
      let whole = 0;
      const reader = new PduReader(1 << 20, {
        placeOf: () => place.fill(0),
        onPdu: (_, came) => {
          assert.ok(came === place && came.equals(data));
          whole += 1;
        },
      });
      Object.assign(reader, wrapping);
      let inPlaceBytes = 0;
      for (let at = 0, piece = 1; at < pdus.length; piece = (piece * 7) % 50_021) {
        const { room } = reader;
        const count = Math.min(piece, pdus.length - at, room?.length ?? piece);
        const bytes = pdus.subarray(at, at + count);
        if (room) {
          bytes.copy(room);
          reader.receiveInPlace(count);
          inPlaceBytes += count;
        } else reader.receive(bytes);
        at += count;
      }
      assert.equal(whole, 2);
      assert.ok(inPlaceBytes > data.length, `${inPlaceBytes} bytes went straight there`);
    });
  }

  test('no room is given for short pieces, and none while what follows is held', () => {
    const reader = new PduReader(1 << 20, { placeOf: () => undefined, onPdu: () => undefined });
    assert.equal(reader.room, undefined);
    reader.receive(buildPdu('dataIn', { itt: 5 }, pattern(70_000)).subarray(0, 48 + 10_000));
    assert.equal(reader.room, undefined);
    assert.throws(() => reader.receiveInPlace(70_000), /where no room was given/);
  });
});
