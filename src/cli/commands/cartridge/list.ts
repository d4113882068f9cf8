import { defineCommand } from '#src/cli/command';
import { type CartridgeDocument, locationText } from '#src/cli/documents/cartridge-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

interface ListResult extends InventoriesDocument {
  readonly cartridges: readonly CartridgeDocument[];
}

export const command = defineCommand({
  noun: 'cartridge',
  verb: 'list',
  summary: 'all cartridges, what is on them and where they are',
  positionals: [],
  options: { pool: { kind: 'text', value: 'POOL', summary: 'only those of this pool' } },
  examples: [
    { command: 'grandsire cartridge list --pool scratch', does: 'show the cartridges that are free to be drawn' },
  ],
  exitCodes: [0, 5],
  json: '{ cartridges: [as `cartridge show`, without dataSets], inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context, { pool }): Promise<{ readonly result: ListResult }> {
    const { describeCartridge } = await import('#src/cli/documents/cartridge-document');
    const { readInventories } = await import('#src/cli/inventories');
    const { assertLibraryInUse, assertPoolInUse } = await import('#src/cli/known-names');
    await using app = await context.openApp();
    const { catalog } = app;
    if (context.library !== undefined) await assertLibraryInUse(app, context.library);
    if (pool !== undefined) await assertPoolInUse(app, pool);
    const filter = {
      ...(context.library === undefined ? {} : { library: context.library }),
      ...(pool === undefined ? {} : { pool }),
    };
    const records = await catalog.cartridges.list(filter);
    const inventories = await readInventories(app, context);
    inventories.note(records.map(({ library }) => library));
    const cartridges: CartridgeDocument[] = [];
    for (const record of records) {
      cartridges.push(await describeCartridge(record, catalog, context.timeZone));
    }
    return { result: { cartridges, ...inventories.document } };
  },
  render: ({ cartridges, inventories }) =>
    cartridges.length === 0
      ? 'no cartridge is known there; "grandsire library inventory" looks what there is\n'
      : renderTable(
          cartridges.map((cartridge) => [
            cartridge.barcode,
            cartridge.kind === 'data' ? (cartridge.generation ?? '') : cartridge.kind,
            cartridge.pool,
            locationText(cartridge.location, inventories),
            cartridge.condition === 'good' ? cartridge.fill : `${cartridge.fill}, ${cartridge.condition}`,
            formatBytes(cartridge.usedBytes),
            cartridge.protectedUntil ?? '',
          ]),
          { header: ['BARCODE', 'TYPE', 'POOL', 'LOCATION', 'FILL', 'USED', 'PROTECTED UNTIL'], right: [5] },
        ),
});
