import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPayloadStream, type PayloadSource } from '#src/archive/extract/payload-stream';
import { streamOf } from '#test/support/tar-streams';

/** What was asked of a tape file, and whether each reading was ended. */
interface TapeLog {
  readonly opened: string[];
  ended: number;
}

function tape(segment: number, bytes: Buffer, log: TapeLog, blockBytes = 10): PayloadSource {
  return {
    segment,
    payloadBytes: bytes.length,
    jumpBytes: 50,
    async *open(offset) {
      log.opened.push(`${segment}:${offset}`);
      const block = Buffer.alloc(blockBytes);
      try {
        for (let at = offset; at < bytes.length; at += blockBytes) {
          const length = bytes.copy(block, 0, at);
          yield block.subarray(0, length);
          block.fill(0xee);
        }
      } finally {
        log.ended += 1;
      }
    },
  };
}

const counted = (length: number, from = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (from + index) % 251));

describe('createPayloadStream', () => {
  it('reads on across segments, opening each when it is reached', async () => {
    const log: TapeLog = { opened: [], ended: 0 };
    const stream = createPayloadStream([
      tape(3, counted(25), log),
      tape(4, counted(5, 25), log),
      tape(6, counted(30, 30), log),
    ]);
    assert.deepEqual(log.opened, []);
    assert.deepEqual(stream.place, { segment: 3, offset: 0 });
    assert.deepEqual(Buffer.from(await stream.read(22)), counted(22));
    assert.deepEqual(log.opened, ['3:0']);
    assert.deepEqual(Buffer.from(await stream.read(20)), counted(20, 22));
    assert.deepEqual(stream.place, { segment: 6, offset: 12 });
    assert.deepEqual([log.opened, log.ended], [['3:0', '4:0', '6:0'], 2]);
    await stream[Symbol.asyncDispose]();
    assert.equal(log.ended, 3);
  });

  it('names the next segment at the end of one', async () => {
    const stream = streamOf(counted(10), counted(10));
    await stream.read(10);
    assert.deepEqual(stream.place, { segment: 2, offset: 0 });
    await stream.read(10);
    assert.deepEqual(stream.place, { segment: 2, offset: 10 });
    assert.equal((await stream.readSome(1)).length, 0);
  });

  it('reads through short ways on a tape, and goes to far ones, and back', async () => {
    const log: TapeLog = { opened: [], ended: 0 };
    const bytes = counted(1000);
    const stream = createPayloadStream([tape(1, bytes, log)]);
    await stream.read(5);
    await stream.skip(30);
    assert.deepEqual(Buffer.from(await stream.read(5)), bytes.subarray(35, 40));
    assert.deepEqual(log.opened, ['1:0']);
    await stream.skip(500);
    assert.deepEqual(Buffer.from(await stream.read(5)), bytes.subarray(540, 545));
    assert.deepEqual([log.opened, log.ended], [['1:0', '1:540'], 1]);
    await stream.seek({ segment: 1, offset: 7 });
    assert.deepEqual(Buffer.from(await stream.read(5)), bytes.subarray(7, 12));
    assert.deepEqual([log.opened, log.ended], [['1:0', '1:540', '1:7'], 2]);
  });

  it('complains where a segment is shorter than it should be, naming it', async () => {
    const stream = createPayloadStream([
      {
        segment: 9,
        payloadBytes: 100,
        readInto: (target, offset) =>
          offset < 60 ? target.fill(1, 0, 60 - offset).subarray(0, 60 - offset).length : 0,
      },
    ]);
    await assert.rejects(async () => stream.read(80), {
      code: 'archive.truncated',
      message: /segment 9, byte 60 .* should have 100 bytes/,
    });
  });

  it('complains at the end, and at places that are not there', async () => {
    const stream = streamOf(counted(10), counted(10));
    await assert.rejects(async () => stream.read(21), { code: 'archive.truncated' });
    const other = streamOf(counted(10), counted(10));
    await assert.rejects(async () => other.skip(21), { code: 'archive.truncated' });
    await assert.rejects(async () => other.seek({ segment: 2, offset: 11 }), { code: 'archive.truncated' });
    await assert.rejects(async () => other.seek({ segment: 3, offset: 0 }), { code: 'internal.bug' });
  });

  it('gives the bytes of the place, whatever was done before', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 });
    const steps = fc.array(fc.tuple(fc.constantFrom('read', 'readSome', 'skip', 'seek'), fc.nat(130)), {
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(
        lengths,
        steps,
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (sizes, work, onTape, blockBytes) => {
          const total = sizes.reduce((sum, size) => sum + size, 0);
          const bytes = counted(total);
          const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
          const segments = sizes.map((size, index) => bytes.subarray(starts[index], (starts[index] ?? 0) + size));
          const log: TapeLog = { opened: [], ended: 0 };
          const sources = segments.map((segment, index) => tape(index + 1, segment, log, blockBytes));
          await using stream = onTape ? createPayloadStream(sources) : streamOf(...segments);
          let at = 0;
          for (const [step, amount] of work) {
            const left = total - at;
            if (step === 'seek') {
              at = amount % total;
              const index = starts.findLastIndex((start) => start <= at);
              await stream.seek({ segment: index + 1, offset: at - (starts[index] ?? 0) });
            } else if (step === 'skip') {
              await stream.skip(Math.min(amount, left));
              at += Math.min(amount, left);
            } else if (step === 'readSome') {
              const some = await stream.readSome(amount + 1);
              assert.ok(some.length <= amount + 1 && (some.length > 0 || left === 0));
              assert.deepEqual(Buffer.from(some), bytes.subarray(at, at + some.length));
              at += some.length;
            } else {
              const length = Math.min(amount, left);
              assert.deepEqual(Buffer.from(await stream.read(length)), bytes.subarray(at, at + length));
              at += length;
            }
            const place = stream.place;
            assert.equal((starts[place.segment - 1] ?? 0) + place.offset, at);
          }
          await stream[Symbol.asyncDispose]();
          assert.equal(log.ended, log.opened.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
