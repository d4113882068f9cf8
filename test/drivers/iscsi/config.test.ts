import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseIscsiSettings } from '#drivers/iscsi/config';
import { parsePortal } from '#drivers/iscsi/portal';
import { readChapSettings } from '#drivers/iscsi/secrets';
import { GrandsireError } from '#src/base/errors';
import { testSettingsPlace } from '#test/support/virtual-library';

const folder = mkdtempSync(join(tmpdir(), 'grandsire-iscsi-'));
after(() => rmSync(folder, { recursive: true }));

const place = { ...testSettingsPlace, resolve: (path: string) => join(folder, path) };
const parse = (settings: Readonly<Record<string, unknown>>) => parseIscsiSettings(settings, place);
const portal = '192.0.2.10:3260';

function refusal(work: () => unknown): GrandsireError {
  try {
    work();
  } catch (cause) {
    assert.ok(cause instanceof GrandsireError, String(cause));
    assert.equal(cause.code, 'config.invalid');
    return cause;
  }
  return assert.fail('accepted');
}

describe('settings', () => {
  test('the least, and all', () => {
    const least = parse({ driver: 'iscsi', portal: '192.0.2.10' });
    assert.deepEqual(least.portal, { host: '192.0.2.10', port: 3260 });
    assert.deepEqual([least.target, least.chap, least.digests], [undefined, undefined, false]);
    assert.match(least.initiator, /^iqn\.2026-11\.grandsire:[a-z0-9.-]+$/);
    const chap = { user: 'us', passwordFile: 'a', mutual: { user: 'them', passwordFile: 'b' } };
    const names = { target: 'iqn.2001-04.com.example:lib', initiator: 'eui.02004567a425678d' };
    const all = parse({ driver: 'iscsi', portal, ...names, digests: true, chap });
    assert.deepEqual([all.target, all.initiator, all.digests], [names.target, names.initiator, true]);
    assert.deepEqual([all.chap?.user, all.chap?.passwordFile], ['us', join(folder, 'a')]);
    assert.deepEqual([all.chap?.mutual?.user, all.chap?.mutual?.passwordFile], ['them', join(folder, 'b')]);
  });

  test('names of targets as targets write them', () => {
    // RFC 7143 4.2.7.4 and 4.2.7.5, and what libraries make of a host name.
    for (const target of ['eui.02004567A425678D', 'naa.52004567BA64678D', 'iqn.2004-04.com.example:TS_453:iscsi.vtl']) {
      assert.equal(parse({ portal, target }).target, target);
    }
  });

  const chap = { user: 'us', passwordFile: 'a' };
  for (const [what, settings, message, remedy] of [
    ['no portal', {}, /portal: the address of the library is missing/, /portal: '192/],
    ['a portal that is none', { portal: 'a b' }, /portal: "a b" is no address/, /portal/],
    ['a portal that is a number', { portal: 3260 }, /portal: 3260 is no address/, /portal/],
    ['a misspelt key', { portal, tarrget: 'x' }, /tarrget: .*no setting "tarrget"/, /"target"/],
    [
      'a name in upper case',
      { portal, target: 'IQN.2001-04.com.Example' },
      /target: .*is not an iSCSI name/,
      /as the library shows it/,
    ],
    ['a name that is too long', { portal, target: `iqn.${'ä'.repeat(110)}` }, /target: /, /eui\./],
    ['a name with a second line', { portal, target: 'iqn.a\nb' }, /target: /, /eui\./],
    ['an initiator in upper case', { portal, initiator: 'iqn.2001-04.com.Example' }, /initiator: /, /lower case/],
    ['an IPv6 address without brackets', { portal: '2001:db8::10' }, /"2001:db8::10" is no/, /\[2001:db8::10\]:3260/],
    ['an initiator that is none', { portal, initiator: 'host' }, /initiator: "host" is not/, /iqn/],
    ['digests that are no choice', { portal, digests: 'yes' }, /digests: "yes" is neither/, /digests: true/],
    ['a user alone', { portal, chap: { user: 'us' } }, /chap.passwordFile: the file/, /passwordFile: /],
    ['no user', { portal, chap: { passwordFile: 'a' } }, /chap.user: the name/, /user: NAME/],
    ['chap as text', { portal, chap: 'us:secret' }, /chap: not a user/, /passwordFile/],
    ['a secret', { portal, chap: { ...chap, password: 'x' } }, /chap.password: secrets do not stand/, /passwordFile/],
    ['a key inside', { portal, chap: { ...chap, mutul: chap } }, /chap.mutul/, /"mutual"/],
    [
      'mutual inside mutual',
      { portal, chap: { ...chap, mutual: { ...chap, mutual: chap } } },
      /chap.mutual.mutual/,
      /Use/,
    ],
  ] as const) {
    test(what, () => {
      const failure = refusal(() => parse(settings));
      assert.match(failure.message, message);
      assert.match(failure.remedy, remedy);
      assert.ok(!failure.message.includes('us:secret'));
    });
  }
});

test('addresses as operators and targets write them', () => {
  const cases: readonly (readonly [string, { readonly host: string; readonly port: number } | undefined])[] = [
    ['library', { host: 'library', port: 3260 }],
    ['library.example:860', { host: 'library.example', port: 860 }],
    ['192.0.2.1:3260,1', { host: '192.0.2.1', port: 3260 }],
    ['[2001:db8::1]:3261,12', { host: '2001:db8::1', port: 3261 }],
    ['[2001:db8::1]', { host: '2001:db8::1', port: 3260 }],
    ['[fe80::1%eth0]:3260', { host: 'fe80::1%eth0', port: 3260 }],
    ['2001:db8::1', undefined],
    ['library:0', undefined],
    ['library:65536', undefined],
    ['', undefined],
    [':3260', undefined],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parsePortal(text), expected, text);
});

describe('secrets', () => {
  let files = 0;
  const file = (content: string | Buffer, mode = 0o600): string => {
    const path = join(folder, `secret-${++files}`);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  const pipe = (): string => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', path]);
    return path;
  };
  const account = (passwordFile: string) => ({ user: 'us', passwordFile, place: 'grandsire.yaml: chap.passwordFile' });
  const read = (passwordFile: string, mutual?: string) =>
    readChapSettings({ ...account(passwordFile), mutual: mutual === undefined ? undefined : account(mutual) });

  test('one line, with and without its end; every byte counts', () => {
    for (const [content, expected] of [
      ['correct-horse', 'correct-horse'],
      ['correct-horse\n', 'correct-horse'],
      ['correct-horse\r\n\n', 'correct-horse'],
      [' a b ', ' a b '],
    ] as const) {
      assert.equal(read(file(content))?.ours.secret.toString(), expected);
    }
    const bytes = Buffer.from([0xc3, 0xa4, 0xff, 0x01]);
    assert.deepEqual(read(file(bytes))?.ours.secret, bytes);
    assert.equal(readChapSettings(undefined), undefined);
  });

  for (const [what, make, message] of [
    ['no file', () => join(folder, 'absent'), /absent cannot be read \(ENOENT\)/],
    ['a folder', () => folder, /is not a file with a secret/],
    ['a pipe, which is not waited for', () => pipe(), /is not a file with a secret/],
    ['a device, whose rights are nobody to change', () => '/dev/null', /is not a file with a secret/],
    ['a file of another kind', () => file(Buffer.alloc(5000, 10)), /is not a file with a secret/],
    ['an empty file', () => file(''), /does not hold one line/],
    ['an empty line', () => file('\nsecret-word'), /does not hold one line/],
    ['several lines', () => file('secret-word\nsecret-word\n'), /does not hold one line/],
    ['a line that is too long', () => file('secret-word'.repeat(30)), /does not hold one line of 1 to 255 bytes/],
    ['readable by the group', () => file('secret-word', 0o640), /can be read by others/],
    ['writable by everybody', () => file('secret-word', 0o602), /can be read by others/],
  ] as const) {
    test(what, () => {
      const failure = refusal(() => read(make()));
      assert.match(failure.message, message);
      assert.match(failure.message, /^grandsire\.yaml: chap\.passwordFile: /);
      assert.ok(!`${failure.stack}${failure.remedy}`.includes('secret-word'));
    });
  }

  test('the same one both ways', () => {
    const failure = refusal(() => read(file('secret-word'), file('secret-word\n')));
    assert.match(failure.message, /the same as ours/);
    assert.ok(!`${failure.stack}${failure.remedy}`.includes('secret-word'));
    assert.equal(read(file('secret-word'), file('other-word'))?.target?.secret.toString(), 'other-word');
  });
});
