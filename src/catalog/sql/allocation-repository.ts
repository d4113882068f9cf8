import type { AllocationRepository } from '#src/catalog/allocations';
import type { SqlContext } from '#src/catalog/sql/sql-context';
import type { CartridgeId } from '#src/media/facets';

export function createAllocationRepository(context: SqlContext): AllocationRepository {
  return {
    async list({ rotation, from, to } = {}) {
      const rows = await context.read((db) =>
        db
          .selectFrom('allocations')
          .selectAll()
          .$if(rotation !== undefined, (query) => query.where('rotation', '=', rotation ?? ''))
          .$if(from !== undefined, (query) => query.where('run_day', '>=', from ?? ''))
          .$if(to !== undefined, (query) => query.where('run_day', '<=', to ?? ''))
          .orderBy('run_day')
          .orderBy('rotation')
          .orderBy('tier')
          .orderBy('ordinal')
          .execute(),
      );
      return rows.map(({ run_day, cartridge, ...row }) => ({
        ...row,
        runDay: run_day,
        cartridge: cartridge as CartridgeId,
      }));
    },
    async put(allocations) {
      await context.write(async (db) => {
        for (const { rotation, runDay, tier, ordinal, cartridge } of allocations) {
          await db
            .insertInto('allocations')
            .values({ rotation, run_day: runDay, tier, ordinal, cartridge })
            .onConflict((conflict) =>
              conflict.columns(['rotation', 'run_day', 'tier', 'ordinal']).doUpdateSet({ cartridge }),
            )
            .execute();
        }
      });
    },
    async remove(allocations) {
      await context.write(async (db) => {
        for (const { rotation, runDay, tier, ordinal } of allocations) {
          await db
            .deleteFrom('allocations')
            .where('rotation', '=', rotation)
            .where('run_day', '=', runDay)
            .where('tier', '=', tier)
            .where('ordinal', '=', ordinal)
            .execute();
        }
      });
    },
  };
}
