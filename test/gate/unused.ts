import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GateResult, inTemporaryFolder, plant, runTool } from '#test/gate/gate';
import type { KnipReport } from '#test/gate/knip-reporter';

const tool = 'knip';

/** A file, an export and a package that nothing uses. */
const plants = [
  'files src/base/planted.ts',
  'exports src/base/planted-used.ts planted',
  'dependencies package.json planted-package',
];

export function checkUnused(root: string): GateResult {
  const report = findUnused(root, root);
  if (typeof report === 'string') return { tool, looked: 0, planted: 0, problems: [report] };
  const missed = inTemporaryFolder(root, (folder) => missedPlants(root, folder));
  const problems = report.findings.map((finding) => `unused: ${finding}`);
  return { tool, looked: report.looked, planted: plants.length - missed.length, problems: [...problems, ...missed] };
}

function missedPlants(root: string, folder: string): string[] {
  for (const path of ['package.json', 'tsconfig.json', 'knip.json', 'src', 'drivers', 'schemes', 'test']) {
    if (existsSync(join(root, path))) cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  plant(folder, 'src/base/planted.ts', 'export const planted = 1;\n');
  plant(folder, 'src/base/planted-used.ts', 'export const used = 1;\nexport const planted = 1;\n');
  plant(folder, 'test/planted.test.ts', "import { used } from '#src/base/planted-used';\n\nused.toString();\n");
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  manifest.dependencies['planted-package'] = '1.0.0';
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  const report = findUnused(root, folder);
  if (typeof report === 'string') return plants.map(() => report);
  return plants.flatMap((planted) =>
    report.findings.some((finding) => finding.startsWith(planted)) ? [] : [`${tool} does not report ${planted}`],
  );
}

function findUnused(root: string, folder: string): KnipReport | string {
  const run = runTool(folder, tool, ['--no-progress', '--reporter', join(root, 'dist/test/gate/knip-reporter.js')]);
  try {
    return JSON.parse(run.stdout) as KnipReport;
  } catch {
    return `${tool} gave no report: ${run.stdout.slice(0, 500)}${run.stderr}`;
  }
}
