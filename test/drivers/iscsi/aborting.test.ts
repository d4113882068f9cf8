import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { milliseconds } from '#src/base/duration';
import type { Request } from '#test/drivers/iscsi/figures';
import { failureOf, none, openUnit, pattern, testUnitReady, timeout } from '#test/drivers/iscsi/initiator';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const short = milliseconds(20);
const reason = new RangeError('enough');

async function expectAbort(link: Link, command: Request): Promise<Request> {
  const abort = await link.next('taskManagementRequest');
  assert.deepEqual([abort.immediate, abort.flags], [true, 0x81], 'ABORT TASK');
  assert.deepEqual(
    ['lun', 'referencedTag', 'refCmdSn', 'cmdSn'].map((name) => abort.field(name)),
    [command.field('lun'), command.field('itt'), command.field('cmdSn'), link.expCmdSn],
  );
  assert.notEqual(abort.field('itt'), command.field('itt'));
  return abort;
}

describe('a command that is not answered in its time is aborted', () => {
  for (const response of [0, 1]) {
    test(`the target says ${response}: the session lives on`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login();
        const command = await link.next('scsiCommand');
        const abort = await expectAbort(link, command);
        if (response === 1) link.respond(command);
        link.send('taskManagementResponse', { itt: abort.field('itt'), response });
        link.respond(await link.next('scsiCommand'));
        await link.logout();
      });
      await using opened = await openUnit(target);
      const failure = await failureOf(opened.unit.execute(testUnitReady, none, { timeout: short }));
      assert.equal(failure.code, 'device.time-out');
      assert.match(failure.message, /no answer to a command within 0\.02 s; it was aborted/);
      assert.match(failure.remedy, /library inventory/);
      assert.equal((await opened.unit.execute(testUnitReady, none, { timeout })).status, 0);
      await opened[Symbol.asyncDispose]();
      await target.done();
    });
  }

  for (const response of [2, 5, 255, 'never'] as const) {
    test(`the target says ${response}: the connection is given up`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login();
        const command = await link.next('scsiCommand');
        await link.next('scsiCommand');
        const abort = await expectAbort(link, command);
        if (response !== 'never') link.send('taskManagementResponse', { itt: abort.field('itt'), response });
        await link.closed();
      });
      await using opened = await openUnit(target, { patience: short });
      const buffer = new Uint8Array(9);
      const late = failureOf(opened.unit.execute(testUnitReady, { direction: 'in', buffer }, { timeout: short }));
      const other = failureOf(opened.unit.execute(testUnitReady, none, { timeout }));
      assert.equal((await late).code, 'device.time-out');
      assert.equal((await other).code, 'device.unreachable');
      assert.match((await other).message, /abort/);
    });
  }
});

describe('a command that is called off', () => {
  test('without data: the caller is free at once, the command is left to end by itself', async () => {
    const abort = new AbortController();
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      abort.abort(reason);
      const next = await link.next('scsiCommand');
      link.respond(command, { status: 2 });
      link.respond(next);
      await link.logout();
    });
    await using opened = await openUnit(target);
    const { signal } = abort;
    await assert.rejects(opened.unit.execute(testUnitReady, none, { timeout, signal }), (cause) => cause === reason);
    assert.equal((await opened.unit.execute(testUnitReady, none, { timeout })).status, 0);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('with data: its memory is free only when the target has given it up', async () => {
    const abort = new AbortController();
    const events: string[] = [];
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      const fields = { itt: command.field('itt') };
      link.send('dataIn', { ...fields, flags: 0 }, pattern(50));
      abort.abort(reason);
      const request = await expectAbort(link, command);
      link.send('dataIn', { ...fields, flags: 0, dataSn: 1, bufferOffset: 50 }, pattern(50));
      events.push('data sent');
      link.send('taskManagementResponse', { itt: request.field('itt') });
      // After the end: neither data nor an answer does anything.
      link.send('dataIn', { ...fields, dataSn: 2, bufferOffset: 100 }, pattern(100));
      link.respond(command);
      link.respond(await link.next('scsiCommand'));
      await link.logout();
    });
    await using opened = await openUnit(target);
    const buffer = Buffer.alloc(200);
    const work = opened.unit.execute(testUnitReady, { direction: 'in', buffer }, { timeout, signal: abort.signal });
    await assert.rejects(work, (cause) => cause === reason);
    assert.deepEqual(events, ['data sent']);
    const before = Buffer.from(buffer);
    await opened.unit.execute(testUnitReady, none, { timeout });
    assert.deepEqual(buffer, before);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('in the middle of a write: what the target asks for until it has aborted is still sent', async () => {
    const abort = new AbortController();
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login({ InitialR2T: 'Yes', ImmediateData: 'No' });
      const command = await link.next('scsiCommand');
      abort.abort(reason);
      const request = await expectAbort(link, command);
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 4, desired: 100 });
      assert.deepEqual((await link.next('dataOut')).data, pattern(100));
      link.send('taskManagementResponse', { itt: request.field('itt') });
      link.send('readyToTransfer', { itt: command.field('itt'), ttt: 5, r2tSn: 1, bufferOffset: 100, desired: 100 });
      link.respond(await link.next('scsiCommand'));
      await link.logout();
    });
    await using opened = await openUnit(target);
    const data = { direction: 'out', data: [pattern(200)] } as const;
    const work = opened.unit.execute(testUnitReady, data, { timeout, signal: abort.signal });
    await assert.rejects(work, (cause) => cause === reason);
    await opened.unit.execute(testUnitReady, none, { timeout });
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('before it is sent', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      await link.logout();
    });
    await using opened = await openUnit(target);
    const work = opened.unit.execute(testUnitReady, none, { timeout, signal: AbortSignal.abort(reason) });
    await assert.rejects(work, (cause) => cause === reason);
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('and the connection breaks before the abort is answered', async () => {
    const abort = new AbortController();
    await using target = await ScriptedTarget.start(async (link) => {
      await link.login();
      const command = await link.next('scsiCommand');
      abort.abort(reason);
      await expectAbort(link, command);
      link.reset();
    });
    await using opened = await openUnit(target);
    const buffer = new Uint8Array(10);
    const work = opened.unit.execute(testUnitReady, { direction: 'in', buffer }, { timeout, signal: abort.signal });
    await assert.rejects(work, (cause) => cause === reason);
  });
});
