import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mishap } from '#test/soak/mishap';

const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A process that goes on for so long hangs. */
const patienceMs = 120_000;

export interface ProgramRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** Instants of the program's trace that it came to. */
  readonly instants: readonly string[];
  /** Calls that changed something, of one that ended by itself. */
  readonly calls: number | undefined;
  /** The call at which it was killed. */
  readonly killedAtCall: string | undefined;
  readonly hung: boolean;
  /** What it spoke to died while it ran. */
  readonly targetDied: boolean;
}

interface Surroundings {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly mishap: Mishap;
  /** Kills what the program speaks to, and has it come up again. */
  readonly breakTarget: (downMs: number) => void;
}

export async function runProgram(
  argv: readonly string[],
  { folder, environment, mishap, breakTarget }: Surroundings,
): Promise<ProgramRun> {
  const [trace, note] = [join(folder, 'trace'), join(folder, 'note')];
  for (const file of [trace, note]) rmSync(file, { force: true });
  const traced = { GRANDSIRE_TEST_CLOCK: '1', GRANDSIRE_TRACE: trace, SOAK_NOTE: note };
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...argv], {
    cwd: folder,
    env: { ...process.env, ...environment, ...traced, ...variablesOf(mishap) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const met = { hung: false, targetDied: false };
  const timers = [
    after(
      patienceMs,
      () => child.kill('SIGKILL'),
      () => (met.hung = true),
    ),
  ];
  if (mishap.kind === 'after') timers.push(after(mishap.ms, () => child.kill(mishap.signal)));
  if (mishap.kind === 'target') {
    timers.push(
      after(
        mishap.ms,
        () => breakTarget(mishap.downMs),
        () => (met.targetDied = true),
      ),
    );
  }
  try {
    const ended = await endOf(child);
    const durationMs = performance.now() - began;
    const instants = existsSync(trace) ? readFileSync(trace, 'utf8').split('\n').filter(Boolean) : [];
    return { ...ended, ...met, durationMs, instants, ...readNote(note, folder) };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function after(ms: number, ...doings: readonly (() => unknown)[]): NodeJS.Timeout {
  return setTimeout(() => {
    for (const doing of doings) doing();
  }, ms);
}

function endOf(child: ChildProcess): Promise<Pick<ProgramRun, 'exitCode' | 'signal' | 'stdout' | 'stderr'>> {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...output }));
  });
}

/** What preload.c left: how many calls there were, or the one at which it killed the process. */
function readNote(note: string, folder: string): Pick<ProgramRun, 'calls' | 'killedAtCall'> {
  const text = existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
  const calls = /^(\d+) calls$/.exec(text)?.[1];
  if (calls !== undefined) return { calls: Number(calls), killedAtCall: undefined };
  return { calls: undefined, killedAtCall: text === '' ? undefined : text.replace(`${folder}/`, '') };
}

function variablesOf(mishap: Mishap): Record<string, string> {
  if (mishap.kind === 'instant')
    return { GRANDSIRE_TRACE_STOP: `${mishap.name}:${mishap.occurrence}:${mishap.signal}` };
  if (mishap.kind === 'call') return { SOAK_KILL_AT: String(mishap.call), SOAK_KILL_TORN: mishap.torn ? '1' : '0' };
  return {};
}
