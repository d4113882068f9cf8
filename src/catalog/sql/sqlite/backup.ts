import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SqliteConnection } from '#src/catalog/sql/sqlite/connection';

/** A consistent copy while others work: written under a temporary name, synchronised, then renamed. */
export async function backupTo(openScratch: () => Promise<SqliteConnection>, path: string): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  await rm(temporary, { force: true });
  const connection = await openScratch();
  try {
    await connection.run('vacuum into ?', [temporary]);
    await synchronise(temporary);
    await rename(temporary, path);
    await synchronise(dirname(path));
  } finally {
    await connection.close();
    await rm(temporary, { force: true });
  }
}

async function synchronise(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
