import type { Repositories } from '#src/catalog/catalog';
import { defineCommand, type Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import { formatBytes } from '#src/cli/render/format-bytes';
import { useLibrary } from '#src/cli/use-library';

interface CreatedLibrary {
  readonly name: string;
  readonly warnings: readonly Warning[];
}

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
  async run(context, { dir }): Promise<{ readonly result: InitResult; readonly warnings: readonly Warning[] }> {
    const { resolve } = await import('node:path');
    const { writeInitialConfiguration } = await import('#src/config/write-initial-configuration');
    const written = writeInitialConfiguration(resolve(context.folder, dir ?? '.'), context.timeZone);
    const libraries = await createLibraries(context, written.configuration);
    const result = { ...written, libraries: libraries.map(({ name }) => name) };
    return { result, warnings: libraries.flatMap(({ warnings }) => warnings) };
  },
  render: ({ configuration, stagingBytes, libraries }) =>
    `wrote ${configuration} (staging area: ${formatBytes(stagingBytes)})\n` +
    libraries.map((name) => `library ${name}: ready\n`).join('') +
    'Look at what it says under `sets:`, then run `grandsire --help`.\n',
});

/** Makes the libraries that exist only as files, with blank cartridges in their slots; one that is there stays as it is. */
async function createLibraries(context: Context, file: string): Promise<readonly CreatedLibrary[]> {
  const { readFileSync } = await import('node:fs');
  const { parseConfiguration } = await import('#src/config/parse-configuration');
  const { initialCartridges } = await import('#src/config/initial-cartridges');
  const { loadDriver, openApp } = await import('#src/compose');
  const configuration = parseConfiguration(readFileSync(file, 'utf8'), { file, machineTimeZone: context.timeZone });
  await using app = await openApp({ configuration, clock: context.clock });
  const made: CreatedLibrary[] = [];
  for (const library of Object.values(configuration.libraries)) {
    const { driver, settings } = await loadDriver(library);
    if (!driver.create) continue;
    const isNew = await driver.create(settings, initialCartridges);
    const { warnings } = await useLibrary({ context, app }, { name: library.name, job: 'init' }, (opened) =>
      opened.inventory({ signal: context.signal }),
    );
    if (isNew) await recordBlank(app.catalog, library.name);
    made.push({ name: library.name, warnings });
  }
  return made;
}

/** What was made a moment ago is blank by making; of every other cartridge that is known only after looking. */
async function recordBlank({ cartridges }: Repositories, library: string): Promise<void> {
  for (const { id, kind, fill } of await cartridges.list({ library })) {
    if (kind !== 'cleaning' && fill === 'unknown') await cartridges.update(id, { fill: 'blank' });
  }
}
