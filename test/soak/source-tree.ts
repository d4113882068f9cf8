import { createHash } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '#test/soak/random';

/** Absolute path → what lies there; directories are left out. */
export type TreeContents = Readonly<
  Record<string, { readonly sha256: string; readonly size: number } | { readonly link: string }>
>;

const folders = ['a', 'b', 'b/deep', 'c'];
const largeBytes = 1_400_000;

/** Small files, one that is longer than a segment is at times, links of both kinds. */
export function makeTree(root: string, random: Random): void {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  for (let n = 0; n < 14; n += 1) addFile(root, random);
  symlinkSync('a/nowhere', join(root, 'link'));
  writeFileSync(join(root, 'c', 'long'), random.bytes(largeBytes));
}

/** As people change what they have between two backups: new files, other bytes, other names, deletions, a directory that comes and goes. */
export function changeTree(root: string, random: Random): void {
  for (let times = random.between(1, 4); times > 0; times -= 1) {
    const files = filesOf(root);
    const file = random.pick(files);
    const name = join(root, random.pick(folders.slice(0, 2)), `n${random.between(0, 99_999)}`);
    random.weighted<() => void>([
      [() => addFile(root, random), files.length < 30 ? 4 : 0],
      [() => writeFileSync(file, random.bytes(sizeOfFile(random))), 3],
      [() => rmSync(file), files.length > 10 ? 3 : 0],
      [() => renameSync(file, name), 1],
      [() => linkSync(file, name), 1],
      [() => toggle(join(root, 'd'), random), 1],
      [() => writeFileSync(join(root, 'c', 'long'), random.bytes(random.between(1, largeBytes))), 1],
    ])();
  }
}

export function readTree(root: string): TreeContents {
  const found: Record<string, TreeContents[string]> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) found[path] = { link: readlinkSync(path) };
    else if (entry.isFile()) {
      const bytes = readFileSync(path);
      found[path] = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    }
  }
  return found;
}

const sizeOfFile = (random: Random): number => random.between(0, random.chance(0.1) ? 200_000 : 24_000);

const addFile = (root: string, random: Random): void =>
  writeFileSync(join(root, random.pick(folders), `f${random.between(0, 99_999)}`), random.bytes(sizeOfFile(random)));

function toggle(folder: string, random: Random): void {
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'inside'), random.bytes(500));
  } catch {
    rmSync(folder, { recursive: true });
  }
}

const filesOf = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
