import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCodes } from '#src/base/error-codes';
import { GrandsireError, interrupted } from '#src/base/errors';
import { exitCodeOf } from '#src/cli/exit-codes';
import { asFailure, failureDocument, failureText } from '#src/cli/failure';

const quiet = new AbortController().signal;
const fired = AbortSignal.abort(interrupted());

test('every code has an exit code that operators know', () => {
  for (const { kind } of Object.values(errorCodes)) assert.ok(exitCodeOf[kind] > 0);
  assert.equal(exitCodeOf[errorCodes['command.interrupted'].kind], 130);
});

test('an abort after an interruption is the interruption; without one it is a bug', () => {
  const abort = new DOMException('This operation was aborted', 'AbortError');
  assert.equal(asFailure(abort, fired).code, 'command.interrupted');
  assert.equal(asFailure(abort, quiet).code, 'internal.bug');
});

test('what nobody foresaw is a bug, with its stack for whoever mends it', () => {
  const failure = asFailure(new RangeError('off by one'), quiet);
  assert.equal(failure.code, 'internal.bug');
  assert.match(failureText(failure), /^grandsire: off by one\n.*report.*\nRangeError: off by one\n +at /);
  assert.equal(asFailure('text', quiet).message, 'text');
});

test('where tidying up fails as well, what failed first is told', async () => {
  const failing = (message: string): AsyncDisposable => ({
    [Symbol.asyncDispose]: () => Promise.reject(new RangeError(message)),
  });
  const first = new GrandsireError('catalog.disk-full', { message: 'm', remedy: 'Do r.' });
  const both = await (async () => {
    await using _outer = failing('second to be closed');
    await using _inner = failing('first to be closed');
    throw first;
  })().catch((thrown: unknown) => thrown);
  assert.notEqual(both, first);
  assert.equal(asFailure(both, quiet), first);
});

test('a failure says what and the remedy, and in JSON nothing else', () => {
  const failure = new GrandsireError('config.invalid', { message: 'm', remedy: 'Do r.', details: { path: '/x' } });
  assert.equal(failureText(failure), 'grandsire: m\nDo r.\n');
  assert.deepEqual(failureDocument(failure), {
    error: { code: 'config.invalid', message: 'm', blame: 'operator', remedy: 'Do r.' },
  });
});
