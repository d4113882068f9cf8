import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeDirectory } from '#src/base/make-directory';

const folder = mkdtempSync(join(tmpdir(), 'make-directory-'));
after(() => rmSync(folder, { recursive: true }));

test('what is missing above is made too, with the mode, and what is there is left as it is', () => {
  makeDirectory(join(folder, 'a/b/c'), 0o700);
  for (const name of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o700);
  makeDirectory(join(folder, 'a/b'), 0o755);
  assert.equal(statSync(join(folder, 'a/b')).mode & 0o777, 0o700);
  symlinkSync('a', join(folder, 'link'));
  makeDirectory(join(folder, 'link/d'));
  assert.ok(statSync(join(folder, 'a/d')).isDirectory());
});

test('what is no directory on the way is said', () => {
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => makeDirectory(join(folder, 'file')), { code: 'EEXIST' });
  assert.throws(() => makeDirectory(join(folder, 'file/below')), { code: 'EEXIST', message: /mkdir '.*\/file'$/ });
});

/** In a process of its own, which can be ended where a call does not come back. */
function inProcess(module: string, call: string): string {
  const script = `import * as m from ${JSON.stringify(new URL(module, import.meta.url).href)};
    try { ${call} } catch (error) { console.log(error.code, error.remedy ?? '') }`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000, encoding: 'utf8' });
  assert.equal(run.signal, null, `${call} does not end`);
  return run.stdout;
}

test('a file system that makes no directories ends it, with what to do where an operator named the place', () => {
  assert.match(inProcess('../../src/base/make-directory.js', "m.makeDirectory('/proc/x/y')"), /^ENOENT/);
  const folderOfState = inProcess('../../src/base/make-directory.js', "m.makeStateFolder('/proc/x/locks')");
  assert.match(folderOfState, /^state\.not-writable .*`state:`/);
  const target = "new m.TargetDirectories('/proc/x')";
  const restored = inProcess('../../src/archive/extract/target-directories.js', target);
  assert.match(restored, /^restore\.write-failed .*`--to DIR`/);
});
