import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { encodeAcl } from '#src/archive/tar/posix-acl';
import { lgetxattr, setxattr } from '#src/base/posix/extended-attributes';

describe('encodeAcl', () => {
  it('makes what setfacl makes of the same text', () => {
    const folder = mkdtempSync(join(tmpdir(), 'acl-'));
    const [theirs, ours] = [join(folder, 'a'), join(folder, 'b')];
    writeFileSync(theirs, '');
    writeFileSync(ours, '');
    const text = 'user::rw-\nuser:7:r-x\nuser:4000000000:-w-\ngroup::r--\ngroup:9:rwx\nmask::rwx\nother::--x\n';
    execFileSync('setfacl', ['--set-file=-', theirs], { input: text });
    const value = encodeAcl(Buffer.from(text));
    assert.deepEqual(value, lgetxattr(theirs, 'system.posix_acl_access'));
    setxattr(ours, 'system.posix_acl_access', value as Buffer);
    const shown = (path: string): string =>
      execFileSync('getfacl', ['-nc', '--absolute-names', path], { encoding: 'utf8' });
    assert.equal(shown(ours), shown(theirs));
    rmSync(folder, { recursive: true });
  });

  it('takes any order, commas, one letter, comments and empty lines', () => {
    const plain = encodeAcl(Buffer.from('user::rwx\nuser:5:r--\ngroup::r-x\nmask::r-x\nother::---\n'));
    assert.ok(plain);
    assert.deepEqual(encodeAcl(Buffer.from('o::---,m::r-x,g::r-x,u:5:r--\t#effective:r--\n\nu::rwx')), plain);
  });

  for (const text of [
    '',
    'user::rwx\ngroup::r-x\n',
    'user::rwx\nuser::rwx\ngroup::r-x\nother::---\n',
    'user::rwx\nuser:5:r--\ngroup::r-x\nother::---\n',
    'user::rwx\nuser:5:r--\nuser:5:rwx\ngroup::r-x\nmask::rwx\nother::---\n',
    'user::rwx\nuser:root:r--\ngroup::r-x\nmask::rwx\nother::---\n',
    'user::rwx\nuser:4294967295:r--\ngroup::r-x\nmask::rwx\nother::---\n',
    'user::rwx\ngroup::r-x\nother:5:---\n',
    'user::rwxx\ngroup::r-x\nother::---\n',
    'user::rwx\ngroup::r-x\nother::\xff',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(encodeAcl(Buffer.from(text, 'latin1')), undefined));
  }
});
