import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { keysOf } from '#test/drivers/iscsi/figures';
import { failureOf, initiatorName, openSession } from '#test/drivers/iscsi/initiator';
import { agreement, type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

const secret = 'correct-horse-12';
const targetSecret = 'battery-staple-34';
const ours = { user: 'grandsire', secret: Buffer.from(secret) };
const oneWay = { ours };
const mutual = { ours, target: { user: 'library', secret: Buffer.from(targetSecret) } };

/** RFC 1994 4.1. */
const proof = (identifier: number, key: string, challenge: Buffer): string =>
  createHash('md5')
    .update(Buffer.concat([Buffer.of(identifier), Buffer.from(key), challenge]))
    .digest('hex');

const bytesOf = (text: string | undefined): Buffer => Buffer.from((text ?? '').replace(/^0x/i, ''), 'hex');

interface Play {
  readonly challenge?: Buffer;
  /** As it is written; hexadecimal unless told. */
  readonly written?: string;
  readonly identifier?: string;
  readonly algorithm?: string;
  /** What the target answers to the proof of the initiator; takes what the initiator said. */
  readonly answers?: (said: ReadonlyMap<string, string>) => Readonly<Record<string, string>>;
  readonly method?: string;
}

/** The security stage up to the initiator's proof. */
async function askForProof(link: Link, play: Play): Promise<ReadonlyMap<string, string>> {
  const { challenge = Buffer.from('00112233445566778899aabbccddeeff', 'hex'), identifier = '200' } = play;
  const first = await link.next('loginRequest');
  const said = new Map(keysOf(first.data));
  assert.equal(said.get('AuthMethod'), 'CHAP', 'nothing weaker is offered');
  assert.equal(first.flags & 0x80, 0, 'the initiator does not want to go on before it is proved who is who');
  link.answerLogin(first, { AuthMethod: play.method ?? 'CHAP' });
  const second = await link.next('loginRequest');
  assert.deepEqual(keysOf(second.data), [['CHAP_A', '5']]);
  const written = play.written ?? `0x${challenge.toString('hex')}`;
  link.answerLogin(second, { CHAP_A: play.algorithm ?? '5', CHAP_I: identifier, CHAP_C: written });
  const third = await link.next('loginRequest');
  const answer = new Map(keysOf(third.data));
  assert.equal(answer.get('CHAP_N'), 'grandsire');
  assert.equal(answer.get('CHAP_R'), `0x${proof(Number(identifier), secret, challenge)}`);
  assert.equal(third.flags, 0x81);
  link.answerLogin(third, play.answers?.(answer) ?? {}, { to: 1 });
  return answer;
}

async function goOn(link: Link): Promise<void> {
  link.answerLogin(await link.next('loginRequest'), agreement, { from: 1, to: 3 });
  await link.logout();
}

const proveTarget =
  (change: { readonly user?: string; readonly secret?: string } = {}) =>
  (said: ReadonlyMap<string, string>): Readonly<Record<string, string>> => ({
    CHAP_N: change.user ?? 'library',
    CHAP_R: `0x${proof(Number(said.get('CHAP_I')), change.secret ?? targetSecret, bytesOf(said.get('CHAP_C')))}`,
  });

describe('CHAP that succeeds', () => {
  const plays: readonly (readonly [string, Play])[] = [
    ['a hexadecimal challenge', {}],
    [
      'a challenge in base64',
      { challenge: Buffer.from('challenge in base 64'), written: '0bY2hhbGxlbmdlIGluIGJhc2UgNjQ=' },
    ],
    [
      'upper case and a number in hexadecimal',
      { challenge: Buffer.of(0xab, 0xcd), written: '0XABCD', identifier: '0xfF' },
    ],
    ['a challenge of 1024 bytes', { challenge: Buffer.alloc(1024, 7) }],
  ];
  for (const [what, play] of plays) {
    test(`one way: ${what}`, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        const said = await askForProof(link, play);
        assert.equal(said.get('CHAP_C'), undefined, 'nothing is asked of the target');
        await goOn(link);
      });
      await (await openSession(target, { chap: oneWay }))[Symbol.asyncDispose]();
      await target.done();
    });
  }

  test('mutual; the challenge is long, and new each time', async () => {
    const challenges = new Set<string>();
    const script = async (link: Link): Promise<void> => {
      const said = await askForProof(link, { answers: proveTarget() });
      assert.notEqual(said.get('CHAP_I'), '200', 'another identifier than the one of the target');
      assert.equal(bytesOf(said.get('CHAP_C')).length, 16);
      challenges.add(said.get('CHAP_C') ?? '');
      await goOn(link);
    };
    await using target = await ScriptedTarget.start(script, script);
    await (await openSession(target, { chap: mutual }))[Symbol.asyncDispose]();
    await (await openSession(target, { chap: mutual }))[Symbol.asyncDispose]();
    await target.done();
    assert.equal(challenges.size, 2);
  });
});

describe('a target that does not prove who it is', () => {
  const answers: readonly (readonly [string, Play['answers']])[] = [
    ['another secret', proveTarget({ secret: 'somebody-else-56' })],
    ['our secret', proveTarget({ secret })],
    ['another name', proveTarget({ user: 'other' })],
    ['our proof sent back', (said) => ({ CHAP_N: 'library', CHAP_R: said.get('CHAP_R') ?? '' })],
    ['nothing', () => ({})],
    ['a name alone', () => ({ CHAP_N: 'library' })],
    ['an empty proof', () => ({ CHAP_N: 'library', CHAP_R: '0x' })],
    ['a proof that is too long', (said) => ({ ...proveTarget()(said), CHAP_R: `${proveTarget()(said)['CHAP_R']}00` })],
  ];
  for (const [what, play] of answers) {
    test(what, async () => {
      await using target = await ScriptedTarget.start(async (link) => {
        await askForProof(link, play ? { answers: play } : {});
        await link.closed();
      });
      const failure = await failureOf(openSession(target, { chap: mutual }));
      await target.done();
      assert.equal(failure.code, 'device.login-refused');
      assert.match(failure.message, /did not prove who it is/);
      assert.match(failure.remedy, /chap\.mutual/);
      assertNoSecret(failure);
    });
  }

  test('it skips the authentication', async () => {
    for (const at of ['first', 'second'] as const) {
      await using target = await ScriptedTarget.start(async (link) => {
        const first = await link.next('loginRequest');
        if (at === 'second') {
          link.answerLogin(first, { AuthMethod: 'CHAP' });
          link.answerLogin(await link.next('loginRequest'), {}, { to: 1 });
        } else link.answerLogin(first, {}, { to: 1 });
        await link.closed();
      });
      assert.match((await failureOf(openSession(target, { chap: mutual }))).message, /stage 1 of the login where none/);
      await target.done();
    }
  });

  test('it does not do CHAP', async () => {
    for (const method of ['None', 'Reject']) {
      await using target = await ScriptedTarget.start(async (link) => {
        link.answerLogin(await link.next('loginRequest'), { AuthMethod: method });
        await link.closed();
      });
      const failure = await failureOf(openSession(target, { chap: oneWay }));
      assert.equal(failure.code, 'device.login-refused');
      assert.match(failure.message, /does not do CHAP/);
      await target.done();
    }
  });
});

describe('CHAP that cannot be', () => {
  const plays: readonly (readonly [string, Play, RegExp])[] = [
    ['another algorithm', { algorithm: '7' }, /CHAP_A=7 where 5/],
    ['a challenge of 1025 bytes', { written: `0x${'00'.repeat(1025)}` }, /challenge that cannot be understood/],
    ['an empty challenge', { written: '0x' }, /challenge that cannot be understood/],
    ['a challenge in clear', { written: 'hello' }, /challenge that cannot be understood/],
    ['an identifier of more than a byte', { identifier: '256' }, /challenge that cannot be understood/],
    ['no identifier', { identifier: '' }, /challenge that cannot be understood/],
  ];
  for (const [what, play, message] of plays) {
    test(what, async () => {
      await using target = await ScriptedTarget.start((link) =>
        askForProof(link, play).then(
          () => assert.fail('it went on'),
          () => undefined,
        ),
      );
      const failure = await failureOf(openSession(target, { chap: oneWay }));
      assert.match(failure.message, message);
      assertNoSecret(failure);
    });
  }

  test('the secret is wrong', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      link.answerLogin(await link.next('loginRequest'), { AuthMethod: 'CHAP' });
      link.answerLogin(await link.next('loginRequest'), { CHAP_A: '5', CHAP_I: '1', CHAP_C: '0x0102' });
      link.answerLogin(await link.next('loginRequest'), {}, { fields: { statusClass: 2, statusDetail: 1 } });
    });
    const failure = await failureOf(openSession(target, { chap: oneWay }));
    assert.equal(failure.code, 'device.login-refused');
    assert.match(failure.remedy, /chap\.passwordFile/);
    assert.match(failure.message, new RegExp(initiatorName));
    assertNoSecret(failure);
  });

  test('the target insists on it, and nothing is configured', async () => {
    await using target = await ScriptedTarget.start(async (link) => {
      const first = await link.next('loginRequest');
      assert.equal(new Map(keysOf(first.data)).get('AuthMethod'), 'None');
      link.answerLogin(first, { AuthMethod: 'CHAP' });
    });
    const failure = await failureOf(openSession(target));
    assert.equal(failure.code, 'device.login-refused');
    assert.match(failure.message, /insists on CHAP/);
    assert.match(failure.remedy, /passwordFile/);
  });
});

function assertNoSecret(failure: Error): void {
  const text = `${failure.stack} ${JSON.stringify(failure)} ${String(failure.cause)}`;
  for (const word of [secret, targetSecret]) {
    assert.ok(!text.includes(word) && !text.includes(Buffer.from(word).toString('hex')), 'a secret is in a message');
  }
}
