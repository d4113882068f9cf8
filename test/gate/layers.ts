import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type GateResult, inTemporaryFolder, plant, runTool } from '#test/gate/gate';

const tool = 'dependency-cruiser';
const configuration = '.dependency-cruiser.mjs';
const folders = ['src', 'drivers', 'schemes', 'test'];

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string; readonly comment?: string }[] };
  };
}

/** For each rule that is not about one layer: a file, what it imports, and the rule that must speak. */
const plants: readonly { readonly rule: string; readonly from: string; readonly to: string }[] = [
  { rule: 'no-circles', from: 'src/base/circle-one', to: 'src/base/circle-two' },
  { rule: 'no-circles', from: 'src/base/circle-two', to: 'src/base/circle-one' },
  { rule: 'known-rooms-only', from: 'src/attic/planted', to: 'src/base/planted' },
  { rule: 'console-is-a-leaf', from: 'src/cli/to-console', to: 'src/console/planted' },
  { rule: 'only-compose-picks-drivers', from: 'src/cli/to-driver', to: 'drivers/one/planted' },
  { rule: 'only-compose-picks-schemes', from: 'src/cli/to-scheme', to: 'schemes/planted' },
  { rule: 'only-compose-picks-a-database', from: 'src/catalog/to-sql', to: 'src/catalog/sql/planted' },
  { rule: 'drivers-stand-on-contracts', from: 'drivers/one/to-config', to: 'src/config/planted' },
  { rule: 'drivers-stand-alone', from: 'drivers/one/to-two', to: 'drivers/two/planted' },
  { rule: 'schemes-stand-on-contracts', from: 'schemes/to-catalog', to: 'src/catalog/planted' },
  { rule: 'commands-load-late', from: 'src/cli/commands/planted', to: 'src/catalog/planted' },
  { rule: 'tests-stay-outside', from: 'src/base/to-test', to: 'test/planted' },
  { rule: 'imports-resolve', from: 'src/base/to-nothing', to: 'src/base/nothing' },
];

export function checkLayers(root: string): GateResult {
  const report = cruise(
    root,
    folders.filter((folder) => existsSync(join(root, folder))),
  );
  if (typeof report === 'string') return { tool, looked: 0, planted: 0, problems: [report] };
  const rules = report.summary.ruleSetUsed.forbidden;
  const problems = report.summary.violations.map(({ from, to, rule }) => {
    const reason = rules.find(({ name }) => name === rule.name)?.comment ?? '';
    return `${from} imports ${to} (${rule.name}): ${reason}`;
  });
  for (const { name, comment } of rules) if (!comment) problems.push(`rule ${name} gives no reason`);
  const names = rules.map(({ name }) => name);
  const missed = inTemporaryFolder(root, (folder) => missedPlants(root, folder, names));
  return {
    tool,
    looked: report.modules.filter(({ source }) => /^(src|drivers|schemes|test)\//.test(source)).length,
    planted: names.length - missed.length,
    problems: [...problems, ...missed],
  };
}

/** Plants a violation of every rule and returns a message for each rule that was not reported. */
function missedPlants(root: string, folder: string, rules: readonly string[]): string[] {
  for (const file of [configuration, 'tsconfig.json', 'package.json']) cpSync(join(root, file), join(folder, file));
  const layers = rules.flatMap((name) => (name.startsWith('layer-') ? [name.slice('layer-'.length)] : []));
  const place = (layer: string) => (layer === 'compose' ? 'src/compose' : `src/${layer}/planted`);
  const layerPlants = layers.map((layer, index) => ({
    rule: `layer-${layer}`,
    from: layer === 'compose' ? 'src/compose' : `src/${layer}/reaches-up`,
    to: place(layers[index - 1] ?? 'cli'),
  }));
  const all = [...plants, ...layerPlants];
  for (const { to } of all) if (!to.endsWith('/nothing')) plant(folder, `${to}.ts`, 'export const planted = 1;\n');
  for (const { from, to } of all)
    plant(folder, `${from}.ts`, `import { planted } from '#${to}';\nexport { planted };\n`);
  const report = cruise(folder, folders);
  if (typeof report === 'string') return [report];
  return rules.flatMap((rule) => {
    const planted = all.filter((candidate) => candidate.rule === rule);
    const reported = planted.filter(({ from }) =>
      report.summary.violations.some((violation) => violation.rule.name === rule && violation.from === `${from}.ts`),
    );
    // A circle is reported at one of its files only.
    const expected = rule === 'no-circles' ? 1 : planted.length;
    if (planted.length > 0 && reported.length >= expected) return [];
    return [`${tool} does not report a violation of ${rule} (${planted.length} planted, ${reported.length} reported)`];
  });
}

function cruise(folder: string, paths: readonly string[]): Report | string {
  const run = runTool(folder, 'depcruise', ['--config', configuration, '--output-type', 'json', ...paths]);
  try {
    return JSON.parse(run.stdout) as Report;
  } catch {
    return `${tool} gave no report: ${run.stdout.slice(0, 500)}${run.stderr}`;
  }
}
