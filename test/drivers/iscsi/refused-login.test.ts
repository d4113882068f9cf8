import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failureOf, initiatorName, openSession } from '#test/drivers/iscsi/initiator';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

/** Logs in, answers the logout, and is done. */
const whole =
  (changes: Readonly<Record<string, string>> = {}) =>
  async (link: Link): Promise<void> => {
    await link.login(changes);
    await link.logout();
  };

describe('statuses of a refused login', () => {
  const statuses: readonly (readonly [number, number, string, RegExp, RegExp])[] = [
    [2, 0x00, 'device.login-refused', /calls the request wrong/, /Report/],
    [2, 0x01, 'device.login-refused', /name or the secret/, /chap\.user/],
    [2, 0x02, 'device.login-refused', /this initiator is not allowed/, /access list/],
    [2, 0x03, 'device.login-refused', /no such target/, /`target`/],
    [2, 0x04, 'device.login-refused', /taken away/, /`target`/],
    [2, 0x05, 'device.login-refused', /version of iSCSI/, /Report/],
    [2, 0x06, 'device.login-refused', /no room/, /other users/],
    [2, 0x07, 'device.login-refused', /misses a parameter/, /Report/],
    [2, 0x08, 'device.login-refused', /connection into the session/, /Report/],
    [2, 0x09, 'device.login-refused', /type of session/, /Report/],
    [2, 0x0a, 'device.login-refused', /session does not exist/, /Report/],
    [2, 0x0b, 'device.login-refused', /invalid during login/, /Report/],
    [2, 0x77, 'device.login-refused', /terms of the standard/, /Report/],
    [3, 0x00, 'device.unreachable', /fault of its own/, /Wait/],
    [3, 0x01, 'device.unreachable', /not available/, /Wait/],
    [3, 0x02, 'device.unreachable', /out of resources/, /Wait/],
    [9, 0x00, 'device.login-refused', /terms of the standard/, /Report/],
  ];
  for (const [statusClass, statusDetail, code, message, remedy] of statuses) {
    test(`class ${statusClass} detail ${statusDetail}`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        link.answerLogin(await link.next('loginRequest'), {}, { fields: { statusClass, statusDetail } });
        await link.closed();
      });
      const failure = await failureOf(openSession(target));
      assert.equal(failure.code, code);
      assert.match(failure.message, message);
      assert.match(failure.message, new RegExp(`${initiatorName}.*\\(status 0${statusClass}`));
      assert.match(failure.remedy, remedy);
    });
  }
});

describe('redirection', () => {
  const to =
    (address: string, statusDetail = 1) =>
    async (link: Link): Promise<void> => {
      const fields = { statusClass: 1, statusDetail };
      link.answerLogin(await link.next('loginRequest'), { TargetAddress: address }, { fields });
      await link.closed();
    };

  test('is followed', async () => {
    for (const detail of [1, 2]) {
      await using other = await ScriptedTarget.start(whole());
      await using target = await ScriptedTarget.start(to(`127.0.0.1:${other.portal.port},1`, detail));
      await (await openSession(target))[Symbol.asyncDispose]();
      await target.done();
      await other.done();
    }
  });

  test('to where nothing listens: the message names that place', async () => {
    const gone = await ScriptedTarget.start();
    const { port } = gone.portal;
    await gone.vanish();
    await using target = await ScriptedTarget.start(to(`127.0.0.1:${port},1`));
    const failure = await failureOf(openSession(target));
    assert.equal(failure.code, 'device.unreachable');
    assert.match(failure.message, new RegExp(`127.0.0.1:${port}: nothing listens there`));
    assert.match(failure.message, new RegExp(`127.0.0.1:${target.portal.port} redirected the login there`));
  });

  test('for ever', async () => {
    const scripts = Array.from({ length: 4 }, () => async (link: Link) => await to(`127.0.0.1:${port},1`)(link));
    await using target = await ScriptedTarget.start(...scripts);
    const { port } = target.portal;
    const failure = await failureOf(openSession(target));
    assert.match(failure.message, /redirected the login 4 times/);
    await target.done();
  });

  test('to nowhere', async () => {
    for (const address of ['', 'a b', '[::1', '127.0.0.1:70000']) {
      await using target = await ScriptedTarget.start(to(address));
      const failure = await failureOf(openSession(target));
      assert.match(failure.message, /redirection/);
    }
  });
});

test('nothing listens: cause and remedy', async () => {
  const gone = await ScriptedTarget.start();
  const { portal } = gone;
  await gone.vanish();
  const failure = await failureOf(openSession({ portal }));
  assert.equal(failure.code, 'device.unreachable');
  assert.match(failure.message, /nothing listens there \(connection refused\)/);
  assert.match(failure.remedy, /`portal`/);
});
