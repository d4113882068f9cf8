import { defineCommand } from '#src/cli/command';
import { type LibraryDocument, libraryText } from '#src/cli/documents/library-document';

export const command = defineCommand({
  noun: 'library',
  verb: 'status',
  summary: 'what lies where, as of the last inventory',
  description: 'Answers from the catalog and touches no device; `grandsire library inventory` looks anew.',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire library status', does: 'show drives, mail slots and slots' }],
  exitCodes: [0, 5],
  json:
    '{ library, inventoriedAt, drives: [{ number, serial, generation, state, cartridge?, reason? }], slots: [{ number, cartridge? }], ' +
    'mailSlots: [{ number, cartridge? }] }',
  async run(context): Promise<{ readonly result: LibraryDocument }> {
    const { describeLibrary } = await import('#src/cli/documents/library-document');
    const { libraryNamed } = await import('#src/compose');
    const { notInventoried } = await import('#src/library/library-errors');
    const { libraryStatus } = await import('#src/library/library-status');
    await using app = await context.openApp();
    const { name } = libraryNamed(app.configuration, context.library);
    const record = await app.catalog.libraries.get(name);
    if (!record) throw notInventoried(name);
    const status = libraryStatus(record, await app.catalog.cartridges.list({ library: name }));
    return { result: describeLibrary(status, context.timeZone) };
  },
  render: libraryText,
});
