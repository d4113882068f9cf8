import { defineCommand } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';

interface InitResult {
  readonly configuration: string;
  readonly stagingBytes: number;
}

export const command = defineCommand({
  noun: 'init',
  summary: 'write a working grandsire.yaml',
  description:
    'The configuration describes a virtual library with two drives and twenty blank cartridges, a staging area, pools, a ' +
    'grandfather-father-son rotation and one backup set. An existing configuration is never overwritten.',
  positionals: [{ name: 'dir', summary: 'the folder for it; default: the current one', required: false }],
  options: {},
  examples: [
    { command: 'grandsire init', does: 'write ./grandsire.yaml' },
    { command: 'grandsire init /srv/backup', does: 'make that folder and write the file there' },
  ],
  exitCodes: [0, 6],
  json: '{ configuration, stagingBytes }',
  async run(context, { dir }): Promise<{ readonly result: InitResult }> {
    const { resolve } = await import('node:path');
    const { writeInitialConfiguration } = await import('#src/config/write-initial-configuration');
    const folder = resolve(context.folder, dir ?? '.');
    return { result: writeInitialConfiguration(folder, context.timeZone) };
  },
  render: ({ configuration, stagingBytes }) =>
    `wrote ${configuration} (staging area: ${formatBytes(stagingBytes)})\n` +
    'Look at what it says under `sets:`, then run `grandsire --help`.\n',
});
