import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Connection, lost } from '#drivers/iscsi/connection';
import { FullFeaturePhase } from '#drivers/iscsi/full-feature-phase';
import type { SessionParameters } from '#drivers/iscsi/negotiation';
import { hours } from '#src/base/duration';
import { pattern } from '#test/drivers/iscsi/initiator';
import { MemoryWire } from '#test/drivers/iscsi/memory-wire';
import { ModelTarget } from '#test/drivers/iscsi/model-target';
import { Random } from '#test/drivers/iscsi/random';

const portal = { host: '192.0.2.1', port: 3260 };
const size = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 300_000 }));
const limit = fc.oneof(fc.constant(512), fc.integer({ min: 512, max: 4096 }), fc.integer({ min: 512, max: 262_144 }));

const parameters = fc
  .record({
    headerDigest: fc.boolean(),
    dataDigest: fc.boolean(),
    maxSendDataBytes: limit,
    maxBurstBytes: limit,
    firstBurstBytes: limit,
    initialR2T: fc.boolean(),
    immediateData: fc.boolean(),
  })
  .map((all): SessionParameters => ({ ...all, firstBurstBytes: Math.min(all.firstBurstBytes, all.maxBurstBytes) }));

const step = fc.record({
  kind: fc.constantFrom('write', 'read'),
  block: fc.integer({ min: 0, max: 2 }),
  lengthBytes: size,
});

test('reads and writes of any size, several at once, under any parameters, move exactly the right bytes', async () => {
  // Digests are computed bit by bit on the side of the tests: the sizes are kept small enough for that.
  const property = fc.asyncProperty(
    parameters,
    fc.array(step, { minLength: 1, maxLength: 6 }),
    fc.integer(),
    async (agreed, steps, seed) => {
      const random = new Random(seed);
      const target = new ModelTarget(agreed, random);
      const wire = new MemoryWire((request) => target.take(request));
      wire.reader.wrapping = agreed;
      const connection = new Connection(wire, portal, 1 << 20);
      const login = { kind: 'logged-in', parameters: agreed, cmdSn: 1, expStatSn: 1, maxCmdSn: 1 } as const;
      const options = { connection, login, name: 'model', keepAlive: hours(1), patience: hours(1) };
      const phase = new FullFeaturePhase(options);
      // Reads first of what is there: a model target answers in any order.
      for (const block of [0, 1, 2]) target.kept.set(block, pattern(1 + random.below(200_000), block));
      const work = steps.map(({ kind, lengthBytes, block }, index) =>
        kind === 'read'
          ? readBack(phase, target, { block, lengthBytes })
          : write(phase, target, { block: 100 + index, lengthBytes }),
      );
      const settled = Promise.all(work);
      for (let pdu = target.next(); pdu || !target.isIdle; pdu = target.next()) {
        assert.ok(pdu, 'both sides wait for each other');
        const cut = random.below(pdu.length);
        connection.receive(pdu.subarray(0, cut));
        connection.receive(pdu.subarray(cut));
        assert.equal(connection.closed, undefined);
        await undefined;
      }
      await settled;
      connection.close(lost(portal, 'the end'));
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

interface Piece {
  readonly block: number;
  readonly lengthBytes: number;
}

const cdbFor = (block: number): Buffer => Buffer.from([0, 0, 0, 0, block, 0]);

async function readBack(phase: FullFeaturePhase, target: ModelTarget, { block, lengthBytes }: Piece): Promise<void> {
  const memory = Buffer.alloc(lengthBytes + 32, 0xee);
  const buffer = memory.subarray(16, 16 + lengthBytes);
  const request = { lun: 1n << 48n, cdb: cdbFor(block), data: { direction: 'in', buffer } } as const;
  const { status, transferredBytes } = await phase.execute(request, { timeout: hours(1) });
  const expected = (target.kept.get(block) ?? Buffer.alloc(0)).subarray(0, lengthBytes);
  assert.deepEqual([status, transferredBytes], [0, expected.length]);
  const whole = Buffer.alloc(memory.length, 0xee);
  whole.set(expected, 16);
  assert.ok(memory.equals(whole), 'exactly these bytes, at this place');
}

async function write(phase: FullFeaturePhase, target: ModelTarget, { block, lengthBytes }: Piece): Promise<void> {
  const bytes = pattern(lengthBytes, block);
  const third = Math.floor(lengthBytes / 3);
  const data = [bytes.subarray(0, third), bytes.subarray(third, third), bytes.subarray(third)];
  const request = { lun: 2n << 48n, cdb: cdbFor(block), data: { direction: 'out', data } } as const;
  const { status, transferredBytes } = await phase.execute(request, { timeout: hours(1) });
  assert.deepEqual([status, transferredBytes], [0, lengthBytes]);
  assert.ok(target.kept.get(block)?.equals(bytes));
}
