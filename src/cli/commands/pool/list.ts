import { defineCommand } from '#src/cli/command';
import type { PoolDocument } from '#src/cli/documents/pool-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

interface ListResult extends InventoriesDocument {
  readonly pools: readonly PoolDocument[];
}

export const command = defineCommand({
  noun: 'pool',
  verb: 'list',
  summary: 'all pools and how full they are',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire pool list', does: 'show how many blank cartridges each pool has' }],
  exitCodes: [0],
  json: '{ pools: [{ name, draw?, protect, cartridges, blank, appendable, full, usedBytes, capacityBytes }], inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context): Promise<{ readonly result: ListResult }> {
    const { describePool } = await import('#src/cli/documents/pool-document');
    const { readInventories } = await import('#src/cli/inventories');
    await using app = await context.openApp();
    const cartridges = await app.catalog.cartridges.list();
    const { document } = await readInventories(app, context);
    return { result: { pools: app.planning.pools.map((pool) => describePool(pool, cartridges)), ...document } };
  },
  render: ({ pools }) =>
    renderTable(
      pools.map((pool) => [
        pool.name,
        pool.draw ?? '',
        pool.protect ?? '',
        String(pool.cartridges),
        String(pool.blank),
        String(pool.appendable),
        String(pool.full),
        formatBytes(pool.usedBytes),
        formatBytes(pool.capacityBytes),
      ]),
      {
        header: ['POOL', 'DRAWS ON', 'PROTECTS', 'CARTRIDGES', 'BLANK', 'APPENDABLE', 'FULL', 'USED', 'CAPACITY'],
        right: [3, 4, 5, 6, 7, 8],
      },
    ),
});
