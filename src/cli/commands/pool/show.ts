import { defineCommand } from '#src/cli/command';
import { type CartridgeDocument, locationText } from '#src/cli/documents/cartridge-document';
import type { PoolDocument } from '#src/cli/documents/pool-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { renderTable } from '#src/cli/render/table';

interface ShowResult extends InventoriesDocument {
  readonly pool: PoolDocument;
  readonly cartridges: readonly CartridgeDocument[];
}

export const command = defineCommand({
  noun: 'pool',
  verb: 'show',
  summary: 'one pool and its cartridges',
  positionals: [{ name: 'pool', summary: 'its name', required: true }],
  options: {},
  examples: [{ command: 'grandsire pool show daily', does: 'show its rules and what is in it' }],
  exitCodes: [0, 5],
  json: '{ pool: as in `pool list`, cartridges: [as in `cartridge list`], inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context, { pool: name }): Promise<{ readonly result: ShowResult }> {
    const { describeCartridge } = await import('#src/cli/documents/cartridge-document');
    const { describePool } = await import('#src/cli/documents/pool-document');
    const { readInventories } = await import('#src/cli/inventories');
    const { poolNamed } = await import('#src/cli/known-names');
    await using app = await context.openApp();
    const { catalog } = app;
    const pool = poolNamed(app, name);
    const records = await catalog.cartridges.list({ pool: name });
    const inventories = await readInventories(app, context);
    inventories.note(records.map(({ library }) => library));
    const cartridges: CartridgeDocument[] = [];
    for (const record of records) {
      cartridges.push(await describeCartridge(record, catalog, context.timeZone));
    }
    const all = await catalog.cartridges.list();
    return { result: { pool: describePool(pool, all), cartridges, ...inventories.document } };
  },
  render: ({ pool, cartridges, inventories }) =>
    renderTable([
      ['pool', pool.name],
      ['draws on', pool.draw ?? 'no other'],
      ['protects', pool.protect ?? 'not'],
    ]) +
    renderTable(
      cartridges.map(({ barcode, fill, location, protectedUntil }) => [
        barcode,
        fill,
        locationText(location, inventories),
        protectedUntil ?? '',
      ]),
      { header: ['BARCODE', 'FILL', 'LOCATION', 'PROTECTED UNTIL'] },
    ),
});
