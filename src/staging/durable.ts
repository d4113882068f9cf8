import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the names in a directory durable: a file's own fsync does not. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file whose bytes are durable when it returns; its name is with `syncDirectory`. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file: whoever reads it, also after a crash, finds the old bytes or the new ones. */
export async function replaceDurably(path: string, temporary: string, bytes: Uint8Array): Promise<void> {
  await writeSynced(temporary, bytes);
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}
