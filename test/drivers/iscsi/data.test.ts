import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seconds } from '#src/base/duration';
import type { Request } from '#test/drivers/iscsi/figures';
import { failureOf, openUnit, pattern, testUnitReady, timeout } from '#test/drivers/iscsi/initiator';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const cdb = Buffer.from('0a0000010000aabbccddeeff00112233', 'hex');
const lun1 = 0x0001_0000_0000_0000n;
type Keys = Readonly<Record<string, string>>;

/** One command against one script. */
async function run(
  data: { readonly out: Buffer } | { readonly inBytes: number },
  script: (link: Link, command: Request) => Promise<void> | void,
  keys: Keys = {},
) {
  await using target = await ScriptedTarget.start(async (link) => {
    await link.login(keys);
    const command = await link.next('scsiCommand');
    await script(link, command);
    while (await link.maybe());
  });
  const buffer = Buffer.alloc('inBytes' in data ? data.inBytes : 0, 0xee);
  await using opened = await openUnit(target, { patience: seconds(0.05) });
  const phase =
    'out' in data
      ? // In pieces, as a tape block and what follows it are.
        ({ direction: 'out', data: [data.out.subarray(0, 5), data.out.subarray(5, 6), data.out.subarray(6)] } as const)
      : ({ direction: 'in', buffer } as const);
  const result = await opened.unit.execute(cdb, phase, { timeout }).then(
    (value) => ({ ...value, buffer }),
    (cause: unknown) => Promise.reject(cause),
  );
  await target.vanish();
  await target.done();
  return result;
}

describe('a command', () => {
  test('byte by byte: a read, a write, and one without data', async () => {
    const headers: Request[] = [];
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      for (let count = 0; count < 3; count++) {
        const command = await link.next('scsiCommand');
        headers.push(command);
        link.respond(command);
      }
      await link.logout();
    });
    await using opened = await openUnit(target);
    const buffer = new Uint8Array(70_000);
    await opened.unit.execute(cdb, { direction: 'in', buffer }, { timeout });
    await opened.unit.execute(cdb, { direction: 'out', data: [Buffer.from('abc')] }, { timeout });
    await opened.unit.execute(testUnitReady, { direction: 'none' }, { timeout });
    await opened[Symbol.asyncDispose]();
    await target.done();
    const [read, write, none] = headers;
    assert.deepEqual([read?.flags, write?.flags, none?.flags], [0xc2, 0xa2, 0x82], 'final, R or W, ordered');
    assert.deepEqual(
      headers.map((header) => header.field('expectedBytes')),
      [70_000, 3, 0],
    );
    assert.deepEqual(
      headers.map((header) => header.field('cmdSn')),
      [1, 2, 3],
    );
    assert.deepEqual(
      headers.map((header) => header.field('expStatSn')),
      [0x1002, 0x1003, 0x1004],
    );
    assert.ok(headers.every((header) => BigInt(header.field('lun')) === lun1 && !header.immediate));
    assert.deepEqual(read?.cdb, cdb);
    assert.equal(write?.data.toString(), 'abc');
    assert.equal(new Set(headers.map((header) => header.field('itt'))).size, 3);
  });
});

describe('Data-In', () => {
  const cut = (link: Link, command: Request, bytes: Buffer, pieces: readonly number[], last = 0x80): void => {
    let bufferOffset = 0;
    pieces.forEach((lengthBytes, dataSn) => {
      const flags = dataSn === pieces.length - 1 ? last : 0;
      const fields = { itt: command.field('itt'), dataSn, bufferOffset, flags };
      link.send('dataIn', fields, bytes.subarray(bufferOffset, bufferOffset + lengthBytes));
      bufferOffset += lengthBytes;
    });
  };

  for (const lengthBytes of [1, 2, 3, 4, 5, 65_536, 65_537]) {
    for (const digests of ['None', 'CRC32C']) {
      test(`${lengthBytes} bytes, status apart and with the data, digests ${digests}`, async () => {
        const bytes = pattern(lengthBytes);
        const keys = { HeaderDigest: digests, DataDigest: digests };
        const half = Math.ceil(lengthBytes / 2);
        for (const pieces of [[lengthBytes], [half, lengthBytes - half]]) {
          const apart = await run(
            { inBytes: lengthBytes },
            (link, command) => {
              cut(link, command, bytes, pieces);
              link.respond(command, { expDataSn: pieces.length });
            },
            keys,
          );
          assert.deepEqual([apart.transferredBytes, apart.status], [lengthBytes, 0]);
          assert.ok(apart.buffer.equals(bytes));
          const together = await run(
            { inBytes: lengthBytes },
            (link, command) => cut(link, command, bytes, pieces, 0x81),
            keys,
          );
          assert.equal(together.transferredBytes, lengthBytes);
          assert.ok(together.buffer.equals(bytes));
        }
      });
    }
  }

  test('short reads: with and without residual, with status and apart; more than there is room for', async () => {
    const bytes = pattern(100);
    const short = { residual: 412, flags: 0x82 };
    const one = await run({ inBytes: 512 }, (link, command) => {
      cut(link, command, bytes, [100]);
      link.respond(command, short);
    });
    const two = await run({ inBytes: 512 }, (link, command) => {
      link.send('dataIn', { itt: command.field('itt'), residual: 412, flags: 0x83 }, bytes);
    });
    const three = await run({ inBytes: 512 }, (link, command) => {
      cut(link, command, bytes, [100]);
      link.respond(command);
    });
    const four = await run({ inBytes: 100 }, (link, command) => {
      link.send('dataIn', { itt: command.field('itt'), residual: 900, flags: 0x85 }, bytes);
    });
    const five = await run({ inBytes: 512 }, (link, command) => {
      cut(link, command, bytes, [100]);
      link.respond(command, { residual: 462, flags: 0x82 });
    });
    const six = await run({ inBytes: 512 }, (link, command) => link.respond(command, { residual: 9999, flags: 0x82 }));
    const moved = [one, two, three, four, five, six].map(({ transferredBytes }) => transferredBytes);
    assert.deepEqual(moved, [100, 100, 100, 100, 50, 0]);
    assert.deepEqual(one.buffer.subarray(0, 101), Buffer.concat([bytes, Buffer.of(0xee)]), 'nothing behind it');
  });

  const broken: readonly (readonly [string, Parameters<Link['send']>[1] & object, RegExp])[] = [
    ['a gap in DataSN', { dataSn: 1 }, /data 1 at byte 0 where 0 at byte 0 is due/],
    ['a gap in the offset', { bufferOffset: 4 }, /data 0 at byte 4 where 0 at byte 0/],
    ['beyond the buffer', { bufferOffset: 0 }, /data up to byte 100 of 64/],
    ['a status that is not with the last data', { flags: 0x01 }, /a status with data that is not the last/],
  ];
  for (const [what, fields, message] of broken) {
    test(what, async () => {
      const inBytes = what === 'beyond the buffer' ? 64 : 512;
      const script = (link: Link, command: Request) =>
        link.send('dataIn', { itt: command.field('itt'), ...fields }, pattern(100));
      const failure = await failureOf(run({ inBytes }, script));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, message);
    });
  }

  test('for a command that writes', async () => {
    const script = (link: Link, command: Request) => link.send('dataIn', { itt: command.field('itt') }, pattern(3));
    const failure = await failureOf(run({ out: pattern(9) }, script));
    assert.match(failure.message, /data for a command that reads nothing/);
  });

  test('of a command that does not exist is read over', async () => {
    const result = await run({ inBytes: 8 }, (link, command) => {
      link.send('dataIn', { itt: 0x7777 }, pattern(100));
      link.send('dataIn', { itt: command.field('itt'), flags: 0x81 }, pattern(8));
    });
    assert.deepEqual(result.buffer, pattern(8));
  });

  test('more than was declared that would be taken', async () => {
    const header = Buffer.alloc(48);
    header[0] = 0x25;
    header.writeUIntBE(0xff_ffff, 5, 3);
    const failure = await failureOf(run({ inBytes: 8 }, (link) => link.write(header)));
    assert.match(failure.message, /a data segment of 16777215 bytes, where 1048576 were allowed/);
  });
});

describe('the status', () => {
  const sense = Buffer.from('70000600000000000a00000000290000000000', 'hex').subarray(0, 18);
  const withLength = (lengthBytes: number): Buffer =>
    Buffer.concat([Buffer.of(lengthBytes >> 8, lengthBytes & 255), sense]);

  test('sense data, whole and cut off; a status is never interpreted', async () => {
    const check = { status: 2 };
    const cases: readonly (readonly [Buffer, Buffer])[] = [
      [withLength(18), sense],
      [withLength(8), sense.subarray(0, 8)],
      [withLength(200), sense],
      [withLength(0), Buffer.alloc(0)],
      [Buffer.of(0), Buffer.alloc(0)],
      [Buffer.alloc(0), Buffer.alloc(0)],
    ];
    for (const [data, expected] of cases) {
      const result = await run({ inBytes: 8 }, (link, command) => link.respond(command, check, data));
      assert.deepEqual([result.status, Buffer.from(result.sense)], [2, expected]);
    }
    for (const status of [0x04, 0x08, 0x18, 0x28, 0x40, 0xff]) {
      assert.equal((await run({ inBytes: 8 }, (link, command) => link.respond(command, { status }))).status, status);
    }
  });

  test('a response other than 0 is no status', async () => {
    for (const response of [1, 0x80, 0xff]) {
      const failure = await failureOf(run({ inBytes: 8 }, (link, command) => link.respond(command, { response })));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, new RegExp(`response ${response.toString(16).padStart(2, '0')}h`));
    }
  });
});

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
            const result = await run(
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
    const result = await run({ out: pattern(600) }, (link, command) => link.respond(command), keys);
    assert.equal(result.transferredBytes, 0, 'nothing was asked for');
  });

  test('what the target did not take', async () => {
    const under = await run({ out: pattern(600) }, (link, command) =>
      link.respond(command, { flags: 0x82, residual: 88 }),
    );
    const over = await run({ out: pattern(600) }, (link, command) =>
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
      const failure = await failureOf(run({ out: pattern(300_000) }, script, solicited));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, /it asks for \d+ bytes at byte \d+ \(request \d+\) of 300000/);
    });
  }

  test('an R2T for a read, and one for no command', async () => {
    const script = (link: Link, command: Request) =>
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 1, desired: 8 });
    assert.match((await failureOf(run({ inBytes: 8 }, script))).message, /it asks for 8 bytes/);
    const result = await run({ inBytes: 8 }, (link, command) => {
      link.send('readyToTransfer', { itt: 0x7777, ttt: 1, desired: 8 });
      link.respond(command);
    });
    assert.equal(result.status, 0);
  });
});
