import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { confirm } from '#src/cli/confirm';

const ask = async (answer: string, terminal: boolean, confirmation = { yes: false, json: false }) => {
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal });
  const stderr = Object.assign(new PassThrough(), { isTTY: terminal });
  stdin.write(answer);
  await confirm('This erases G00001L9.', confirmation, { stdin, stderr, signal: new AbortController().signal });
  return String(stderr.read() ?? '');
};

test('on a terminal it asks, and takes only yes for yes', async () => {
  assert.match(await ask('y\n', true), /This erases G00001L9\. Go on\? \[y\/N\]/);
  await ask('YES\n', true);
  for (const answer of ['\n', 'n\n', 'yeah\n']) await assert.rejects(ask(answer, true), { code: 'command.declined' });
});

test('--yes is not asked', async () => {
  assert.equal(await ask('', true, { yes: true, json: false }), '');
  assert.equal(await ask('', false, { yes: true, json: true }), '');
});

test('without a terminal, and with --json, it ends with the remedy', async () => {
  await assert.rejects(ask('y\n', false), { code: 'command.unconfirmed', kind: 'usage', remedy: /`--yes`/ });
  await assert.rejects(ask('y\n', true, { yes: false, json: true }), { code: 'command.unconfirmed' });
});

test('an interruption while it waits is an interruption', async () => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const controller = new AbortController();
  const asked = confirm('This erases it.', { yes: false, json: false }, { stdin, stderr, signal: controller.signal });
  stderr.once('data', () => controller.abort());
  await assert.rejects(asked, { code: 'command.interrupted' });
});
