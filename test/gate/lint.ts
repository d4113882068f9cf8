import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type GateResult, inTemporaryFolder, plant, runTool } from '#test/gate/gate';

const tool = 'biome';

/** One violation of each kind that Biome guards: a lint rule, the format, the order of imports. */
const plants = [
  { path: 'src/any.ts', text: 'export const planted: any = 1;\n', reported: 'lint/suspicious/noExplicitAny' },
  { path: 'src/format.ts', text: 'export const planted   = 1\n', reported: 'format' },
  {
    path: 'src/imports.ts',
    text: "import { join } from 'node:path';\nimport { tmpdir } from 'node:os';\n\nexport const planted = join(tmpdir());\n",
    reported: 'assist/source/organizeImports',
  },
];

export function checkLint(root: string): GateResult {
  const run = runTool(root, tool, ['ci', '--colors=off', '--error-on-warnings', '--max-diagnostics=200']);
  const looked = Number(/Checked (\d+) files?/.exec(`${run.stdout}${run.stderr}`)?.[1] ?? 0);
  const problems = run.ok ? [] : [`${run.stdout}${run.stderr}`];
  const missed = inTemporaryFolder(root, missedPlants(root));
  return { tool, looked, planted: plants.length - missed.length, problems: [...problems, ...missed] };
}

const missedPlants = (root: string) => (folder: string) => {
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  plant(folder, '.gitignore', 'node_modules\n');
  return plants.flatMap(({ path, text, reported }) => {
    plant(folder, path, text);
    const run = runTool(folder, tool, ['ci', '--colors=off', '--error-on-warnings', path]);
    const found = !run.ok && `${run.stdout}${run.stderr}`.includes(`${path}`) && run.stderr.includes(reported);
    return found ? [] : [`${tool} does not report the planted ${reported} in ${path}:\n${run.stdout}${run.stderr}`];
  });
};
