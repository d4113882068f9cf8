import { defineCommand, type Warning } from '#src/cli/command';
import { useLibrary } from '#src/cli/use-library';

interface LoadResult {
  readonly library: string;
  readonly cartridge: string;
  readonly drive: number;
  readonly serial: string;
}

export const command = defineCommand({
  noun: 'drive',
  verb: 'load',
  summary: 'load a cartridge and leave it in the drive',
  description:
    'What other drives hold stays there: where none is free, unload one first. A new LTO-9 cartridge is calibrated at its first load, which takes up to two hours.',
  positionals: [{ name: 'barcode', summary: 'its barcode, or a place such as main/slot:5', required: true }],
  options: { drive: { kind: 'number', value: 'N', least: 1, summary: 'into this drive; default: a free one' } },
  examples: [{ command: 'grandsire drive load G00001L9 --drive 2', does: 'load it into the second drive' }],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ library, cartridge, drive, serial }',
  async run(
    context,
    { barcode, drive },
  ): Promise<{ readonly result: LoadResult; readonly warnings: readonly Warning[] }> {
    const { findToUse } = await import('#src/cli/find-to-use');
    const { cleaningError } = await import('#src/session/unfit');
    await using app = await context.openApp();
    const cartridge = await findToUse(barcode, { app, context });
    // Threaded, it would begin to clean.
    if (cartridge.kind === 'cleaning') throw cleaningError(cartridge);
    const { library: name } = cartridge;
    const { signal } = context;
    const job = `drive load ${cartridge.barcode}`;
    const { value, warnings } = await useLibrary({ context, app }, { name, job }, async (library) => {
      const bay = await library.load(cartridge, { purpose: job, writing: false, driveNumber: drive, signal });
      return { drive: bay.number, serial: bay.drive.identity.serial };
    });
    return { result: { library: name, cartridge: cartridge.barcode, ...value }, warnings };
  },
  render: ({ library, cartridge, drive }) => `${cartridge} is loaded in ${library}/drive:${drive}\n`,
});
