import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorCodes } from '#src/base/error-codes';
import { wordsOf } from '#src/cli/command';
import { commandWords, loadCommands } from '#src/cli/command-table';
import { withTgtDifferences } from '#test/docs/hardware-section';
import { renderDocs } from '#test/docs/render-docs';
import { renderFaults } from '#test/docs/render-faults';

const folder = new URL('../../../docs/cli/', import.meta.url);

test('docs/cli is what the definitions say (else: npm run docs)', async () => {
  const pages = await renderDocs();
  assert.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort());
  for (const [name, text] of pages) assert.equal(readFileSync(new URL(name, folder), 'utf8'), text, name);
});

test('docs/faults.md is what the scenarios say (else: npm run docs)', () => {
  assert.equal(readFileSync(new URL('../faults.md', folder), 'utf8'), renderFaults());
});

test('docs/hardware.md lists the differences that are tested (else: npm run docs)', () => {
  const page = readFileSync(new URL('../hardware.md', folder), 'utf8');
  assert.equal(page, withTgtDifferences(page));
});

test('every command stands in the table under its own words, and says what help needs', async () => {
  const commands = await loadCommands();
  assert.deepEqual(commands.map(wordsOf), commandWords);
  for (const command of commands) {
    const words = wordsOf(command);
    assert.match(command.summary, /[^.]$/, words);
    assert.ok(command.examples.length > 0, `${words} has no example`);
    for (const { command: line } of command.examples) assert.match(line, new RegExp(`^grandsire ${words}( |$)`));
    assert.ok(command.exitCodes.includes(0), words);
    const many = command.positionals.findIndex((positional) => positional.many === true);
    assert.ok(many === -1 || many === command.positionals.length - 1, `${words}: only the last word can be many`);
  }
});

test('codes are in alphabetical order and of the form noun.reason', () => {
  const codes = Object.keys(errorCodes);
  assert.deepEqual(codes, [...codes].sort());
  for (const code of codes) assert.match(code, /^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$/);
});
