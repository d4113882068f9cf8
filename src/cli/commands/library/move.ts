import { defineCommand, type Warning } from '#src/cli/command';
import { movesText } from '#src/cli/documents/move-text';
import { useLibrary } from '#src/cli/use-library';
import type { MoveResult } from '#src/library/library-options';

export const command = defineCommand({
  noun: 'library',
  verb: 'move',
  summary: 'move a cartridge from one place to another',
  description: 'A place is slot:5, drive:1 or mail:1, also with the library before it: main/slot:5.',
  positionals: [
    { name: 'from', summary: 'a place, or the barcode of a cartridge', required: true },
    { name: 'to', summary: 'a free place', required: true },
  ],
  options: {},
  examples: [
    { command: 'grandsire library move G00001L9 slot:20', does: 'move a cartridge to another slot' },
    { command: 'grandsire library move mail:1 slot:5', does: 'take one cartridge in' },
  ],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ cartridge, from, to }',
  async run(context, { from, to }): Promise<{ readonly result: MoveResult; readonly warnings: readonly Warning[] }> {
    const { libraryNamed } = await import('#src/compose');
    const { parseLibraryAddress } = await import('#src/library/library-address');
    await using app = await context.openApp();
    const [source, destination] = [parseLibraryAddress(from), parseLibraryAddress(to)];
    const named = [source, destination].map((address) => (address.kind === 'barcode' ? undefined : address.library));
    const { name } = libraryNamed(app.configuration, context.library ?? named[0] ?? named[1]);
    const { signal } = context;
    const { value: result, warnings } = await useLibrary(
      { context, app },
      { name, job: `library move ${from} ${to}` },
      (library) => library.move(from, to, { signal }),
    );
    return { result, warnings };
  },
  render: (result) => movesText([result], ''),
});
