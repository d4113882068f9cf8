import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Runs the built tests. `node --test` takes a folder only on Node 20 and a glob only from 21 on, so it is given the list of
 * files. Words on the command line choose the files whose path contains one of them.
 */
const testRoot = dirname(fileURLToPath(import.meta.url));
/** Benchmarks, long runs and rigs are started by their own commands; they take minutes or foreign machines. */
const otherRooms = new Set(['bench', 'soak', 'rig']);

const wanted = process.argv.slice(2);
const files = readdirSync(testRoot, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.js') && !otherRooms.has(path.split(sep)[0] ?? ''))
  .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
  .sort()
  .map((path) => relative(process.cwd(), join(testRoot, path)));

if (files.length === 0) {
  process.stderr.write(
    `no test file under ${testRoot} matches ${wanted.join(' ') || '*.test.js'}: nothing was tested\n`,
  );
  process.exitCode = 1;
} else {
  process.stdout.write(`${files.length} test files, Node ${process.version}\n`);
  const concurrency = Math.max(1, availableParallelism());
  const run = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, ...files],
    {
      stdio: 'inherit',
    },
  );
  process.exitCode = run.status ?? 1;
}
