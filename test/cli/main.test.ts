import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const manifest = new URL('../../../package.json', import.meta.url);

test('--version prints the version of the package', () => {
  const run = spawnSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
  assert.equal(run.stdout, `${JSON.parse(readFileSync(manifest, 'utf8')).version}\n`);
  assert.equal(run.status, 0);
});
