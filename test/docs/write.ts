import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withTgtDifferences } from '#test/docs/hardware-section';
import { renderDocs } from '#test/docs/render-docs';
import { renderFaults } from '#test/docs/render-faults';

/** `npm run docs`: writes `docs/cli`, `docs/faults.md` and a section of `docs/hardware.md` anew. */
const folder = new URL('../../../docs/cli/', import.meta.url);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const pages = await renderDocs();
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
writeFileSync(new URL('../faults.md', folder), renderFaults());
const hardware = new URL('../hardware.md', folder);
writeFileSync(hardware, withTgtDifferences(readFileSync(hardware, 'utf8')));
process.stdout.write(
  `${pages.size} files written to ${fileURLToPath(folder)}, and docs/faults.md and docs/hardware.md\n`,
);
