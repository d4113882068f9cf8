import { GrandsireError } from '#src/base/errors';
import { defineCommand, type Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import { openRawOutput, type RawOutput } from '#src/cli/raw-output';
import { formatBytes } from '#src/cli/render/format-bytes';
import { useLibrary } from '#src/cli/use-library';
import type { TapeDrive } from '#src/device/tape-drive';
import type { TapeFileToRead } from '#src/jobs/read-tape-file';

interface ReadResult {
  readonly barcode: string;
  readonly file: number;
  readonly blocks: number;
  readonly bytes: number;
  /** The file that was written; none where the blocks went to standard output. */
  readonly out?: string;
}

export const command = defineCommand({
  noun: 'cartridge',
  verb: 'read',
  summary: 'one raw tape file, block by block, whoever wrote it',
  description:
    'Tape file 0 of a volume of ours is its label; each of the others is one descriptor block and then a payload, which `--skip 1` gives ' +
    'alone. Without --out the bytes go to standard output, and never to a terminal.',
  positionals: [{ name: 'barcode', summary: 'its barcode, or a place such as main/slot:5', required: true }],
  options: {
    // Counted from 0, as the filemarks before it.
    file: { kind: 'number', value: 'N', least: 0, summary: 'which tape file, from 0' },
    skip: { kind: 'number', value: 'K', least: 0, summary: 'leave out its first K blocks', default: 0 },
    out: { kind: 'text', value: 'FILE', summary: 'write to this file, which must not exist' },
  },
  examples: [
    { command: 'grandsire cartridge read G00001L9 --file 0 | tar -tv', does: 'list what the label holds' },
    { command: 'grandsire cartridge read G00001L9 --file 1 --skip 1 --out payload', does: 'take one payload out' },
  ],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ barcode, file, blocks, bytes, out } (with --out)',
  async run(
    context,
    { barcode, file, skip, out },
  ): Promise<{ readonly result: ReadResult; readonly warnings: readonly Warning[] }> {
    if (file === undefined) throw missingFile(barcode);
    const { findToUse } = await import('#src/cli/find-to-use');
    const { cleaningError } = await import('#src/session/unfit');
    await using app = await context.openApp();
    const cartridge = await findToUse(barcode, { app, context });
    if (cartridge.kind === 'cleaning') throw cleaningError(cartridge);
    await using output = await openRawOutput(context, out);
    const job = `cartridge read ${cartridge.barcode}`;
    const { value, warnings } = await useLibrary(
      { context, app },
      { name: cartridge.library, job },
      async (library) => {
        const { signal } = context;
        await using mounted = await library.mount(cartridge, { purpose: job, writing: false, signal });
        return await copyTapeFile(output, context, {
          drive: mounted.drive,
          cartridge,
          fileNumber: file,
          skipBlocks: skip,
        });
      },
    );
    await output.finish();
    const { path } = output;
    return { result: { barcode: cartridge.barcode, file, ...value, ...(path ? { out: path } : {}) }, warnings };
  },
  render: ({ out, blocks, bytes }) =>
    out === undefined ? '' : `wrote ${out}: ${blocks} ${blocks === 1 ? 'block' : 'blocks'}, ${formatBytes(bytes)}\n`,
});

interface Source extends TapeFileToRead {
  readonly drive: TapeDrive;
}

async function copyTapeFile(
  output: RawOutput,
  { signal, progress }: Context,
  { drive, ...file }: Source,
): Promise<{ readonly blocks: number; readonly bytes: number }> {
  const { readTapeFile } = await import('#src/jobs/read-tape-file');
  let [blocks, bytes] = [0, 0];
  for await (const block of readTapeFile(drive, { ...file, signal })) {
    if ((await output.write(block)) === 'closed') break;
    blocks += 1;
    bytes += block.length;
    progress({ task: `reading ${file.cartridge.barcode}`, done: bytes, unit: 'bytes' });
  }
  return { blocks, bytes };
}

const missingFile = (barcode: string): GrandsireError =>
  new GrandsireError('command.usage', {
    message: '`cartridge read` needs to know which tape file',
    remedy: `Count them from 0: \`grandsire cartridge read ${barcode} --file 0\`.`,
  });
