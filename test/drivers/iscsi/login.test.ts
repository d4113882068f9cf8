import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keysOf, textOf } from '#test/drivers/iscsi/figures';
import { failureOf, initiatorName, openSession, openUnit, targetName, timeout } from '#test/drivers/iscsi/initiator';
import { agreement, type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

describe('login without authentication', () => {
  test('the requests byte by byte', async () => {
    const keys: Map<string, string>[] = [];
    await using target = await ScriptedTarget.start(async (link) => {
      const first = await link.next('loginRequest');
      assert.deepEqual([first.immediate, first.flags], [true, 0x81], 'immediate; transit from security to operational');
      for (const [field, value] of Object.entries({ versionMax: 0, versionMin: 0, tsih: 0, cid: 0, cmdSn: 1 })) {
        assert.equal(first.field(field), value, field);
      }
      assert.equal(Math.floor(first.field('isid') / 2 ** 40), 0x80, 'random');
      keys.push(new Map(keysOf(first.data)));
      link.answerLogin(first, { TargetPortalGroupTag: '1', AuthMethod: 'None', TargetAlias: 'a library' }, { to: 1 });
      const second = await link.next('loginRequest');
      assert.equal(second.flags, 0x87, 'transit from operational to full feature');
      assert.equal(second.field('expStatSn'), 0x1001);
      assert.deepEqual(
        ['isid', 'itt', 'cmdSn', 'tsih'].map((name) => second.field(name)),
        ['isid', 'itt', 'cmdSn', 'tsih'].map((name) => first.field(name)),
      );
      keys.push(new Map(keysOf(second.data)));
      link.answerLogin(second, agreement, { from: 1, to: 3 });
      const logout = await link.next('logoutRequest');
      assert.deepEqual([logout.immediate, logout.flags], [true, 0x80], 'close the session');
      assert.deepEqual([logout.field('cmdSn'), logout.field('expStatSn')], [1, 0x1002]);
      link.send('logoutResponse', { itt: logout.field('itt') });
      await link.closed();
    });
    await (await openSession(target))[Symbol.asyncDispose]();
    await target.done();
    assert.deepEqual(Object.fromEntries(keys[0] ?? []), {
      InitiatorName: initiatorName,
      SessionType: 'Normal',
      TargetName: targetName,
      AuthMethod: 'None',
    });
    assert.deepEqual([...(keys[1]?.keys() ?? [])].sort(), Object.keys(agreement).sort());
    assert.equal(keys[1]?.get('HeaderDigest'), 'None,CRC32C');
  });

  test('answers that are split anywhere with the C bit', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      const first = await link.next('loginRequest');
      link.answerLogin(first, { AuthMethod: 'None' }, { to: 1 });
      let request = await link.next('loginRequest');
      const text = textOf(agreement);
      for (let at = 0; at < text.length; at += 37) {
        const isLast = at + 37 >= text.length;
        const flags = isLast ? 0x87 : 0x44;
        link.send('loginResponse', { itt: request.field('itt'), flags }, text.subarray(at, at + 37));
        if (isLast) break;
        request = await link.next('loginRequest');
        assert.deepEqual([request.flags, request.data.length], [0x04, 0], 'an empty request asks for the rest');
      }
      await link.logout();
    });
    await (await openSession(target))[Symbol.asyncDispose]();
    await target.done();
  });

  test('offers of the target are answered, names of every object among them', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      const first = await link.next('loginRequest');
      link.answerLogin(first, { AuthMethod: 'None' }, { to: 1 });
      const second = await link.next('loginRequest');
      const own = { IFMarker: 'No', 'X-com.example.Speed': 'Fast', constructor: 'a', toString: 'b' };
      link.answerLogin(second, { ...agreement, ...own, ['__proto__']: 'c', OFMarker: 'Irrelevant' }, { from: 1 });
      const third = await link.next('loginRequest');
      assert.deepEqual(
        keysOf(third.data),
        [...Object.keys(own), '__proto__'].map((key) => [key, 'NotUnderstood']),
      );
      link.answerLogin(third, {}, { from: 1, to: 3 });
      await link.logout();
    });
    await (await openSession(target))[Symbol.asyncDispose]();
    await target.done();
  });

  test('what the target says while it is asked who it is counts', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      const own = { AuthMethod: 'None', 'X-com.example.Speed': 'Fast', TargetPortalGroupTag: '1' };
      link.answerLogin(await link.next('loginRequest'), own);
      const second = await link.next('loginRequest');
      assert.deepEqual([second.flags, keysOf(second.data)], [0x81, [['X-com.example.Speed', 'NotUnderstood']]]);
      link.answerLogin(second, { MaxRecvDataSegmentLength: '512' }, { to: 1 });
      const { MaxRecvDataSegmentLength: _, ...rest } = agreement;
      link.answerLogin(await link.next('loginRequest'), rest, { from: 1, to: 3 });
      const command = await link.next('scsiCommand');
      assert.equal(command.data.length, 512);
      await link.next('dataOut');
      link.respond(command);
      await link.logout();
    });
    await using opened = await openUnit(target);
    const data = { direction: 'out', data: [Buffer.alloc(1000)] } as const;
    await opened.unit.execute(Buffer.alloc(6), data, { timeout });
    await opened[Symbol.asyncDispose]();
    await target.done();
  });

  test('a ping right behind the last answer, in one piece with it and with digests', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      link.answerLogin(await link.next('loginRequest'), { AuthMethod: 'None' }, { to: 1 });
      const second = await link.next('loginRequest');
      const keys = { ...agreement, HeaderDigest: 'CRC32C', DataDigest: 'CRC32C' };
      const last = link.pdu('loginResponse', { itt: second.field('itt'), flags: 0x87 }, textOf(keys));
      link.useDigests({ headerDigest: true, dataDigest: true });
      link.write(Buffer.concat([last, link.pdu('nopIn', { ttt: 5, lun: 1n << 48n })]));
      const pong = await link.next('nopOut');
      assert.deepEqual([pong.field('ttt'), pong.field('itt')], [5, 0xffff_ffff]);
      await link.logout();
    });
    await (await openSession(target))[Symbol.asyncDispose]();
    await target.done();
  });

  test('a target that answers no offer gets what the RFC has as default', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      link.answerLogin(await link.next('loginRequest'), {}, { to: 1 });
      link.answerLogin(await link.next('loginRequest'), {}, { from: 1, to: 3 });
      const command = await link.next('scsiCommand');
      assert.deepEqual([command.flags & 0x80, command.data.length], [0x80, 8192], 'immediate, nothing unsolicited');
      link.respond(command, { flags: 0x82, residual: 100_000 - 8192 });
      await link.logout();
    });
    await using opened = await openUnit(target);
    const data = { direction: 'out', data: [Buffer.alloc(100_000)] } as const;
    const result = await opened.unit.execute(Buffer.alloc(6), data, { timeout });
    assert.equal(result.transferredBytes, 8192);
  });
});

describe('a login that must fail', () => {
  const cases: readonly (readonly [string, (link: Link) => Promise<void>, RegExp])[] = [
    [
      'a stage that nobody asked for',
      async (link) => link.answerLogin(await link.next('loginRequest'), {}, { to: 3 }),
      /stage 3 of the login where 1 was asked for/,
    ],
    [
      'another version',
      async (link) => link.answerLogin(await link.next('loginRequest'), {}, { to: 1, fields: { versionActive: 1 } }),
      /version 1 of iSCSI/,
    ],
    ['another PDU', async (link) => link.send('nopIn', { ttt: 1, itt: 0 }), /no answer to a login request/],
    [
      'an answer to the wrong stage',
      async (link) => link.answerLogin(await link.next('loginRequest'), {}, { from: 1 }),
      /in stage 1 of the login, which is in 0/,
    ],
    [
      'an answer that goes on, and ends its stage',
      async (link) => {
        const request = await link.next('loginRequest');
        link.send('loginResponse', { itt: request.field('itt'), flags: 0xc3 }, textOf(agreement));
      },
      /goes on, and ends its stage/,
    ],
    [
      'text without a key',
      async (link) => link.answerLogin(await link.next('loginRequest'), { '': 'x' }, { to: 1 }),
      /is no text key/,
    ],
    [
      'a negotiation without end',
      async (link) => {
        for (let request = await link.maybe(); request; request = await link.maybe()) link.answerLogin(request, {});
      },
      /has not ended after 64 answers/,
    ],
    [
      'text without end',
      async (link) => {
        for (let request = await link.maybe(); request; request = await link.maybe()) {
          const fields = { itt: request.field('itt'), flags: 0x40 };
          link.send('loginResponse', fields, Buffer.alloc(60_000, 0x61));
        }
      },
      /bytes of text in a login/,
    ],
    [
      'the connection ends',
      (link) => link.next().then(() => link.end()),
      /^no login at the iSCSI portal 127.* the target closed the connection$/,
    ],
    [
      'a server of another kind, which greets, or answers',
      (link) => link.next().then(() => link.write(Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n'))),
      /^no login at the iSCSI portal 127.* what answers there does not speak iSCSI$/,
    ],
    [
      'the connection is reset',
      (link) => link.next().then(() => link.reset()),
      /^no login at .* the target reset the connection$/,
    ],
    [
      'the connection ends in the middle of an answer',
      async (link) => {
        const request = await link.next();
        link.write(link.pdu('loginResponse', { itt: request.field('itt') }, textOf(agreement)).subarray(0, 70));
        link.end();
      },
      /^no login at the iSCSI portal 127.* the target closed the connection$/,
    ],
  ];
  for (const [what, script, message] of cases) {
    test(what, async () => {
      await using target = await ScriptedTarget.start(script);
      const failure = await failureOf(openSession(target));
      assert.match(failure.message, message);
      assert.ok(['device.protocol', 'device.unreachable'].includes(failure.code), failure.code);
      assert.ok(failure.remedy);
    });
  }

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['MaxBurstLength', '511', /MaxBurstLength=511 \(from 512/],
    ['MaxBurstLength', '8388608', /MaxBurstLength=8388608/],
    ['FirstBurstLength', '524288', /FirstBurstLength=524288/],
    ['MaxRecvDataSegmentLength', '16777216', /MaxRecvDataSegmentLength=16777216/],
    ['MaxRecvDataSegmentLength', '0', /MaxRecvDataSegmentLength=0/],
    ['InitialR2T', 'Maybe', /InitialR2T=Maybe/],
    ['ErrorRecoveryLevel', '2', /ErrorRecoveryLevel=2 where 0/],
    ['MaxConnections', '4', /MaxConnections=4/],
    ['MaxOutstandingR2T', '8', /MaxOutstandingR2T=8/],
    ['DataPDUInOrder', 'No', /DataPDUInOrder=No/],
    ['HeaderDigest', 'MD5', /HeaderDigest=MD5 where None,CRC32C/],
  ];
  for (const [key, value, message] of wrong) {
    test(`${key}=${value}`, async () => {
      await using target = await ScriptedTarget.start(async (link) => void (await link.login({ [key]: value })));
      const failure = await failureOf(openSession(target));
      assert.equal(failure.code, 'device.protocol');
      assert.match(failure.message, message);
    });
  }

  test('digests are wanted, and the target does none', async () => {
    for (const value of ['None', 'Reject', 'NotUnderstood']) {
      await using target = await ScriptedTarget.start(async (link) => void (await link.login({ DataDigest: value })));
      const failure = await failureOf(openSession(target, { digests: 'preferred' }));
      assert.equal(failure.code, 'device.login-refused');
      assert.match(failure.remedy, /remove `digests`/);
    }
  });
});
