import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What one tool of the gate found. */
export interface GateResult {
  readonly tool: string;
  /** Files that the tool says it looked at. */
  readonly looked: number;
  /** Planted violations, each of them reported by the tool. */
  readonly planted: number;
  /** Violations in the project, and planted ones that were not reported; empty when all is well. */
  readonly problems: readonly string[];
}

export interface ToolRun {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool of `node_modules/.bin` in `folder`. */
export function runTool(folder: string, tool: string, args: readonly string[]): ToolRun {
  const run = spawnSync(join(folder, 'node_modules/.bin', tool), args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { ok: run.status === 0, stdout: run.stdout ?? '', stderr: `${run.stderr ?? ''}${run.error?.message ?? ''}` };
}

/** Calls `use` with a temporary folder that sees the project's packages, and removes the folder afterwards. */
export function inTemporaryFolder<T>(root: string, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'grandsire-gate-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function plant(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
