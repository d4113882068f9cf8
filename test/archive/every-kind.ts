import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const run = (command: string, ...args: readonly string[]): void => {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
};

/** A tree with every kind of entry that an archive can hold; as root. */
export function makeEveryKind(root: string): void {
  const at = (name: string): string => join(root, name);
  mkdirSync(at('deep/er'), { recursive: true });
  writeFileSync(at('empty'), '');
  writeFileSync(at('small'), 'small');
  writeFileSync(at('block'), Buffer.alloc(512, 1));
  writeFileSync(at('big'), pattern(300_000));
  writeFileSync(at(`deep/er/${'n'.repeat(255)}`), 'long name');
  mkdirSync(at(`${'d'.repeat(200)}/${'e'.repeat(200)}`), { recursive: true });
  writeFileSync(at(`${'d'.repeat(200)}/${'e'.repeat(200)}/f`), 'long path');
  writeFileSync(at('grüße'), 'text that is not ASCII');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'not UTF-8');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.alloc(150, 0xff)]), 'long and not UTF-8');
  writeFileSync(at('new\nline'), 'line');
  symlinkSync('small', at('symlink'));
  symlinkSync('t'.repeat(300), at('long symlink'));
  linkSync(at('small'), at('deep/link'));
  linkSync(at('symlink'), at('deep/link to symlink'));
  run('mkfifo', at('fifo'));
  run('mknod', at('character'), 'c', '1', '3');
  run('mknod', at('block-device'), 'b', '7', '300');
  makeSparse(at('hole at the end'), [0, 65_536], 1_000_000);
  makeSparse(at('hole first'), [500_000], 500_010);
  makeSparse(at('all hole'), [], 400_000);
  writeFileSync(at('attributes'), 'attributes');
  run('setfattr', '-n', 'trusted.one', '-v', '0x00ff0a3d', at('attributes'));
  run('setfattr', '-n', 'trusted.a=b', '-v', 'two', at('attributes'));
  run('setfacl', '-m', 'u:12345:r,g:54321:rwx', at('attributes'));
  run('setfacl', '-d', '-m', 'u:12345:rwx', at('deep'));
  writeFileSync(at('owned'), 'owned');
  run('chown', '3000000:2999999', at('owned'));
  run('chmod', '4751', at('owned'));
  run('touch', '-h', '-d', '1969-12-31 23:59:58.5 UTC', at('empty'));
  run('touch', '-h', '-d', '2300-01-01 00:00:00.000000001 UTC', at('block'));
  run('touch', '-h', '-d', '2001-02-03 04:05:06.123456789 UTC', at('symlink'));
  run('touch', '-h', '-d', '2002-02-03 04:05:06.987654321 UTC', at('deep/er'));
}

function makeSparse(path: string, data: readonly number[], size: number): void {
  const fd = openSync(path, 'w');
  for (const offset of data) writeSync(fd, pattern(Math.min(8192, size - offset)), 0, null, offset);
  ftruncateSync(fd, size);
  closeSync(fd);
}

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 7 + (at >> 8)) & 0xff;
  return bytes;
}

/** What `find`, `getfattr` and `getfacl` say of a tree: one text that differs where the trees differ. */
export function describeTree(root: string): string {
  const shell = (script: string): string =>
    execFileSync('bash', ['-c', script, 'bash', root], { encoding: 'latin1', maxBuffer: 1 << 28 });
  return shell(
    'cd "$1" && find . ! -type d -printf "%p %y %m %U %G %s %T@ %l %n\\n" | LC_ALL=C sort;' +
      'find . -type d -printf "%p %m %U %G %T@\\n" | LC_ALL=C sort;' +
      'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum;' +
      'find . \\( -type b -o -type c \\) -exec stat -c "%n %t %T" {} + | LC_ALL=C sort;' +
      'find . \\( -type f -o -type d \\) -print0 | LC_ALL=C sort -z | xargs -0 getfattr -d -m - -e hex --;' +
      'find . \\( -type f -o -type d \\) -print0 | LC_ALL=C sort -z | xargs -0 getfacl -n --',
  );
}
