import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderDocs } from '#test/docs/render-docs';
import { renderFaults } from '#test/docs/render-faults';

/** `npm run docs`: writes `docs/cli` and `docs/faults.md` anew. */
const folder = new URL('../../../docs/cli/', import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const pages = await renderDocs();
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
writeFileSync(new URL('../faults.md', folder), renderFaults());
process.stdout.write(`${pages.size} files written to ${fileURLToPath(folder)}, and docs/faults.md\n`);
