import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLine } from '#src/cli/progress-line';

function recorder(isTerminal: boolean) {
  const state = { now: 0, text: '' };
  const write = (text: string): void => {
    state.text += text;
  };
  const line = new ProgressLine({ write, isTerminal, columns: 100, elapsed: () => state.now });
  return { state, line };
}

test('a terminal gets a bar with rate and time left, drawn over at most ten times a second', () => {
  const { state, line } = recorder(true);
  for (let n = 0; n <= 1000; n += 1) {
    state.now = n;
    line.show({ task: 'staging home', done: n * 2 ** 20, total: 2000 * 2 ** 20, unit: 'bytes' });
  }
  assert.equal(state.text.split('\r').length - 1, 11);
  assert.ok(
    state.text.endsWith('staging home: [==========          ] 50 % of 1.95 GiB, 1000 MiB/s, 1 s left'),
    state.text,
  );
  line.clear();
  assert.ok(state.text.endsWith('\r\u001b[K'));
});

test('more than 2³² bytes are counted as such, and so is the time that they take', () => {
  const { state, line } = recorder(true);
  for (const seconds of [0, 100]) {
    state.now = seconds * 1000;
    line.show({ task: 'writing', done: 2 ** 33 + seconds * 2 ** 28, total: 2 ** 40, unit: 'bytes' });
  }
  assert.ok(
    state.text.endsWith('writing: [                    ] 3 % of 1.00 TiB, 256 MiB/s, 1 h 06 min left'),
    state.text,
  );
});

test('a log gets a plain line now and then, and none for work that is over soon', () => {
  const { state, line } = recorder(false);
  for (state.now = 0; state.now < 90_000; state.now += 1000) {
    line.show({ task: 'reading', done: state.now / 1000, unit: 'files' });
  }
  line.show({ task: 'short', done: 1, unit: 'files' });
  line.clear();
  assert.equal(state.text, 'reading: 30 files, 1/s\nreading: 60 files, 1/s\n');
});

test('what is named cannot command the terminal, nor break the line', () => {
  const { state, line } = recorder(true);
  line.show({ task: 'reading', done: 0, unit: 'files', detail: `a\u001b[2Jb\nc${'x'.repeat(500)}` });
  assert.match(state.text, /^\r\u001b\[Kreading: 0 files {2}a\\x1B\[2Jb cx+$/);
  assert.ok(state.text.length < 110);
});
