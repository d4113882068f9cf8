import { defineCommand, type Warning } from '#src/cli/command';
import { movesText } from '#src/cli/documents/move-text';
import { useLibrary } from '#src/cli/use-library';
import type { MoveResult } from '#src/library/library-options';

interface UnloadResult {
  readonly library: string;
  readonly moved: readonly MoveResult[];
}

export const command = defineCommand({
  noun: 'drive',
  verb: 'unload',
  summary: 'bring loaded cartridges back to their slots',
  positionals: [],
  options: { drive: { kind: 'number', value: 'N', least: 1, summary: 'only from this drive' } },
  examples: [{ command: 'grandsire drive unload', does: 'empty every drive that nobody uses' }],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ library, moved: [{ cartridge, from, to }] }',
  async run(context, { drive }): Promise<{ readonly result: UnloadResult; readonly warnings: readonly Warning[] }> {
    const { libraryNamed } = await import('#src/compose');
    await using app = await context.openApp();
    const { name } = libraryNamed(app.configuration, context.library);
    const { signal } = context;
    const job = drive === undefined ? 'drive unload' : `drive unload --drive ${drive}`;
    const { value: moved, warnings } = await useLibrary({ context, app }, { name, job }, (library) =>
      library.unload(drive, { signal }),
    );
    return { result: { library: name, moved }, warnings };
  },
  render: ({ moved }) => movesText(moved, 'nothing is loaded\n'),
});
