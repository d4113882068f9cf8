import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '#src/base/clock';
import { milliseconds } from '#src/base/duration';
import { acquireFlockLease } from '#src/base/flock-lease';
import { openLog } from '#src/base/log';
import { systemPause } from '#src/base/pause';

const folder = mkdtempSync(join(tmpdir(), 'grandsire-state-'));
after(() => rmSync(folder, { recursive: true }));

// A folder in the place of a file refuses a write to everybody, root too, as a disk that is read-only does.
test('a log or a lock that cannot be written is said as what it is', async () => {
  mkdirSync(join(folder, 'grandsire.log'));
  mkdirSync(join(folder, 'staging.lock'));
  await assert.rejects(openLog(folder), {
    code: 'state.not-writable',
    message: /grandsire\.log cannot be written: EISDIR/,
  });
  const rows = { get: async () => undefined, put: async () => undefined, remove: async () => undefined };
  const request = { resource: 'staging', folder, rows, job: 'test', wait: milliseconds(0), clock: systemClock };
  await assert.rejects(acquireFlockLease({ ...request, pause: systemPause }), {
    code: 'state.not-writable',
    message: /staging\.lock cannot be written: EISDIR/,
  });
});
