import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Connection, lost } from '#drivers/iscsi/connection';
import { FullFeaturePhase } from '#drivers/iscsi/full-feature-phase';
import { buildPdu, type Request } from '#test/drivers/iscsi/figures';
import { failureOf, pattern, timeout } from '#test/drivers/iscsi/initiator';
import { MemoryWire } from '#test/drivers/iscsi/memory-wire';
import { type Keys, lun1, runCommand } from '#test/drivers/iscsi/run-command';
import type { Link } from '#test/drivers/iscsi/scripted-target';

describe('Data-Out', () => {
  /** Plays the target of a write as RFC 7143 4.2.4.3 has it: checks each PDU, asks for the rest in bursts, returns what came. */
  async function receive(link: Link, command: Request, keys: Keys): Promise<Buffer> {
    const most = (key: string): number => Number(keys[key]);
    const total = command.field('expectedBytes');
    const [immediate, unsolicited] = [keys['ImmediateData'] === 'Yes', keys['InitialR2T'] === 'No'];
    const segment = most('MaxRecvDataSegmentLength');
    const firstBurst = Math.min(total, most('FirstBurstLength'));
    assert.equal(command.data.length, immediate ? Math.min(firstBurst, segment) : 0, 'immediate data');
    const parts = [command.data];
    let at = command.data.length;
    const end = unsolicited ? firstBurst : at;
    assert.equal((command.flags & 0x80) !== 0, end === at, 'F: no unsolicited data follows');
    const take = async (until: number, ttt: number): Promise<void> => {
      for (let dataSn = 0; at < until; dataSn++) {
        const pdu = await link.next('dataOut');
        const length = Math.min(segment, until - at);
        const fields = ['itt', 'ttt', 'dataSn', 'bufferOffset', 'lun'].map((name) => pdu.field(name));
        assert.deepEqual(fields, [command.field('itt'), ttt, dataSn, at, Number(lun1)]);
        assert.equal(pdu.data.length, length);
        parts.push(pdu.data);
        at += length;
        assert.equal(pdu.flags, at === until ? 0x80 : 0, 'F with the last of a sequence');
      }
    };
    await take(end, 0xffff_ffff);
    for (let r2tSn = 0; at < total; r2tSn++) {
      const desired = Math.min(total - at, most('MaxBurstLength'));
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 100 + r2tSn, r2tSn, bufferOffset: at, desired });
      await take(at + desired, 100 + r2tSn);
    }
    return Buffer.concat(parts);
  }

  for (const InitialR2T of ['Yes', 'No']) {
    for (const ImmediateData of ['Yes', 'No']) {
      for (const [first, burst, segment] of [
        [512, 512, 512],
        [1024, 2048, 512],
        [1000, 3001, 700],
        [4096, 8192, 65_536],
        [65_536, 262_144, 8192],
      ]) {
        test(`InitialR2T=${InitialR2T} ImmediateData=${ImmediateData} ${first}/${burst}/${segment}`, async () => {
          const keys = {
            ...{ InitialR2T, ImmediateData, FirstBurstLength: String(first), MaxBurstLength: String(burst) },
            ...{ MaxRecvDataSegmentLength: String(segment) },
          };
          for (const lengthBytes of [1, 511, 512, 513, 9001]) {
            let came = Buffer.alloc(0);
            const bytes = pattern(lengthBytes, lengthBytes);
            const result = await runCommand(
              { out: bytes },
              async (link, command) => {
                came = Buffer.from(await receive(link, command, keys));
                link.respond(command);
              },
              keys,
            );
            assert.ok(came.equals(bytes));
            assert.equal(result.transferredBytes, lengthBytes);
          }
        });
      }
    }
  }

  test('FirstBurstLength is irrelevant where nothing is unsolicited', async () => {
    const keys = { InitialR2T: 'Yes', ImmediateData: 'No', FirstBurstLength: 'Irrelevant' };
    const result = await runCommand({ out: pattern(600) }, (link, command) => link.respond(command), keys);
    assert.equal(result.transferredBytes, 0, 'nothing was asked for');
  });

  test('what the target did not take', async () => {
    const under = await runCommand({ out: pattern(600) }, (link, command) =>
      link.respond(command, { flags: 0x82, residual: 88 }),
    );
    const over = await runCommand({ out: pattern(600) }, (link, command) =>
      link.respond(command, { flags: 0x84, residual: 88 }),
    );
    assert.deepEqual([under.transferredBytes, over.transferredBytes], [512, 600]);
  });

  const solicited = { InitialR2T: 'Yes', ImmediateData: 'No' };
  const wrong: readonly (readonly [string, Parameters<Link['send']>[1] & object])[] = [
    ['out of order', { bufferOffset: 10, desired: 10 }],
    ['with a gap in R2TSN', { r2tSn: 1, desired: 10 }],
    ['for more than a burst', { desired: 262_145 }],
    ['for more than there is', { desired: 300_001 }],
    ['for nothing', { desired: 0 }],
    ['at an offset near the end of numbers', { bufferOffset: 0xffff_ffff, desired: 2 }],
  ];
  for (const [what, fields] of wrong) {
    test(`an R2T ${what}`, async () => {
      const script = (link: Link, command: Request) =>
        link.send('readyToTransfer', { itt: command.field('itt'), ttt: 1, ...fields });
      const failure = await failureOf(runCommand({ out: pattern(300_000) }, script, solicited));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, /it asks for \d+ bytes at byte \d+ \(request \d+\) of 300000/);
    });
  }

  test('an R2T under the tag of unsolicited data', async () => {
    const script = (link: Link, command: Request) =>
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 0xffff_ffff, desired: 100 });
    const failure = await failureOf(runCommand({ out: pattern(100) }, script, solicited));
    assert.match(failure.message, /it asks for data under the reserved tag/);
  });

  test('an R2T for a byte more than there is, within a burst', async () => {
    const script = (link: Link, command: Request) =>
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 1, desired: 101 });
    const failure = await failureOf(runCommand({ out: pattern(100) }, script, solicited));
    assert.match(failure.message, /it asks for 101 bytes at byte 0 \(request 0\) of 100/);
  });

  test('what is written is what the caller had when it called: an answer may come before the data has left', async () => {
    const agreed = { maxSendDataBytes: 512, maxBurstBytes: 512, firstBurstBytes: 512, initialR2T: false };
    for (const immediateData of [true, false]) {
      const sent: Request[] = [];
      const connection = new Connection(
        new MemoryWire((request) => sent.push(request)),
        { host: '192.0.2.1', port: 3260 },
        4096,
      );
      const parameters = { ...agreed, immediateData, headerDigest: false, dataDigest: false };
      const login = { kind: 'logged-in', parameters, cmdSn: 1, expStatSn: 1, maxCmdSn: 9 } as const;
      const phase = new FullFeaturePhase({ connection, login, name: 'memory' });
      const memory = pattern(300);
      const data = { direction: 'out', data: [memory] } as const;
      const work = phase.execute({ lun: lun1, cdb: Buffer.alloc(6), data }, { timeout });
      memory.fill(0xee);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(sent.at(-1)?.data, pattern(300));
      const itt = sent[0]?.field('itt') ?? 0;
      connection.receive(buildPdu('scsiResponse', { itt, statSn: 1, expCmdSn: 2, maxCmdSn: 9 }));
      assert.equal((await work).transferredBytes, 300);
      connection.close(lost(connection.portal, 'the end'));
    }
  });

  const withAndWithout: readonly Keys[] = [{}, { HeaderDigest: 'CRC32C', DataDigest: 'CRC32C' }];
  for (const digests of withAndWithout) {
    test(`R2Ts for less than a burst, and for another length each time; digests: ${Object.keys(digests).length > 0}`, async () => {
      const bytes = pattern(9001, 3);
      const parts: Buffer[] = [];
      const script = async (link: Link, command: Request) => {
        let at = 0;
        for (const [r2tSn, desired] of [1000, 1000, 3, 700, 4096, 2202].entries()) {
          const ttt = 50 + r2tSn;
          link.send('readyToTransfer', { itt: command.field('itt'), ttt, r2tSn, bufferOffset: at, desired });
          for (let dataSn = 0, end = at + desired; at < end; dataSn++) {
            const pdu = await link.next('dataOut');
            const fields = ['ttt', 'dataSn', 'bufferOffset'].map((name) => pdu.field(name));
            assert.deepEqual([...fields, pdu.data.length], [ttt, dataSn, at, Math.min(700, end - at)]);
            assert.equal(pdu.flags, at + pdu.data.length === end ? 0x80 : 0);
            parts.push(Buffer.from(pdu.data));
            at += pdu.data.length;
          }
        }
        link.respond(command);
      };
      await runCommand({ out: bytes }, script, { ...solicited, MaxRecvDataSegmentLength: '700', ...digests });
      assert.ok(Buffer.concat(parts).equals(bytes));
    });
  }

  test('an R2T for a read, and one for no command', async () => {
    const script = (link: Link, command: Request) =>
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 1, desired: 8 });
    assert.match((await failureOf(runCommand({ inBytes: 8 }, script))).message, /it asks for 8 bytes/);
    const result = await runCommand({ inBytes: 8 }, (link, command) => {
      link.send('readyToTransfer', { itt: 0x7777, ttt: 1, desired: 8 });
      link.respond(command);
    });
    assert.equal(result.status, 0);
  });
});
