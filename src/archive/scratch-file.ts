import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Opens a new file in `directory` for writing and reading, and takes its name away at once: the kernel frees it with the last descriptor. */
export function openScratchFile(directory: string): number {
  const folder = mkdtempSync(join(directory, '.scratch-'));
  try {
    return openSync(join(folder, 'file'), 'w+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
