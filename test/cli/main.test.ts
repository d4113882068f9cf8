import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const manifest = new URL('../../../package.json', import.meta.url);

test('--version prints the version of the package', () => {
  const run = spawnSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
  assert.equal(run.stdout, `${JSON.parse(readFileSync(manifest, 'utf8')).version}\n`);
  assert.equal(run.status, 0);
});

test('the exit code and the document reach the shell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grandsire-main-'));
  try {
    const init = () => spawnSync(process.execPath, [main, 'init', '--json'], { cwd: folder, encoding: 'utf8' });
    const first = init();
    assert.equal(first.status, 0, first.stderr);
    assert.equal(JSON.parse(first.stdout).configuration, join(folder, 'grandsire.yaml'));
    const second = init();
    assert.equal(second.status, 6);
    assert.equal(JSON.parse(second.stdout).error.code, 'config.exists');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a pipe that is closed early is no failure', async () => {
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(Buffer.concat(errors).toString(), '');
  assert.equal(status, 0);
});

test('an answer that cannot be written is one message, and a failure', () => {
  for (const argv of [['--help'], ['--help', '--json'], ['find', '--help']]) {
    const full = openSync('/dev/full', 'w');
    const run = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    assert.match(run.stderr, /^grandsire: standard output cannot be written: ENOSPC.*\nOnly the answer is lost.*\n$/);
    assert.equal(run.status, 1);
  }
});
