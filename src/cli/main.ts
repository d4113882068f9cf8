#!/usr/bin/env node
import { systemClock } from '#src/base/clock';
import { interrupted } from '#src/base/errors';
import type { TimeZone } from '#src/base/time-zone';
import { runCli } from '#src/cli/run-cli';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: the second of its kind ends the process as it would any, for an operator who will not wait for the safe point.
  process.once(signal, () => {
    process.stderr.write(`\n${signal}: stopping at the next safe point; once more to stop at once\n`);
    interruption.abort(interrupted(`interrupted by ${signal}`));
  });
}

// `grandsire find x | head -1` closes the pipe early: what is left unsaid does no harm, what is being written goes on. So it does where the answer cannot be
// written, as to a full disk; but then the command has not done what was asked of it.
let answerLost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || answerLost) return;
  answerLost = true;
  process.exitCode = 1;
  const remedy = 'Only the answer is lost, what the command did is done. Make room, or send the output elsewhere.';
  process.stderr.write(`grandsire: standard output cannot be written: ${error.message}\n${remedy}\n`);
});
// There is nowhere left to say it.
process.stderr.on('error', () => undefined);

// Intl names zones that it knows; checking that would load the library for dates before every command.
const machineZone = Intl.DateTimeFormat().resolvedOptions().timeZone as TimeZone;

// The exit code is set, the process is left to end: a worker thread with a statement in flight must not be cut off.
const exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  variables: process.env,
  folder: process.cwd(),
  clock: systemClock,
  timeZone: machineZone,
  signal: interruption.signal,
});
process.exitCode = answerLost ? 1 : exitCode;
