import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invoke } from '#test/cli/invoke';

const folder = '/';

/** Exactly one document, and it is a failure. */
function failureOf(stdout: string) {
  assert.match(stdout, /^\{.*\}\n$/);
  const { error } = JSON.parse(stdout);
  assert.deepEqual(Object.keys(error), ['code', 'message', 'blame', 'remedy']);
  return error;
}

const wrong: readonly { readonly argv: readonly string[]; readonly says: RegExp }[] = [
  { argv: [], says: /no command/ },
  { argv: ['inti'], says: /`inti` is not a command/ },
  { argv: ['constructor'], says: /is not a command/ },
  { argv: ['--config', 'init'], says: /no command/ },
  { argv: ['init', '--colour'], says: /--colour/ },
  { argv: ['init', 'a', 'b'], says: /"b" is one word too many/ },
  { argv: ['init', '--now', '2026-01-01T00:00:00Z'], says: /--now/ },
];

for (const { argv, says } of wrong) {
  test(`usage: grandsire ${argv.join(' ')}`, async () => {
    const text = await invoke(argv, { folder });
    assert.equal(text.exitCode, 2);
    assert.equal(text.stdout, '');
    assert.match(text.stderr, says);
    assert.match(text.stderr, /Run `grandsire .*--help`/);
    const json = await invoke([...argv, '--json'], { folder });
    assert.equal(json.exitCode, 2);
    assert.equal(json.stderr, '');
    const error = failureOf(json.stdout);
    assert.equal(error.code, 'command.usage');
    assert.match(error.message, says);
  });
}

test('a slip in the command finds what was meant', async () => {
  assert.match((await invoke(['inti'], { folder })).stderr, /Did you mean `grandsire init`/);
});

test('help and version go to stdout and need no configuration', async () => {
  for (const argv of [['--help'], ['init', '--help'], ['--quiet', 'init', '--help']]) {
    const run = await invoke(argv, { folder });
    assert.deepEqual([run.exitCode, run.stderr], [0, '']);
    assert.match(run.stdout, /init \[DIR\]/);
  }
  assert.match((await invoke(['--version'], { folder })).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match(JSON.parse((await invoke(['--help', '--json'], { folder })).stdout).text, /Commands/);
});

test('--now is taken only where the test clock is allowed, and only with an offset', async () => {
  const variables = { GRANDSIRE_TEST_CLOCK: '1' };
  const without = await invoke(['init', '/proc/none', '--now', '2026-01-01T00:00'], { folder, variables });
  assert.match(without.stderr, /which is not a moment/);
  const good = await invoke(['init', '/proc/none', '--now', '2026-01-01T00:00:00Z'], { folder, variables });
  assert.match(good.stderr, /cannot be written/);
});
