import { DeviceError, GrandsireError } from '#src/base/errors';
import type { Repositories } from '#src/catalog/catalog';
import { defineCommand, type Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import { formatBytes } from '#src/cli/render/format-bytes';
import { useLibrary } from '#src/cli/use-library';
import type { App } from '#src/compose';
import type { LibrarySettings } from '#src/config/configuration';
import type { NetworkLibrary } from '#src/config/initial-configuration';

interface OpenedLibrary {
  readonly name: string;
  readonly isReady: boolean;
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
    'grandfather-father-son rotation and one backup set. With --portal the library is one on the network (iSCSI); it is looked into, and what lies ' +
    'in it stays as it is. An existing configuration is never overwritten.',
  positionals: [{ name: 'dir', summary: 'the folder for it; default: the current one', required: false }],
  options: {
    portal: { kind: 'text', value: 'HOST:PORT', summary: 'a library on the network: where its iSCSI service listens' },
    target: { kind: 'text', value: 'NAME', summary: 'its iSCSI name; only needed where the portal has several' },
  },
  examples: [
    { command: 'grandsire init', does: 'write ./grandsire.yaml' },
    { command: 'grandsire init /srv/backup', does: 'make that folder and write the file there' },
    { command: 'grandsire init --portal 192.0.2.10:3260', does: 'use the tape library that listens there' },
  ],
  exitCodes: [0, 3, 6],
  json: '{ configuration, stagingBytes, libraries: [NAME] }',
  async run(
    context,
    { dir, portal, target },
  ): Promise<{ readonly result: InitResult; readonly warnings: readonly Warning[] }> {
    const { resolve } = await import('node:path');
    const { writeInitialConfiguration } = await import('#src/config/write-initial-configuration');
    if (target !== undefined && portal === undefined) throw targetWithoutPortal();
    const network = portal === undefined ? undefined : { portal, target };
    if (network) await checkNetwork(context, network);
    const written = writeInitialConfiguration(resolve(context.folder, dir ?? '.'), {
      timeZone: context.timeZone,
      network,
    });
    const libraries = await openLibraries(context, written.configuration);
    const result = { ...written, libraries: libraries.filter(({ isReady }) => isReady).map(({ name }) => name) };
    return { result, warnings: libraries.flatMap(({ warnings }) => warnings) };
  },
  render: ({ configuration, stagingBytes, libraries }) =>
    `wrote ${configuration} (staging area: ${formatBytes(stagingBytes)})\n` +
    libraries.map((name) => `library ${name}: ready\n`).join('') +
    'Look at what it says under `sets:`, then run `grandsire --help`.\n',
});

/** Before the file is written: what is wrong with the address is no reason to leave a configuration that does not work. */
async function checkNetwork({ timeZone }: Context, network: NetworkLibrary): Promise<void> {
  const { parseConfiguration } = await import('#src/config/parse-configuration');
  const { initialConfiguration } = await import('#src/config/initial-configuration');
  const { loadDriver } = await import('#src/compose');
  const text = initialConfiguration({ stagingSizeBytes: 2 ** 30, timeZone, network });
  const { libraries } = parseConfiguration(text, { file: 'grandsire.yaml', machineTimeZone: timeZone });
  for (const library of Object.values(libraries)) await loadDriver(library);
}

/**
 * Makes the libraries that exist only as files, with blank cartridges in their slots (one that is there stays as it is), and looks into all. One that does
 * not answer is a warning: its settings stand in the file that was written.
 */
async function openLibraries(context: Context, file: string): Promise<readonly OpenedLibrary[]> {
  const { readFileSync } = await import('node:fs');
  const { parseConfiguration } = await import('#src/config/parse-configuration');
  const { openApp } = await import('#src/compose');
  const configuration = parseConfiguration(readFileSync(file, 'utf8'), { file, machineTimeZone: context.timeZone });
  await using app = await openApp({ configuration, clock: context.clock });
  const opened: OpenedLibrary[] = [];
  for (const library of Object.values(configuration.libraries)) {
    try {
      opened.push(await openLibrary(context, app, library));
    } catch (failure) {
      if (!(failure instanceof DeviceError)) throw failure;
      const { code, message, remedy } = failure;
      const again = `${remedy} The configuration was written: after a correction run "grandsire library inventory".`;
      opened.push({ name: library.name, isReady: false, warnings: [{ code, message: `${message}. ${again}` }] });
    }
  }
  return opened;
}

async function openLibrary(context: Context, app: App, library: LibrarySettings): Promise<OpenedLibrary> {
  const { loadDriver } = await import('#src/compose');
  const { initialCartridges } = await import('#src/config/initial-cartridges');
  const { name } = library;
  const { driver, settings } = await loadDriver(library);
  const isNew = await driver.create?.(settings, initialCartridges);
  const { warnings } = await useLibrary({ context, app }, { name, job: 'init' }, (used) =>
    used.inventory({ signal: context.signal }),
  );
  if (isNew) await recordBlank(app.catalog, name);
  return { name, isReady: true, warnings };
}

/** What was made a moment ago is blank by making; of every other cartridge that is known only after looking. */
async function recordBlank({ cartridges }: Repositories, library: string): Promise<void> {
  for (const { id, kind, fill } of await cartridges.list({ library })) {
    if (kind !== 'cleaning' && fill === 'unknown') await cartridges.update(id, { fill: 'blank' });
  }
}

const targetWithoutPortal = (): GrandsireError =>
  new GrandsireError('command.usage', {
    message: '--target names a target of a portal, and there is no --portal',
    remedy: 'Write where the library listens, too: `grandsire init --portal HOST:PORT --target NAME`.',
  });
