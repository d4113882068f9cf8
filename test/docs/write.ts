import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderDocs } from '#test/docs/render-docs';

/** `npm run docs`: writes `docs/cli` anew. */
const folder = new URL('../../../docs/cli/', import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const pages = await renderDocs();
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
process.stdout.write(`${pages.size} files written to ${fileURLToPath(folder)}\n`);
