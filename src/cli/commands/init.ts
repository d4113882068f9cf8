import type { TimeZone } from '#src/base/time-zone';
import { defineCommand } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';

interface InitResult {
  readonly configuration: string;
  readonly stagingBytes: number;
  readonly libraries: readonly string[];
}

export const command = defineCommand({
  noun: 'init',
  summary: 'write a working grandsire.yaml',
  description:
    'The configuration describes a virtual library with two drives and twenty blank cartridges (which is made), a staging area, pools, a ' +
    'grandfather-father-son rotation and one backup set. An existing configuration is never overwritten.',
  positionals: [{ name: 'dir', summary: 'the folder for it; default: the current one', required: false }],
  options: {},
  examples: [
    { command: 'grandsire init', does: 'write ./grandsire.yaml' },
    { command: 'grandsire init /srv/backup', does: 'make that folder and write the file there' },
  ],
  exitCodes: [0, 6],
  json: '{ configuration, stagingBytes, libraries: [NAME] }',
  async run(context, { dir }): Promise<{ readonly result: InitResult }> {
    const { resolve } = await import('node:path');
    const { writeInitialConfiguration } = await import('#src/config/write-initial-configuration');
    const written = writeInitialConfiguration(resolve(context.folder, dir ?? '.'), context.timeZone);
    return { result: { ...written, libraries: await createLibraries(written.configuration, context.timeZone) } };
  },
  render: ({ configuration, stagingBytes, libraries }) =>
    `wrote ${configuration} (staging area: ${formatBytes(stagingBytes)})\n` +
    libraries.map((name) => `library ${name}: ready\n`).join('') +
    'Look at what it says under `sets:`, then run `grandsire --help`.\n',
});

/** Makes the libraries that exist only as files, with blank cartridges in their slots; one that is there stays as it is. */
async function createLibraries(file: string, machineTimeZone: TimeZone): Promise<InitResult['libraries']> {
  const { readFileSync } = await import('node:fs');
  const { parseConfiguration } = await import('#src/config/parse-configuration');
  const { initialCartridges } = await import('#src/config/initial-cartridges');
  const { loadDriver } = await import('#src/compose');
  const { libraries } = parseConfiguration(readFileSync(file, 'utf8'), { file, machineTimeZone });
  const made: string[] = [];
  for (const library of Object.values(libraries)) {
    const { driver, settings } = await loadDriver(library);
    if (!driver.create) continue;
    await driver.create(settings, initialCartridges);
    made.push(library.name);
  }
  return made;
}
