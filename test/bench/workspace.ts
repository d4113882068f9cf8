import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Measured, runProcess } from '#test/bench/measure';

const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A folder with a configuration whose one set `data` is `source`. */
export interface Workspace {
  readonly path: string;
  readonly source: string;
  grandsire(...argv: string[]): Promise<Measured>;
  /** A shell command line, for peers. */
  shell(script: string): Promise<Measured>;
  /** Forgets catalog, staging and library. */
  reset(): Promise<void>;
}

export async function createWorkspace(path: string, source: string): Promise<Workspace> {
  mkdirSync(path, { recursive: true });
  const grandsire = (...argv: string[]): Promise<Measured> =>
    runProcess([process.execPath, program, ...argv], { cwd: path, exitCodes: [0, 3] });
  const reset = async (): Promise<void> => {
    for (const name of ['state', 'staging', 'virtual-library', 'grandsire.yaml']) {
      rmSync(join(path, name), { recursive: true, force: true });
    }
    await grandsire('init');
    const file = join(path, 'grandsire.yaml');
    const text = readFileSync(file, 'utf8')
      .replace(/size: \S+ \}/, 'size: 60GiB }')
      .replace('cartridgeCapacity: 2GiB', 'cartridgeCapacity: 40GiB')
      .replace(/ {2}home: .*\n/, `  data: { include: [${resolve(source)}], rotation: office }\n`);
    writeFileSync(file, text);
    // The cartridges that init made keep the capacity that they were made with.
    const library = join(path, 'virtual-library', 'library.json');
    writeFileSync(library, readFileSync(library, 'utf8').replaceAll(String(2 * 2 ** 30), String(40 * 2 ** 30)));
  };
  return {
    path,
    source,
    grandsire,
    shell: (script) => runProcess(['bash', '-o', 'pipefail', '-c', script], { cwd: path }),
    reset,
  };
}

/** Files of random lengths between the bounds, a hundred in a folder; the same bytes for all, from different places of one pool. */
export function makeTree(
  root: string,
  { files, least, most }: { readonly files: number; readonly least: number; readonly most: number },
): void {
  const pool = randomBytes(most * 2);
  let folder = '';
  for (let index = 0; index < files; index += 1) {
    if (index % 100 === 0) {
      folder = join(
        root,
        `group-${String(Math.floor(index / 10_000)).padStart(3, '0')}`,
        `folder-${String(index / 100).padStart(5, '0')}`,
      );
      mkdirSync(folder, { recursive: true });
    }
    const length = least + Math.floor(Math.random() * (most - least + 1));
    const start = Math.floor(Math.random() * most);
    writeFileSync(join(folder, `file-${index}.bin`), pool.subarray(start, start + length));
  }
}
