import { defineCommand, type Warning } from '#src/cli/command';
import { movesText } from '#src/cli/documents/move-text';
import { useLibrary } from '#src/cli/use-library';
import type { MoveResult } from '#src/library/library-options';

interface ExportResult {
  readonly moved: readonly MoveResult[];
}

export const command = defineCommand({
  noun: 'library',
  verb: 'export',
  summary: 'put cartridges out into the mail slots',
  description: 'As many as the free mail slots hold; then it ends 4 and says which are out.',
  positionals: [{ name: 'barcodes', summary: 'barcodes, or places such as slot:5', required: true, many: true }],
  options: {},
  examples: [{ command: 'grandsire library export G00001L9 G00002L9', does: 'put out two cartridges' }],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ moved: [{ cartridge, from, to }] }',
  async run(context, { barcodes }): Promise<{ readonly result: ExportResult; readonly warnings: readonly Warning[] }> {
    const { libraryNamed } = await import('#src/compose');
    await using app = await context.openApp();
    const { name } = libraryNamed(app.configuration, context.library);
    const { signal } = context;
    const { value: moved, warnings } = await useLibrary(
      { context, app },
      { name, job: `library export ${barcodes.join(' ')}` },
      (library) => library.exportCartridges(barcodes, { signal }),
    );
    return { result: { moved }, warnings };
  },
  render: ({ moved }) => `${movesText(moved, '')}Take them out of the mail slots now.\n`,
});
