import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A day's work on a tree: one file grows, one appears, an older one goes. Says what was done. */
export async function changeFiles(root: string, day: string): Promise<string> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  // Another third of the tree every day, and always the same on the same day.
  const turn = Number(day.replaceAll('-', ''));
  const grown = names[turn % names.length];
  const gone = names[(turn * 7 + 1) % names.length];
  if (grown) await appendFile(grown, `\nchanged on ${day}\n`);
  if (gone && gone !== grown) await rm(gone);
  await writeFile(join(root, `new-on-${day}.txt`), `made on ${day}\n`.repeat(200));
  return 'one file grew, one is new, one is gone';
}
