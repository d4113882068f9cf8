import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderComparison {
  readonly compared: number;
  /** Paths below the folders, with what is different about them. */
  readonly differences: readonly string[];
}

/** Compares everything in two folders: names, kinds, modes, times, links, and every byte. */
export async function compareFolders(expected: string, found: string): Promise<FolderComparison> {
  const names = await namesIn(expected);
  const others = await namesIn(found);
  const here = new Set(names);
  const differences = others.filter((name) => !here.has(name)).map((name) => `${name}: was not there`);
  for (const name of names) {
    const difference = await compareEntry(join(expected, name), join(found, name));
    if (difference) differences.push(`${name}: ${difference}`);
  }
  return { compared: names.length, differences };
}

const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true })).sort();

async function compareEntry(expected: string, found: string): Promise<string | undefined> {
  const [a, b] = await Promise.all([
    lstat(expected, { bigint: true }),
    lstat(found, { bigint: true }).catch(() => undefined),
  ]);
  if (!b) return 'is missing';
  if (a.mode !== b.mode) return 'another kind or mode';
  if (a.isSymbolicLink()) return (await readlink(expected)) === (await readlink(found)) ? undefined : 'leads elsewhere';
  if (a.mtimeNs !== b.mtimeNs) return 'another time of change';
  if (!a.isFile()) return undefined;
  if (a.size !== b.size) return 'another size';
  return (await readFile(expected)).equals(await readFile(found)) ? undefined : 'other content';
}
