import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What such a folder is called: one that stays is of a process that died in the moment in which the file still had its name. */
export const scratchPrefix = '.scratch-';

/** Opens a new file in `directory` for writing and reading, and takes its name away at once: the kernel frees it with the last descriptor. */
export function openScratchFile(directory: string): number {
  const folder = mkdtempSync(join(directory, scratchPrefix));
  try {
    return openSync(join(folder, 'file'), 'w+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
