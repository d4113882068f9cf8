import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Connection } from '#drivers/iscsi/connection';
import { FullFeaturePhase } from '#drivers/iscsi/full-feature-phase';
import { milliseconds, seconds } from '#src/base/duration';
import { buildPdu } from '#test/drivers/iscsi/figures';
import { failureOf, inquiry, none, openUnit, testUnitReady, timeout, waitFor } from '#test/drivers/iscsi/initiator';
import { answerOne, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const lun1 = 0x0001_0000_0000_0000n;

describe('pings', () => {
  test('of the target are answered with its tag and LUN; what only tells the numbers is not', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      link.send('nopIn', {});
      link.send('nopIn', { ttt: 0xabcd, lun: lun1 });
      const pong = await link.next('nopOut');
      assert.deepEqual([pong.immediate, pong.flags, pong.data.length], [true, 0x80, 0]);
      const fields = ['itt', 'ttt', 'lun', 'cmdSn', 'expStatSn'].map((name) => pong.field(name));
      assert.deepEqual(fields, [0xffff_ffff, 0xabcd, Number(lun1), 1, 0x1002]);
      await link.logout();
    });
    const opened = await openUnit(target);
    await opened.session.ready();
    await pingedThenDisposed(opened, target);
  });

  test('of a target that takes no answer do not fill the memory', async () => {
    const never = () => undefined;
    const wire = { write: never, end: never, destroy: never, destroySoon: never };
    const connection = new Connection(wire, { host: '192.0.2.1', port: 3260 }, 4096);
    const digests = { headerDigest: false, dataDigest: false };
    const limits = { maxSendDataBytes: 512, maxBurstBytes: 512, firstBurstBytes: 512 };
    const parameters = { ...digests, ...limits, initialR2T: true, immediateData: true };
    const login = { kind: 'logged-in', parameters, cmdSn: 1, expStatSn: 1, maxCmdSn: 9 } as const;
    const phase = new FullFeaturePhase({ connection, login, name: 'memory' });
    const ping = buildPdu('nopIn', { ttt: 5, statSn: 1, expCmdSn: 1, maxCmdSn: 9 });
    for (let count = 0; count < 10_000 && !connection.closed; count++) connection.receive(ping);
    assert.match((await phase.ended).message, /asks on and on, and takes no answer/);
  });

  test('of ours: answered for as long as the target lives', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const tags = new Set<number>();
      for (let count = 0; count < 3; count++) {
        const ping = await link.next('nopOut');
        assert.deepEqual([ping.immediate, ping.field('ttt'), ping.field('cmdSn')], [true, 0xffff_ffff, 1]);
        tags.add(ping.field('itt'));
        link.send('nopIn', { itt: ping.field('itt') });
      }
      assert.equal(tags.size, 3);
      assert.ok(!tags.has(0xffff_ffff));
      link.respond(await link.next('scsiCommand'));
      await link.logout();
    });
    await using opened = await openUnit(target, { keepAlive: seconds(15) });
    for (let count = 1; count <= 3; count++) {
      // The first question finds that something came meanwhile.
      t.mock.timers.tick(30_000);
      await waitFor(() => target.heard('nopOut') === count);
      await settled();
    }
    assert.equal((await opened.unit.execute(testUnitReady, none, { timeout })).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('of ours, without an answer: the command fails, with cause and remedy', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      await link.next('scsiCommand');
      await link.next('nopOut');
      await link.closed();
    });
    await using opened = await openUnit(target, { keepAlive: seconds(15) });
    const work = failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    t.mock.timers.tick(45_000);
    const failure = await work;
    assert.equal(failure.code, 'device.unreachable');
    assert.match(failure.message, /was lost: the target does not answer any more/);
    assert.match(failure.remedy, /committed before is safe/);
    await target.done();
  });

  test('of ours, rejected: there are no more, and the session lives on', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      await link.next('nopOut');
      const rejected = Buffer.alloc(48);
      rejected[0] = 0x40;
      link.send('reject', { reason: 5 }, rejected);
      await settled();
      t.mock.timers.tick(150_000);
      link.respond(command);
      assert.equal((await link.next()).kind, 'logoutRequest');
    });
    await using opened = await openUnit(target, { keepAlive: seconds(15), patience: milliseconds(20) });
    const work = opened.unit.execute(testUnitReady, none, { timeout });
    t.mock.timers.tick(30_000);
    assert.equal((await work).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });
});

/** Disposes when the target has had its answer. */
async function pingedThenDisposed(opened: AsyncDisposable, target: ScriptedTarget): Promise<void> {
  await waitFor(() => target.heard('nopOut') > 0);
  await opened[Symbol.asyncDispose]();
  await target.done();
}

/** What was sent on loopback has arrived. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('asynchronous messages', () => {
  test('0 and 255 ask for nothing', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      link.send(
        'asynchronousMessage',
        { event: 0, lun: lun1 },
        Buffer.from('0012700006000000000a000000003f0e00000000', 'hex'),
      );
      link.send('asynchronousMessage', { event: 255, vendorCode: 3 });
      link.respond(command);
      await link.logout();
    });
    await using opened = await openUnit(target);
    assert.equal((await opened.unit.execute(testUnitReady, none, { timeout })).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  for (const event of [1, 4]) {
    test(`${event}: what is in flight ends, then logout and a new login`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login();
        const command = await link.next('scsiCommand');
        link.send('asynchronousMessage', { event, parameter3: 5 });
        link.respond(command);
        await link.logout();
        await link.closed();
      }, answerOne);
      await using opened = await openUnit(target);
      const first = opened.unit.execute(testUnitReady, none, { timeout });
      assert.equal((await first).status, 0);
      const second = await opened.unit.execute(inquiry, none, { timeout });
      assert.equal(second.status, 0);
      await opened[Symbol.asyncDispose]();
      await target.done();
    });
  }

  test('1 with nothing in flight: logout at once, and only one where the session is closed meanwhile', async () => {
    const disposals: (() => PromiseLike<void>)[] = [];
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      link.send('asynchronousMessage', { event: 1, parameter3: 5 });
      const logout = await link.next('logoutRequest');
      const disposed = disposals[0]?.();
      link.send('logoutResponse', { itt: logout.field('itt') });
      await link.closed();
      await disposed;
    });
    await using opened = await openUnit(target);
    disposals.push(() => opened[Symbol.asyncDispose]());
    await target.done();
    assert.equal(target.connections, 1);
  });

  for (const event of [2, 3]) {
    test(`${event}: the connection is given up`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login();
        await link.next('scsiCommand');
        link.send('asynchronousMessage', { event });
        await link.closed();
      });
      await using opened = await openUnit(target);
      const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, /announced that it drops it/);
    });
  }

  test('5: the commands of the logical unit end with TASK ABORTED, those of others do not', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      link.send('asynchronousMessage', { event: 5, lun: 2n << 48n });
      assert.equal((await link.next('nopOut')).field('lun'), 2 * 2 ** 48);
      link.send('asynchronousMessage', { event: 5, lun: lun1 });
      const acknowledged = await link.next('nopOut');
      const fields = ['itt', 'ttt', 'expStatSn'].map((name) => acknowledged.field(name));
      assert.deepEqual(fields, [0xffff_ffff, 0xffff_ffff, link.statSn]);
      link.send('dataIn', { itt: command.field('itt') }, Buffer.alloc(4, 1));
      await link.logout();
    });
    await using opened = await openUnit(target);
    const buffer = Buffer.alloc(4);
    const result = await opened.unit.execute(testUnitReady, { direction: 'in', buffer }, { timeout });
    assert.deepEqual([result.status, result.transferredBytes], [0x40, 0]);
    await opened[Symbol.asyncDispose]();
    await target.done();
    assert.deepEqual(buffer, Buffer.alloc(4), "memory that is the caller's again is not written to");
  });
});

test('a Reject of anything else ends the connection, and names it', async () => {
  for (const [data, message] of [
    [
      Buffer.from([0x01, ...Buffer.alloc(47)]),
      /it rejected a PDU with operation code 1h that was sent to it \(reason 04h\)/,
    ],
    [Buffer.alloc(0), /it rejected something that was sent to it \(reason 04h\)/],
  ] as const) {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      await link.next('scsiCommand');
      link.send('reject', { reason: 4 }, data);
      await link.closed();
    });
    await using opened = await openUnit(target);
    const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    assert.equal(failure.code, 'device.unreachable');
    assert.match(failure.message, message);
  }
});

test('an operation code that no target has', async () => {
  await using target = await ScriptedTarget.start(async (link) => {
    await link.login();
    await link.next('scsiCommand');
    const header = Buffer.alloc(48);
    header[0] = 0x3c;
    link.write(header);
    await link.closed();
  });
  await using opened = await openUnit(target);
  const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
  assert.match(failure.message, /operation code 3ch in the full feature phase/);
});

describe('logout', () => {
  test('without an answer: the connection is closed, the program does not wait for ever', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      await link.next('logoutRequest');
      await link.closed();
    });
    const opened = await openUnit(target, { patience: milliseconds(20) });
    await opened[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('after it was asked for no command follows, whatever the window says', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      link.window = -1;
      await link.login();
      const logout = await link.next('logoutRequest');
      link.send('nopIn', { maxCmdSn: 9 });
      link.send('logoutResponse', { itt: logout.field('itt') });
      await link.closed();
    });
    const opened = await openUnit(target);
    const queued = failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    await opened[Symbol.asyncDispose]();
    assert.equal((await queued).code, 'device.unreachable');
    await target.done();
  });

  test('while a command is in flight: the command fails; executing afterwards is a bug of the caller', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      await link.next('scsiCommand');
      await link.logout();
    });
    const opened = await openUnit(target);
    const pending = failureOf(opened.unit.execute(testUnitReady, none, { timeout: seconds(60) }));
    await opened.unit[Symbol.asyncDispose]();
    await opened.unit[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
    assert.equal((await pending).code, 'device.unreachable');
    const after = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    assert.equal(after.code, 'device.closed');
    await target.done();
  });
});
