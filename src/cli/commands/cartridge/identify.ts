import { defineCommand, type Warning } from '#src/cli/command';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';
import { useLibrary } from '#src/cli/use-library';
import type { Identification } from '#src/session/identify';

interface IdentifyResult extends Identification {
  readonly barcode: string;
}

export const command = defineCommand({
  noun: 'cartridge',
  verb: 'identify',
  summary: 'load a cartridge and say what is on it, whoever wrote it',
  description: 'Nothing on it is changed; the catalog remembers what was found.',
  positionals: [{ name: 'barcode', summary: 'its barcode, or a place such as main/slot:5', required: true }],
  options: {},
  examples: [{ command: 'grandsire cartridge identify G00001L9', does: 'look what an unknown cartridge holds' }],
  exitCodes: [0, 3, 4, 5, 6],
  json:
    '{ barcode, kind: "ours"|"foreign"|"blank"|"unreadable"|"cleaning", format?, volume?: { id, labelledAt, blockSizeBytes, barcode }, ' +
    'writeProtected, worm, firstBlockBytes?, reason? }',
  async run(context, { barcode }): Promise<{ readonly result: IdentifyResult; readonly warnings: readonly Warning[] }> {
    const { findToUse } = await import('#src/cli/find-to-use');
    const { identifyCartridge } = await import('#src/jobs/identify-cartridge');
    await using app = await context.openApp();
    const { catalog: repositories, clock } = app;
    const cartridge = await findToUse(barcode, { app, context });
    const { library: name } = cartridge;
    const { signal } = context;
    const { value, warnings } = await useLibrary(
      { context, app },
      { name, job: `cartridge identify ${cartridge.barcode}` },
      (library) =>
        identifyCartridge(cartridge, {
          repositories,
          clock,
          signal,
          mount: (record, request) => library.mount(record, request),
        }),
    );
    const { identification, contradiction } = value;
    const told = contradiction ? [{ code: contradiction.code, message: messageOf(contradiction) }] : [];
    return { result: { barcode: cartridge.barcode, ...identification }, warnings: [...warnings, ...told] };
  },
  render: ({ barcode, kind, format, volume, reason, firstBlockBytes, writeProtected, worm }) =>
    renderTable([
      ['barcode', barcode],
      ['holds', meaning[kind]],
      ...(format === undefined ? [] : [['format', format]]),
      ...(volume
        ? [
            ['volume', `${volume.id}, labelled ${volume.labelledAt} for ${volume.barcode}`],
            ['block size', formatBytes(volume.blockSizeBytes)],
          ]
        : []),
      ...(firstBlockBytes === undefined ? [] : [['first block', `${firstBlockBytes} bytes`]]),
      ...(reason === undefined ? [] : [['because', reason]]),
      ['write-protected', writeProtected ? 'yes' : 'no'],
      ['WORM', worm ? 'yes' : 'no'],
    ]),
});

const meaning: Readonly<Record<Identification['kind'], string>> = {
  ours: 'a volume of Grandsire',
  foreign: 'something that Grandsire did not write',
  blank: 'nothing: it is blank',
  unreadable: 'something that cannot be read',
  cleaning: 'nothing: it is a cleaning cartridge',
};

const messageOf = ({ message, remedy }: { readonly message: string; readonly remedy: string }): string =>
  `${message}. ${remedy}`;
