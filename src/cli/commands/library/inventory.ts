import { defineCommand, type Warning } from '#src/cli/command';
import { type LibraryDocument, libraryText } from '#src/cli/documents/library-document';
import { useLibrary } from '#src/cli/use-library';

interface InventoryResult extends LibraryDocument {
  /** Barcodes that the catalog did not know before. */
  readonly added: readonly string[];
}

export const command = defineCommand({
  noun: 'library',
  verb: 'inventory',
  summary: 'have the library look what lies where',
  description:
    'The library reads its barcodes anew, which takes minutes on some, and the catalog is made to agree: what was seen beats what was ' +
    'booked. Cartridges that are seen for the first time come into the scratch pool. What a command that died left in a drive or in the hand of the robot ' +
    'is brought home, and drives that are down are tried again.',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire library inventory', does: 'look again after cartridges were put in by hand' }],
  exitCodes: [0, 3, 4, 5],
  json: '{ as `library status`, added: [BARCODE] }',
  async run(context): Promise<{ readonly result: InventoryResult; readonly warnings: readonly Warning[] }> {
    const { describeLibrary } = await import('#src/cli/documents/library-document');
    const { libraryNamed } = await import('#src/compose');
    await using app = await context.openApp();
    const { name } = libraryNamed(app.configuration, context.library);
    const known = new Set((await app.catalog.cartridges.list()).map(({ id }) => id));
    const { signal } = context;
    const { value, warnings } = await useLibrary(
      { context, app },
      { name, job: 'library inventory' },
      async (library) => {
        await library.inventory({ rescan: true, retryDrives: true, signal });
        return library.status();
      },
    );
    const now = await app.catalog.cartridges.list({ library: name });
    const added = now.filter(({ id }) => !known.has(id)).map(({ barcode }) => barcode);
    return { result: { ...describeLibrary(value, context.timeZone), added }, warnings };
  },
  render: (result) =>
    libraryText(result) +
    (result.added.length > 0
      ? `new: ${result.added.join(', ')}; "grandsire cartridge label --all-blank" looks which of them are blank\n`
      : ''),
});
