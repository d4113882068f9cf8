import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild-wasm';

/**
 * The last step of `npm run build`. These packages consist of hundreds of small modules, and every command loads all of them before it does anything
 * (docs/performance.md has what that costs). Each is put into one file below `dist/node_modules`, where Node.js looks first for what is imported from
 * `dist`: no import says anything of it, and without this step the program runs all the same, only later.
 */
const packages = ['kysely', 'yaml', 'yargs', 'zod'];

const dist = fileURLToPath(new URL('../../', import.meta.url));

/** What is left of CommonJS in them asks for Node.js's own modules. */
const banner =
  "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);";

for (const name of packages) {
  const folder = join(dist, 'node_modules', name);
  // The names are asked of the package itself: what is CommonJS inside has none that could be read off its text.
  const names = Object.keys((await import(name)) as object).filter((exported) => exported !== 'module.exports');
  mkdirSync(folder, { recursive: true });
  await build({
    stdin: { contents: `export { ${names.join(', ')} } from '${name}';`, resolveDir: dist },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    legalComments: 'eof',
    banner: { js: banner },
    outfile: join(folder, 'index.js'),
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ name, type: 'module', exports: './index.js' })}\n`);
}
