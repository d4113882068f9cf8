import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { milliseconds, seconds } from '#src/base/duration';
import { failureOf, inquiry, none, openUnit, testUnitReady, timeout, waitFor } from '#test/drivers/iscsi/initiator';
import { answerOne, type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const askForLogout = (link: Link): void => link.send('asynchronousMessage', { event: 1, parameter3: 5 });

describe('a target asks for a logout while a command does not end', () => {
  test('one that was called off still has its limit, and is then aborted: what waits for the new login goes on', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      askForLogout(link);
      const abort = await link.next('taskManagementRequest');
      assert.equal(abort.field('referencedTag'), command.field('itt'));
      link.send('taskManagementResponse', { itt: abort.field('itt') });
      await link.logout();
      await link.closed();
    }, answerOne);
    await using opened = await openUnit(target);
    const [abort, reason] = [new AbortController(), new RangeError('enough')];
    const { signal } = abort;
    const work = opened.unit.execute(testUnitReady, none, { timeout: milliseconds(100), signal });
    await waitFor(() => !opened.session.isUsable);
    abort.abort(reason);
    await assert.rejects(work, (cause) => cause === reason);
    assert.equal((await opened.unit.execute(inquiry, none, { timeout })).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('the session is closed all the same, and so is what waits for a new login', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      await link.next('scsiCommand');
      askForLogout(link);
      await link.logout();
    });
    await using opened = await openUnit(target);
    const running = failureOf(opened.unit.execute(testUnitReady, none, { timeout: seconds(60) }));
    await waitFor(() => !opened.session.isUsable);
    const waiting = failureOf(opened.session.ready());
    await opened[Symbol.asyncDispose]();
    assert.equal((await running).code, 'device.unreachable');
    assert.equal((await waiting).code, 'device.closed');
    await target.done();
  });
});
