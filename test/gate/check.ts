import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLayers } from '#test/gate/layers';
import { checkLint } from '#test/gate/lint';
import { checkUnused } from '#test/gate/unused';

/**
 * The gate. A tool that looks at nothing reports nothing, so each is asked two questions: how much did you look at, and do
 * you report what was planted for you in a copy? Only then does its "no violations" count.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

for (const check of [checkLint, checkLayers, checkUnused]) {
  const { tool, looked, planted, problems } = check(root);
  const failures = [...problems];
  if (looked === 0) failures.push(`${tool} looked at nothing`);
  if (planted === 0) failures.push(`${tool} was shown no planted violation`);
  const verdict = failures.length === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`${tool}: ${verdict}, ${looked} files looked at, ${planted} planted violations reported\n`);
  for (const failure of failures) process.stdout.write(`${failure.trimEnd()}\n`);
  if (failures.length > 0) process.exitCode = 1;
}
