import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeBudget, phases } from '#src/library/watchdog/phases';

test('docs/operating.md has the budget of every phase, and why', () => {
  const page = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const rows = Object.values(phases).map(
    ({ what, budget, reason }) => `| ${what} | ${describeBudget(budget)} | ${reason} |`,
  );
  const found = page.split('\n').filter((line) => line.startsWith('| ') && / (?:h|min) \| /.test(line));
  assert.deepEqual(found, rows);
});
