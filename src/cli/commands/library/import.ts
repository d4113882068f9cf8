import { defineCommand, type Warning } from '#src/cli/command';
import { movesText } from '#src/cli/documents/move-text';
import { useLibrary } from '#src/cli/use-library';
import type { MoveResult } from '#src/library/library-options';

interface ImportResult {
  readonly moved: readonly MoveResult[];
}

export const command = defineCommand({
  noun: 'library',
  verb: 'import',
  summary: 'take in what lies in the mail slots',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire library import', does: 'move every cartridge from a mail slot to a slot' }],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ moved: [{ cartridge, from, to }] }',
  async run(context): Promise<{ readonly result: ImportResult; readonly warnings: readonly Warning[] }> {
    const { libraryNamed } = await import('#src/compose');
    await using app = await context.openApp();
    const { name } = libraryNamed(app.configuration, context.library);
    const { signal } = context;
    const { value: moved, warnings } = await useLibrary({ context, app }, { name, job: 'library import' }, (library) =>
      library.importAll({ signal }),
    );
    return { result: { moved }, warnings };
  },
  render: ({ moved }) => movesText(moved, 'the mail slots are empty\n'),
});
