import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Request } from '#test/drivers/iscsi/figures';
import { failureOf, openUnit, pattern, testUnitReady, timeout } from '#test/drivers/iscsi/initiator';
import { cdb, lun1, runCommand } from '#test/drivers/iscsi/run-command';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

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
  const cut = (
    link: Link,
    command: Request,
    {
      bytes,
      pieces,
      last = 0x80,
    }: { readonly bytes: Buffer; readonly pieces: readonly number[]; readonly last?: number },
  ): void => {
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
          const apart = await runCommand(
            { inBytes: lengthBytes },
            (link, command) => {
              cut(link, command, { bytes, pieces });
              link.respond(command, { expDataSn: pieces.length });
            },
            keys,
          );
          assert.deepEqual([apart.transferredBytes, apart.status], [lengthBytes, 0]);
          assert.ok(apart.buffer.equals(bytes));
          const together = await runCommand(
            { inBytes: lengthBytes },
            (link, command) => cut(link, command, { bytes, pieces, last: 0x81 }),
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
    const one = await runCommand({ inBytes: 512 }, (link, command) => {
      cut(link, command, { bytes, pieces: [100] });
      link.respond(command, short);
    });
    const two = await runCommand({ inBytes: 512 }, (link, command) => {
      link.send('dataIn', { itt: command.field('itt'), residual: 412, flags: 0x83 }, bytes);
    });
    const three = await runCommand({ inBytes: 512 }, (link, command) => {
      cut(link, command, { bytes, pieces: [100] });
      link.respond(command);
    });
    const four = await runCommand({ inBytes: 100 }, (link, command) => {
      link.send('dataIn', { itt: command.field('itt'), residual: 900, flags: 0x85 }, bytes);
    });
    const five = await runCommand({ inBytes: 512 }, (link, command) => {
      cut(link, command, { bytes, pieces: [100] });
      link.respond(command, { residual: 462, flags: 0x82 });
    });
    const six = await runCommand({ inBytes: 512 }, (link, command) =>
      link.respond(command, { residual: 9999, flags: 0x82 }),
    );
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
      const failure = await failureOf(runCommand({ inBytes }, script));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, message);
    });
  }

  test('for a command that writes', async () => {
    const script = (link: Link, command: Request) => link.send('dataIn', { itt: command.field('itt') }, pattern(3));
    const failure = await failureOf(runCommand({ out: pattern(9) }, script));
    assert.match(failure.message, /data for a command that reads nothing/);
  });

  test('of a command that does not exist is read over', async () => {
    const result = await runCommand({ inBytes: 8 }, (link, command) => {
      link.send('dataIn', { itt: 0x7777 }, pattern(100));
      link.send('dataIn', { itt: command.field('itt'), flags: 0x81 }, pattern(8));
    });
    assert.deepEqual(result.buffer, pattern(8));
  });

  test('with a wrong digest', async () => {
    const keys = { HeaderDigest: 'CRC32C', DataDigest: 'CRC32C' };
    for (const [place, message] of [
      [20, /digest of a header is wrong/],
      [55, /digest of a data segment is wrong/],
    ] as const) {
      const script = (link: Link, command: Request) => {
        const pdu = link.pdu('dataIn', { itt: command.field('itt'), flags: 0x81 }, pattern(8));
        pdu[place] = (pdu[place] ?? 0) ^ 4;
        link.write(pdu);
      };
      const failure = await failureOf(runCommand({ inBytes: 8 }, script, keys));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, message);
    }
  });

  test('more than was declared that would be taken', async () => {
    const header = Buffer.alloc(48);
    header[0] = 0x25;
    header.writeUIntBE(0xff_ffff, 5, 3);
    const failure = await failureOf(runCommand({ inBytes: 8 }, (link) => link.write(header)));
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
      const result = await runCommand({ inBytes: 8 }, (link, command) => link.respond(command, check, data));
      assert.deepEqual([result.status, Buffer.from(result.sense)], [2, expected]);
    }
    for (const status of [0x04, 0x08, 0x18, 0x28, 0x40, 0xff]) {
      assert.equal(
        (await runCommand({ inBytes: 8 }, (link, command) => link.respond(command, { status }))).status,
        status,
      );
    }
  });

  test('a response other than 0 is no status', async () => {
    for (const response of [1, 0x80, 0xff]) {
      const failure = await failureOf(
        runCommand({ inBytes: 8 }, (link, command) => link.respond(command, { response })),
      );
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, new RegExp(`response ${response.toString(16).padStart(2, '0')}h`));
    }
  });
});
