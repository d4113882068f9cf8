import { defineCommand } from '#src/cli/command';
import type { PoolDocument } from '#src/cli/documents/pool-document';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

export const command = defineCommand({
  noun: 'pool',
  verb: 'list',
  summary: 'all pools and how full they are',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire pool list', does: 'show how many blank cartridges each pool has' }],
  exitCodes: [0],
  json: '{ pools: [{ name, draw?, protect, cartridges, blank, appendable, full, usedBytes, capacityBytes }] }',
  async run(context): Promise<{ readonly result: { readonly pools: readonly PoolDocument[] } }> {
    const { describePool } = await import('#src/cli/documents/pool-document');
    await using app = await context.openApp();
    const cartridges = await app.catalog.cartridges.list();
    return { result: { pools: app.planning.pools.map((pool) => describePool(pool, cartridges)) } };
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
