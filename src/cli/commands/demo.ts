import { countOf } from '#src/base/count-of';
import { defineCommand } from '#src/cli/command';
import type { DemoResult } from '#src/cli/demo/run-demo';

export const command = defineCommand({
  noun: 'demo',
  summary: 'the whole job on real files: library, rotation, backups, questions, restore',
  description:
    'Makes a folder of its own with a virtual library, and does there day after day what an operator does, with the same commands; each is printed ' +
    'before its output. The clock moves a day at a time. At the end files are restored and compared byte for byte; the exit code is 1 if one differs.',
  positionals: [],
  options: {
    days: { kind: 'number', value: 'N', least: 1, most: 400, default: 35, summary: 'how many days' },
    from: { kind: 'text', value: 'DIR', summary: "the files to back up; default: the program's own node_modules" },
    keep: { kind: 'flag', summary: 'leave the folder there, to look around in it' },
  },
  examples: [
    { command: 'grandsire demo', does: 'show five weeks in less than a minute' },
    {
      command: 'grandsire demo --days 7 --from ~/documents --keep',
      does: 'a week with your own files, and keep what it made',
    },
  ],
  exitCodes: [0],
  json: '{ folder, days, runs, files, bytes, compared, differences: [PATH], cartridges: [BARCODE], asPrinted }',
  async run(context, { days, from, keep }) {
    const { runDemo } = await import('#src/cli/demo/run-demo');
    const result: DemoResult = await runDemo(context, { days, from, keep });
    return { result, ...(result.differences.length > 0 || !result.asPrinted ? { exitCode: 1 as const } : {}) };
  },
  render: (result) =>
    (result.differences.length === 0
      ? `${countOf(result.compared, 'entry', 'entries')} restored and compared, byte for byte: no difference.\n`
      : `${result.differences.length} of ${countOf(result.compared, 'entry differs', 'entries differ')}:\n${result.differences.map((path) => `  ${path}\n`).join('')}`) +
    `${countOf(result.runs, 'run')} in ${countOf(result.days, 'day')} on ${countOf(result.cartridges.length, 'cartridge')}, ` +
    `${result.asPrinted ? 'each on the cartridge that the schedule had printed' : 'NOT all on the cartridges that the schedule had printed'}.\n` +
    (result.kept ? `Look around: cd ${result.folder}; grandsire cartridge list\n` : ''),
});
