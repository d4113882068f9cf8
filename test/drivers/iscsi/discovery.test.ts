import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IscsiUnitSource } from '#drivers/iscsi/discovery';
import { driver } from '#drivers/iscsi/driver';
import { sendTargets } from '#drivers/iscsi/send-targets';
import { milliseconds } from '#src/base/duration';
import { keysOf, type Request, textOf } from '#test/drivers/iscsi/figures';
import { failureOf, initiatorName, none, sessionOptions, targetName, timeout } from '#test/drivers/iscsi/initiator';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const settings = (target: ScriptedTarget, name?: string) => ({
  portal: target.portal,
  target: name,
  initiator: initiatorName,
  chap: undefined,
  digests: false,
});

/** A discovery session that tells of these targets, in pieces of so many bytes. */
const tell =
  (text: Buffer, pieceBytes = 1 << 20) =>
  async (link: Link): Promise<void> => {
    const said = await link.login({ DefaultTime2Wait: 'Irrelevant', ErrorRecoveryLevel: 'Irrelevant' });
    assert.deepEqual([said.get('SessionType'), said.get('TargetName')], ['Discovery', undefined]);
    assert.equal(said.get('MaxBurstLength'), undefined, 'a discovery session moves no data');
    const first = await link.next('textRequest');
    assert.deepEqual([first.immediate, first.flags, first.field('ttt')], [true, 0x80, 0xffff_ffff]);
    assert.deepEqual(keysOf(first.data), [['SendTargets', 'All']]);
    let request: Request = first;
    for (let at = 0; ; at += pieceBytes) {
      const isLast = at + pieceBytes >= text.length;
      const fields = isLast ? { flags: 0x80 } : { flags: 0x40, ttt: 77 + at, lun: 5n };
      link.send('textResponse', { itt: first.field('itt'), ...fields }, text.subarray(at, at + pieceBytes));
      if (isLast) break;
      request = await link.next('textRequest');
      assert.deepEqual(
        [request.field('itt'), request.field('ttt'), request.field('lun'), request.data.length, request.flags],
        [first.field('itt'), 77 + at, 5, 0, 0x80],
      );
    }
    await link.logout();
  };

const listOf = (...names: readonly string[]): Buffer =>
  Buffer.concat(names.map((TargetName) => textOf({ TargetName, TargetAddress: '192.0.2.1:3260,1' })));

describe('SendTargets', () => {
  test('names and addresses, cut anywhere', async () => {
    const text = Buffer.concat([
      textOf({ TargetName: 'iqn.2026-11.example:a', TargetAddress: '192.0.2.1:3260,1' }),
      textOf({ TargetAddress: '[2001:db8::1]:3260,2' }),
      textOf({ TargetName: 'iqn.2026-11.example:b' }),
    ]);
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    for (const pieceBytes of [7, 50, 1000]) {
      await using target = await ScriptedTarget.start(tell(text, pieceBytes));
      const { target: _, ...options } = sessionOptions(target);
      assert.deepEqual(await sendTargets(options), [
        { name: 'iqn.2026-11.example:a', addresses: ['192.0.2.1:3260,1', '[2001:db8::1]:3260,2'] },
        { name: 'iqn.2026-11.example:b', addresses: [] },
      ]);
      await target.done();
    }
    assert.equal(timers(), before, 'timers that are left');
  });

  test('a target of several records is one; what it offers for data is irrelevant', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      link.answerLogin(await link.next('loginRequest'), { AuthMethod: 'None' }, { to: 1 });
      const offers = { MaxBurstLength: '16776192', ImmediateData: 'Irrelevant', MaxConnections: '8' };
      link.answerLogin(await link.next('loginRequest'), offers, { from: 1 });
      const answer = await link.next('loginRequest');
      assert.deepEqual(keysOf(answer.data), [
        ['MaxBurstLength', 'Irrelevant'],
        ['MaxConnections', 'Irrelevant'],
      ]);
      link.answerLogin(answer, {}, { from: 1, to: 3 });
      const records = ['192.0.2.1:3260,1', '192.0.2.2:3260,1'].map((TargetAddress) =>
        textOf({ TargetName: targetName, TargetAddress }),
      );
      link.send('textResponse', { itt: (await link.next('textRequest')).field('itt') }, Buffer.concat(records));
      await link.logout();
    });
    const { target: _, ...options } = sessionOptions(target);
    assert.deepEqual(await sendTargets(options), [
      { name: targetName, addresses: ['192.0.2.1:3260,1', '192.0.2.2:3260,1'] },
    ]);
    await target.done();
  });

  const broken: readonly (readonly [string, (link: Link, first: Request) => Promise<void> | void, RegExp])[] = [
    ['it never answers', () => undefined, /did not answer/],
    [
      'it goes on without a tag',
      (link, first) => link.send('textResponse', { itt: first.field('itt'), flags: 0 }),
      /without saying under which tag/,
    ],
    [
      'it never comes to an end',
      async (link, first) => {
        for (let next: Request | undefined = first; next; next = await link.maybe()) {
          link.send('textResponse', { itt: first.field('itt'), flags: 0x40, ttt: 1 }, Buffer.alloc(60_000, 0x61));
        }
      },
      /a text that does not end/,
    ],
    [
      'it never comes to an end, in silence',
      async (link, first) => {
        for (let next: Request | undefined = first; next; next = await link.maybe()) {
          link.send('textResponse', { itt: first.field('itt'), flags: 0x40, ttt: 1 });
        }
      },
      /a text that does not end/,
    ],
    [
      'no text',
      (link, first) => link.send('textResponse', { itt: first.field('itt') }, Buffer.from('nonsense\0')),
      /is no text key/,
    ],
    ['it resets', (link) => link.reset(), /was lost: the target reset the connection/],
  ];
  for (const [what, play, message] of broken) {
    test(what, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await link.login();
        await play(link, await link.next('textRequest'));
        while (await link.maybe());
      });
      const patience = milliseconds(what === 'it never answers' ? 30 : 4000);
      const { target: _, ...options } = sessionOptions(target, { patience });
      const failure = await failureOf(sendTargets(options));
      assert.equal(failure.code, 'device.unreachable');
      assert.match(failure.message, message);
    });
  }
});

describe('which target', () => {
  test('the only one, at the address that was asked or the one that it tells', async () => {
    for (const isTold of [false, true]) {
      const serve = async (link: Link): Promise<void> => {
        assert.equal((await link.login()).get('TargetName'), targetName);
        await link.logout();
      };
      await using elsewhere = await ScriptedTarget.start(...(isTold ? [serve] : []));
      const address = isTold ? `127.0.0.1:${elsewhere.portal.port},1` : undefined;
      const text = textOf({ TargetName: targetName, ...(address ? { TargetAddress: address } : {}) });
      await using target = await ScriptedTarget.start(tell(text), ...(isTold ? [] : [serve]));
      await (await IscsiUnitSource.open(settings(target)))[Symbol.asyncDispose]();
      await target.done();
      await elsewhere.done();
    }
  });

  test('of several addresses the first that answers; where none does, the first is named, and who told of it', async () => {
    const serve = async (link: Link): Promise<void> => {
      await link.login();
      await link.logout();
    };
    const gone = await ScriptedTarget.start();
    const nowhere = `127.0.0.1:${gone.portal.port},1`;
    await gone.vanish();
    const list = (...addresses: readonly string[]): Buffer =>
      Buffer.concat([{ TargetName: targetName }, ...addresses.map((TargetAddress) => ({ TargetAddress }))].map(textOf));
    await using elsewhere = await ScriptedTarget.start(serve);
    await using first = await ScriptedTarget.start(tell(list(nowhere, `127.0.0.1:${elsewhere.portal.port},2`)));
    await (await IscsiUnitSource.open(settings(first)))[Symbol.asyncDispose]();
    await elsewhere.done();
    await using second = await ScriptedTarget.start(tell(list(nowhere)), serve);
    await (await IscsiUnitSource.open(settings(second)))[Symbol.asyncDispose]();
    await second.done();
    await using third = await ScriptedTarget.start(tell(list(nowhere)), (link) => link.next().then(() => link.end()));
    const failure = await failureOf(IscsiUnitSource.open(settings(third)));
    assert.match(
      failure.message,
      new RegExp(`${nowhere.slice(0, -2)}: nothing .*; 127.0.0.1:${third.portal.port} told`),
    );
    assert.match(failure.remedy, /as `portal`/);
  });

  test('an operator who interrupts waits for no answer', async () => {
    for (const name of [undefined, targetName]) {
      const [abort, reason] = [new AbortController(), new RangeError('enough')];
      await using target = await ScriptedTarget.start(async (link) => {
        await link.next('loginRequest');
        abort.abort(reason);
        await link.closed();
      });
      const parsed = { ...settings(target), target: name };
      const opening = driver.openUnits(parsed, { signal: abort.signal });
      await assert.rejects(opening, (cause) => cause === reason);
      await target.done();
    }
  });

  test('none, or several', async () => {
    await using empty = await ScriptedTarget.start(tell(Buffer.alloc(0)));
    const none = await failureOf(IscsiUnitSource.open(settings(empty)));
    assert.match(none.message, /has no target for this initiator/);
    assert.match(none.remedy, new RegExp(`Allow the initiator ${initiatorName}`));
    await using several = await ScriptedTarget.start(tell(listOf('iqn.2026-11.example:a', 'iqn.2026-11.example:b')));
    const two = await failureOf(IscsiUnitSource.open(settings(several)));
    assert.match(two.message, /has 2 targets: iqn\.2026-11\.example:a, iqn\.2026-11\.example:b/);
    assert.match(two.remedy, /`target`/);
  });

  test('very many, with names that are none: the message stays readable', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `iqn.${index}\ngrandsire: ${'x'.repeat(300)}`);
    await using target = await ScriptedTarget.start(tell(listOf(...names)));
    const { message } = await failureOf(IscsiUnitSource.open(settings(target)));
    assert.match(message, /has 1000 targets: iqn\.0 grandsire: x+, iqn\.1 .*, and 980 more$/);
    assert.ok(message.length < 5000, String(message.length));
  });

  test('one that does not exist: those that do are named', async () => {
    const refuse = async (link: Link): Promise<void> => {
      link.answerLogin(await link.next('loginRequest'), {}, { fields: { statusClass: 2, statusDetail: 3 } });
    };
    await using target = await ScriptedTarget.start(refuse, tell(listOf('iqn.2026-11.example:a', targetName)));
    const failure = await failureOf(IscsiUnitSource.open(settings(target, 'iqn.2026-11.example:x')));
    assert.equal(failure.code, 'device.login-refused');
    assert.match(failure.message, /no such target/);
    assert.match(failure.remedy, new RegExp(`this portal has: iqn\\.2026-11\\.example:a, ${targetName}`));
    await target.done();
    await using silent = await ScriptedTarget.start(refuse, async (link) => link.reset());
    const plain = await failureOf(IscsiUnitSource.open(settings(silent, 'iqn.2026-11.example:x')));
    assert.equal(plain.remedy, 'Correct `target` in grandsire.yaml.');
  });
});

test('logical units: by REPORT LUNS and INQUIRY, what is not connected left out', async () => {
  const types = new Map([
    [0, 0x0c],
    [1, 0x01],
    [2, 0x08],
    [3, 0x7f],
  ]);
  await using target = await ScriptedTarget.start(async (link) => {
    await link.login();
    for (let command = await link.maybe(); command?.kind === 'scsiCommand'; command = await link.maybe()) {
      const lun = command.field('lun') / 2 ** 48;
      const list = Buffer.from([0, 0, 0, 32, 0, 0, 0, 0, ...[2, 0, 1, 3].flatMap((n) => [0, n, 0, 0, 0, 0, 0, 0])]);
      const inquiry = Buffer.from([types.get(lun) ?? 0, 0x80, 6, 2, 31, ...Buffer.alloc(31, 0x20)]);
      const data = command.cdb[0] === 0xa0 ? list : inquiry;
      link.send(
        'dataIn',
        { itt: command.field('itt'), flags: 0x83, residual: command.field('expectedBytes') - data.length },
        data,
      );
    }
  });
  await using source = await IscsiUnitSource.open(settings(target, targetName));
  const found = await source.discover();
  const { host, port } = target.portal;
  assert.deepEqual(
    found.map(({ kind, address }) => [kind, address]),
    [
      ['other', `${host}:${port} ${targetName} LUN 0`],
      ['tape', `${host}:${port} ${targetName} LUN 1`],
      ['changer', `${host}:${port} ${targetName} LUN 2`],
    ],
  );
  const [, tape] = found;
  assert.ok(tape);
  await using unit = await source.open(tape);
  assert.equal(unit.address, tape.address);
  const gone = await failureOf(source.open({ ...tape, address: 'LUN 9' }));
  assert.equal(gone.code, 'device.unreachable');
  await unit[Symbol.asyncDispose]();
  assert.equal((await failureOf(unit.execute(Buffer.alloc(6), none, { timeout }))).code, 'device.closed');
  await target.vanish();
});
