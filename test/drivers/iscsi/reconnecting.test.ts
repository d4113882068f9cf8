import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IscsiTransport } from '#drivers/iscsi/transport';
import { seconds } from '#src/base/duration';
import { throwIfAborted } from '#src/base/errors';
import type { Pause } from '#src/base/pause';
import { failureOf, inquiry, none, openUnit, pattern, testUnitReady, timeout } from '#test/drivers/iscsi/initiator';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const attention = Buffer.from('0012700006000000000a00000000290000000000', 'hex');
const good = (link: Link): ((count: number) => Promise<number[]>) => {
  return async (count) => {
    const cdbs: number[] = [];
    for (let left = count; left > 0; left--) {
      const command = await link.next('scsiCommand');
      cdbs.push(command.cdb[0] === 0 ? (command.cdb[1] ?? 0) : (command.cdb[0] ?? 0));
      link.respond(command);
    }
    return cdbs;
  };
};
const named = (byte: number): Buffer => Buffer.of(0, byte, 0, 0, 0, 0);

/** Logs in, takes one command, and goes away in the way that is given. */
const lose =
  (how: (link: Link) => void = (link) => link.reset()) =>
  async (link: Link): Promise<void> => {
    await link.login();
    await link.next('scsiCommand');
    how(link);
  };

/** Fails one command, so that the connection is known to be lost. */
const loseOne = async (unit: IscsiTransport): Promise<void> => {
  const failure = await failureOf(unit.execute(testUnitReady, none, { timeout }));
  assert.equal(failure.code, 'device.unreachable');
};

describe('after a lost connection', () => {
  test('the next command logs in anew: same ISID, TSIH 0, and numbering from the beginning', async () => {
    const isids: number[] = [];
    const script = async (link: Link): Promise<void> => {
      const first = await link.next('loginRequest');
      isids.push(first.field('isid'));
      assert.deepEqual(
        ['tsih', 'cid', 'cmdSn', 'expStatSn'].map((name) => first.field(name)),
        [0, 0, 1, 0],
      );
      link.answerLogin(first, {}, { to: 1 });
      link.answerLogin(await link.next('loginRequest'), {}, { from: 1, to: 3 });
      const command = await link.next('scsiCommand');
      assert.equal(command.field('cmdSn'), 1);
      if (isids.length < 3) link.reset();
      else {
        link.respond(command);
        await link.logout();
      }
    };
    await using target = await ScriptedTarget.start(script, script, script);
    await using opened = await openUnit(target);
    await loseOne(opened.unit);
    await loseOne(opened.unit);
    assert.equal((await opened.unit.execute(inquiry, none, { timeout })).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
    assert.equal(new Set(isids).size, 1);
  });

  test('each logical unit tells of it exactly once, with and without an attention of the target; INQUIRY goes through', async () => {
    await using target = await ScriptedTarget.start(lose(), async (link) => {
      await link.login();
      const answer = async (sense?: Buffer): Promise<string> => {
        const command = await link.next('scsiCommand');
        link.respond(command, sense ? { status: 2 } : {}, sense);
        return `${command.field('lun') / 2 ** 48}:${command.cdb[0]}.${command.cdb[1]}`;
      };
      const seen = [await answer()];
      // LUN 1 has two attentions, LUN 2 has none.
      for (const sense of [attention, attention, undefined, undefined, undefined, undefined])
        seen.push(await answer(sense));
      assert.deepEqual(seen, ['1:18.0', '1:0.0', '1:0.0', '1:0.0', '1:0.9', '2:0.0', '2:0.9']);
      await link.logout();
    });
    await using opened = await openUnit(target);
    const other = new IscsiTransport(opened.session, 2);
    await loseOne(opened.unit);
    assert.equal((await opened.unit.execute(inquiry, none, { timeout })).status, 0);
    const told = await opened.unit.execute(named(8), none, { timeout });
    assert.deepEqual([told.status, Buffer.from(told.sense)], [2, attention.subarray(2)], 'as the target said it');
    assert.equal((await opened.unit.execute(named(9), none, { timeout })).status, 0);
    const ownWords = await other.execute(named(8), none, { timeout });
    assert.deepEqual([ownWords.status, ownWords.sense[2], ownWords.sense[12], ownWords.sense[13]], [2, 6, 0x29, 7]);
    assert.equal((await other.execute(named(9), none, { timeout })).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('commands that are called without waiting stay in order', async () => {
    await using target = await ScriptedTarget.start(lose(), async (link) => {
      await link.login();
      assert.deepEqual(await good(link)(5), [0, 2, 3, 4, 5], 'the first one was answered with the attention');
      await link.logout();
    });
    await using opened = await openUnit(target);
    await loseOne(opened.unit);
    const work = [1, 2, 3, 4, 5].map((byte) => opened.unit.execute(named(byte), none, { timeout }));
    assert.deepEqual(
      (await Promise.all(work)).map(({ status }) => status),
      [2, 0, 0, 0, 0],
    );
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('in the middle of data, in both directions, every command in flight fails', async () => {
    for (const direction of ['in', 'out'] as const) {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login({ InitialR2T: 'Yes', ImmediateData: 'No' });
        const command = await link.next('scsiCommand');
        await link.next('scsiCommand');
        const itt = command.field('itt');
        if (direction === 'in') link.write(link.pdu('dataIn', { itt }, pattern(4000)).subarray(0, 2000));
        else {
          link.send('readyToTransfer', { itt, ttt: 1, desired: 262_144 });
          await link.next('dataOut');
        }
        link.reset();
      });
      await using opened = await openUnit(target);
      const data =
        direction === 'in'
          ? ({ direction, buffer: new Uint8Array(4000) } as const)
          : ({ direction, data: [new Uint8Array(8 << 20)] } as const);
      const work = [opened.unit.execute(named(1), data, { timeout }), opened.unit.execute(named(2), none, { timeout })];
      for (const failure of await Promise.all(work.map(failureOf))) {
        assert.equal(failure.code, 'device.unreachable');
        assert.match(failure.message, /the target (reset|closed) the connection/);
      }
    }
  });

  test('between two commands', async () => {
    await using target = await ScriptedTarget.start(
      async (link) => {
        await link.login();
        await good(link)(1);
        link.end();
        await link.closed();
      },
      async (link) => {
        await link.login();
        await good(link)(1);
        await link.logout();
      },
    );
    await using opened = await openUnit(target);
    await opened.unit.execute(testUnitReady, none, { timeout });
    while (opened.session.isUsable) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await opened.unit.execute(testUnitReady, none, { timeout })).status, 2);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });
});

describe('the way back', () => {
  /** Remembers what was waited for. */
  const recorded = (): { readonly delays: number[]; readonly pause: Pause } => {
    const delays: number[] = [];
    const pause: Pause = async (delay, signal) => {
      throwIfAborted(signal);
      delays.push(delay);
    };
    return { delays, pause };
  };

  test('a target that has vanished: growing delays, at most about a minute, then cause and remedy', async () => {
    const { delays, pause } = recorded();
    const target = await ScriptedTarget.start(lose());
    await using opened = await openUnit(target, { pause });
    await loseOne(opened.unit);
    await target.vanish();
    const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    assert.equal(failure.code, 'device.unreachable');
    assert.match(failure.message, /nothing listens there/);
    assert.match(failure.remedy, /switched on and reachable/);
    assert.ok(delays.length < 20 && delays.every((delay) => delay >= 250), String(delays));
    assert.ok(
      delays.every((delay, index) => index === 0 || delay >= (delays[index - 1] ?? 0)),
      String(delays),
    );
    const waited = delays.reduce((sum, delay) => sum + delay, 0);
    assert.ok(waited >= 60_000 && waited <= 75_000, String(waited));
    const before = delays.length;
    await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    assert.deepEqual(delays.slice(before), [15_000], 'the next command does not begin from zero, and tries once');
  });

  test('the operator is told once of each outage, and once that it is over, however many commands wait or fail meanwhile', async () => {
    const { delays, pause } = recorded();
    const told: string[] = [];
    const note = (text: string): void => void told.push(`${delays.length} ${text}`);
    const refuse = (link: Link) => link.next().then(() => link.reset());
    // More than are tried within a minute.
    const outage = Array.from({ length: 20 }, () => refuse);
    await using target = await ScriptedTarget.start(lose(), lose(), ...outage, async (link) => {
      await link.login();
      await good(link)(1);
      await link.logout();
    });
    await using opened = await openUnit(target, { pause, note, elapsed: () => 0 });
    const portal = `127.0.0.1:${target.portal.port}`;
    const [lost, back] = [
      `no connection to the iSCSI portal ${portal}: it is tried again for up to 60 s`,
      `the iSCSI portal ${portal} is connected again`,
    ];
    await loseOne(opened.unit);
    assert.deepEqual(told, [], 'nobody waits yet');
    await loseOne(opened.unit);
    assert.deepEqual(told.splice(0), [`0 ${lost}`, `1 ${back}`]);
    let failures = 0;
    const inquire = () => opened.unit.execute(inquiry, none, { timeout });
    for (let isBack = false; !isBack; failures += isBack ? 0 : 1) {
      isBack = await inquire().then(
        () => true,
        () => false,
      );
    }
    assert.ok(failures > 2, `${failures} commands failed`);
    assert.deepEqual(told, [`1 ${lost}`, `${outage.length + 2} ${back}`]);
    await opened[Symbol.asyncDispose]();
    await target.done();
    assert.equal(told.length, 2);
  });

  test('attempts that take long count as waiting', async () => {
    const { delays, pause } = recorded();
    let now = 0;
    const silent = async (link: Link): Promise<void> => {
      await link.next();
      now += seconds(20);
      link.reset();
    };
    await using target = await ScriptedTarget.start(lose(), silent, silent, silent, lose(), silent, silent, silent);
    await using opened = await openUnit(target, { pause, elapsed: () => now });
    const tries: number[] = [];
    for (let command = 0; command < 4; command++) {
      const before = delays.length;
      await loseOne(opened.unit);
      tries.push(delays.length - before);
    }
    assert.deepEqual(tries, [0, 3, 1, 3], 'lost, missed for a minute, found and lost again, missed again');
    await target.done();
  });

  test('a target that starts step by step: refusals of a target that was known are waited out', async () => {
    const { delays, pause } = recorded();
    const refuse =
      (statusClass: number, statusDetail: number) =>
      async (link: Link): Promise<void> =>
        link.answerLogin(await link.next('loginRequest'), {}, { fields: { statusClass, statusDetail } });
    await using target = await ScriptedTarget.start(
      lose(),
      ...[refuse(3, 1), refuse(2, 3), refuse(2, 2), refuse(2, 6)],
      (link) => link.next().then(() => link.reset()),
      async (link) => {
        await link.login();
        await good(link)(1);
        await link.next();
        link.reset();
      },
      async (link) => {
        await link.login();
        await good(link)(1);
        await link.logout();
      },
    );
    await using opened = await openUnit(target, { pause });
    await loseOne(opened.unit);
    assert.equal((await opened.unit.execute(inquiry, none, { timeout })).status, 0);
    assert.equal(delays.length, 6);
    await failureOf(opened.unit.execute(inquiry, none, { timeout }));
    assert.equal((await opened.unit.execute(inquiry, none, { timeout })).status, 0);
    assert.deepEqual(delays.slice(6), [250], 'after a success they begin anew');
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('a target that knows us no more: no second try, and a code that the law knows', async () => {
    const { delays, pause } = recorded();
    await using target = await ScriptedTarget.start(lose(), async (link) =>
      link.answerLogin(await link.next('loginRequest'), {}, { fields: { statusClass: 2, statusDetail: 1 } }),
    );
    await using opened = await openUnit(target, { pause });
    await loseOne(opened.unit);
    const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
    assert.equal(failure.code, 'device.unreachable');
    assert.match(failure.remedy, /chap\.passwordFile/);
    assert.equal(delays.length, 1);
  });

  test('called off while another command waits: at once, and nobody overtakes', async () => {
    await using target = await ScriptedTarget.start(lose(), async (link) => {
      await link.login();
      assert.deepEqual(await good(link)(2), [0, 3], 'the attention of the first, and the third');
      await link.logout();
    });
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await using opened = await openUnit(target, { pause: () => gate });
    await loseOne(opened.unit);
    const abort = new AbortController();
    const first = opened.unit.execute(named(1), none, { timeout });
    const second = opened.unit.execute(named(2), none, { timeout, signal: abort.signal });
    const third = opened.unit.execute(named(3), none, { timeout });
    const reason = new RangeError('enough');
    abort.abort(reason);
    await assert.rejects(second, (cause) => cause === reason);
    const late = opened.unit.execute(named(4), none, { timeout, signal: abort.signal });
    await assert.rejects(late, (cause) => cause === reason);
    open();
    assert.deepEqual([(await first).status, (await third).status], [2, 0]);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('disposed, or called off, while it waits', async () => {
    const target = await ScriptedTarget.start(lose());
    const forEver: Pause = (_, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    await using opened = await openUnit(target, { pause: forEver });
    await loseOne(opened.unit);
    await target.vanish();
    const abort = new AbortController();
    const reason = new RangeError('enough');
    const calledOff = opened.unit.execute(named(1), none, { timeout, signal: abort.signal });
    const queued = failureOf(opened.unit.execute(named(2), none, { timeout }));
    await Promise.resolve();
    abort.abort(reason);
    await assert.rejects(calledOff, (cause) => cause === reason);
    await opened[Symbol.asyncDispose]();
    assert.equal((await queued).code, 'device.closed');
    assert.equal((await failureOf(opened.session.ready())).code, 'device.closed');
  });

  test('a login that is not answered ends', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    await using target = await ScriptedTarget.start(async (link) => {
      await link.next('loginRequest');
      t.mock.timers.tick(seconds(20));
      await link.closed();
    });
    const failure = await failureOf(openUnit(target));
    assert.equal(failure.code, 'device.unreachable');
    assert.match(failure.message, /the login was not answered within 20 s/);
    await target.done();
  });
});
