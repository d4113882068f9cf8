import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandWords } from '#src/cli/command-table';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const words = new Set(commandWords);
const nouns = new Set(commandWords.map((command) => command.split(' ')[0] ?? ''));

/** Files that an operator reads, or that hold what is said to one. */
const files = [
  'README.md',
  ...['src', 'drivers', 'schemes', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|md)$/.test(name))
      .map((name) => join(folder, name)),
  ),
];

/** `grandsire drive list` where it stands for a command: quoted, or as a line of its own. */
const named = /(?:[`"'(]|: |^(?:npx )?)grandsire ([a-z]+)(?: ([a-z]+))?/gm;

test('every command that a message, a remedy or a page names exists', () => {
  let count = 0;
  const missing: string[] = [];
  for (const file of files) {
    for (const [text, noun = '', verb] of readFileSync(join(root, file), 'utf8').matchAll(named)) {
      // A noun alone: its help is meant.
      if (!nouns.has(noun) || (verb === undefined && !words.has(noun))) continue;
      count += 1;
      if (!words.has(noun) && !words.has(`${noun} ${verb}`)) missing.push(`${file}: ${text}`);
    }
  }
  assert.ok(count > 200, `${count} commands were found, too few to have looked`);
  assert.deepEqual(missing, []);
});
