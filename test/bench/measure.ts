import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Measured {
  readonly seconds: number;
  /** Peak resident memory of the process itself (VmHWM), read until it ended; of pipelines the shell's. */
  readonly peakMiB: number;
}

/** What tells Node.js to do more than the program asks of it (`NODE_EXTRA_CA_CERTS`: 50 ms of reading certificates) is the environment's, not the program's. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')));

/** Runs a whole process to its end. Throws where it does not end with one of the exit codes. */
export async function runProcess(
  command: readonly [string, ...string[]],
  { cwd, exitCodes = [0] }: { readonly cwd: string; readonly exitCodes?: readonly number[] },
): Promise<Measured> {
  const [program, ...args] = command;
  const started = performance.now();
  const child = spawn(program, args, { cwd, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  let peakMiB = 0;
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakOf(child.pid));
  }, 20);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  if (code === null || !exitCodes.includes(code))
    throw new RangeError(`${command.join(' ')} ended with ${code}: ${said}`);
  return { seconds, peakMiB };
}

function peakOf(pid: number | undefined): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Both in turn, A B A B …, after one round that does not count. */
export async function interleave(
  rounds: number,
  ours: () => Promise<Measured>,
  peer: () => Promise<Measured>,
): Promise<{ readonly ours: readonly Measured[]; readonly peer: readonly Measured[] }> {
  const results = { ours: [] as Measured[], peer: [] as Measured[] };
  for (let round = 0; round <= rounds; round += 1) {
    const [a, b] = [await ours(), await peer()];
    if (round === 0) continue;
    results.ours.push(a);
    results.peer.push(b);
  }
  return results;
}
