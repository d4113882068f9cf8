import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IscsiTransport } from '#drivers/iscsi/transport';
import { seconds } from '#src/base/duration';
import type { Fields, Request } from '#test/drivers/iscsi/figures';
import { failureOf, none, openUnit, pattern, testUnitReady, timeout, waitFor } from '#test/drivers/iscsi/initiator';
import { agreement, type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

/** Logs in with numbers of the script's choosing. */
async function loginAt(link: Link, numbers: { readonly statSn?: number; readonly maxCmdSn?: number }): Promise<void> {
  if (numbers.statSn !== undefined) link.statSn = numbers.statSn;
  const fields: Fields = numbers.maxCmdSn === undefined ? {} : { maxCmdSn: numbers.maxCmdSn };
  link.answerLogin(await link.next('loginRequest'), {}, { to: 1, fields });
  link.answerLogin(await link.next('loginRequest'), agreement, { from: 1, to: 3, fields });
}

describe('the command window', () => {
  test('closed, then opened by a ping, by an answer; commands leave in the order of the calls', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await loginAt(link, { maxCmdSn: 0 });
      link.send('nopIn', { ttt: 1, lun: 0, maxCmdSn: 0 });
      await link.next('nopOut');
      link.send('nopIn', { maxCmdSn: 2 });
      const first = await link.next('scsiCommand');
      const second = await link.next('scsiCommand');
      link.send('nopIn', { ttt: 2, lun: 0, maxCmdSn: 2 });
      assert.equal((await link.next()).kind, 'nopOut', 'the third command waits');
      link.respond(second, { maxCmdSn: 2, status: 0x18 });
      link.respond(first, { maxCmdSn: 3 });
      const third = await link.next('scsiCommand');
      assert.deepEqual(
        [first, second, third].map((command) => command.cdb[1]),
        [1, 2, 3],
      );
      link.respond(third);
      await link.logout();
    });
    await using opened = await openUnit(target);
    const results = await Promise.all(
      [1, 2, 3].map((byte) => opened.unit.execute(Buffer.of(0, byte, 0, 0, 0, 0), none, { timeout })),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      [0, 0x18, 0],
    );
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('a MaxCmdSN that goes back, and one that is behind ExpCmdSN - 1, are not taken', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await loginAt(link, { maxCmdSn: 1 });
      link.send('nopIn', { maxCmdSn: 0, expCmdSn: 1 });
      link.send('nopIn', { maxCmdSn: 0x7000_0000, expCmdSn: 0x7000_0010 });
      link.send('nopIn', { ttt: 8, lun: 0, maxCmdSn: 0 });
      await link.next('nopOut');
      link.respond(await link.next('scsiCommand'), { maxCmdSn: 1 });
      link.send('nopIn', { ttt: 9, lun: 0, maxCmdSn: 1 });
      assert.equal((await link.next()).kind, 'nopOut', 'the second command waits');
      link.send('nopIn', { maxCmdSn: 2 });
      link.respond(await link.next('scsiCommand'));
      await link.logout();
    });
    await using opened = await openUnit(target);
    await waitFor(() => target.heard('nopOut') === 1);
    const one = opened.unit.execute(testUnitReady, none, { timeout });
    const two = opened.unit.execute(testUnitReady, none, { timeout });
    await Promise.all([one, two]);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('a command that waits for the window times out, and is called off, without a word to the target', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await loginAt(link, { maxCmdSn: 0 });
      await link.logout();
    });
    await using opened = await openUnit(target);
    const late = await failureOf(opened.unit.execute(testUnitReady, none, { timeout: seconds(0.02) }));
    assert.equal(late.code, 'device.time-out');
    const abort = new AbortController();
    const reason = new RangeError('enough');
    const waiting = opened.unit.execute(testUnitReady, none, { timeout, signal: abort.signal });
    abort.abort(reason);
    await assert.rejects(waiting, (cause) => cause === reason);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });
});

describe('StatSN', () => {
  test('wraps around 2³²; data without status and pings of the target do not count', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await loginAt(link, { statSn: 0xffff_fffc });
      for (let count = 0; count < 6; count++) {
        const command = await link.next('scsiCommand');
        assert.equal(command.field('expStatSn'), (0xffff_fffe + count) >>> 0);
        link.send('nopIn', {});
        link.send('dataIn', { itt: command.field('itt'), flags: 0, statSn: 0x1234 }, pattern(4));
        link.respond(command);
      }
      await link.logout();
    });
    await using opened = await openUnit(target);
    for (let count = 0; count < 6; count++) {
      await opened.unit.execute(testUnitReady, { direction: 'in', buffer: new Uint8Array(4) }, { timeout });
    }
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  for (const [what, change] of [
    ['a gap', 1],
    ['a repetition', -1],
  ] as const) {
    test(`${what} ends the connection`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login();
        link.respond(await link.next('scsiCommand'), { statSn: link.statSn + change });
        await link.closed();
      });
      await using opened = await openUnit(target);
      const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, /status \d+ where \d+ is due: an answer was lost/);
    });
  }
});

test('several commands on two logical units, answered out of order', async () => {
  const commands: Request[] = [];
  await using target = await ScriptedTarget.start(async (link) => {
    await link.login();
    for (let count = 0; count < 6; count++) commands.push(await link.next('scsiCommand'));
    // Data of all of them interleaved, statuses from the last to the first.
    for (const part of [0, 1]) {
      for (const command of commands) {
        const fields = { itt: command.field('itt'), dataSn: part, bufferOffset: part * 50, flags: part << 7 };
        link.send('dataIn', fields, pattern(100, command.cdb[1]).subarray(part * 50, part * 50 + 50));
      }
    }
    for (const command of commands.toReversed()) link.respond(command, { status: command.cdb[1] ?? 0 });
    await link.logout();
  });
  await using opened = await openUnit(target);
  const other = new IscsiTransport(opened.session, 2);
  const results = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const buffer = Buffer.alloc(100);
      const unit = index % 2 === 0 ? opened.unit : other;
      const result = await unit.execute(Buffer.of(0, index, 0, 0, 0, 0), { direction: 'in', buffer }, { timeout });
      return { ...result, isRight: buffer.equals(pattern(100, index)) };
    }),
  );
  assert.deepEqual(
    results.map(({ status }) => status),
    [0, 1, 2, 3, 4, 5],
  );
  assert.ok(results.every(({ isRight }) => isRight));
  assert.deepEqual(
    commands.map((command) => command.field('lun') / 2 ** 48),
    [1, 2, 1, 2, 1, 2],
  );
  assert.deepEqual(
    commands.map((command) => command.field('cmdSn')),
    [1, 2, 3, 4, 5, 6],
  );
  await opened[Symbol.asyncDispose]();
  await target.done();
});
