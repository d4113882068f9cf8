import type { Selectable } from 'kysely';
import type { Instant } from '#src/base/clock';
import type { LeaseRecord, LeaseRepository } from '#src/catalog/leases';
import type { LeaseTable } from '#src/catalog/sql/schema';
import type { SqlContext } from '#src/catalog/sql/sql-context';

const record = (row: Selectable<LeaseTable>): LeaseRecord => ({ ...row, since: row.since as Instant });

export function createLeaseRepository(context: SqlContext): LeaseRepository {
  return {
    async get(resource) {
      const row = await context.read((db) =>
        db.selectFrom('leases').selectAll().where('resource', '=', resource).executeTakeFirst(),
      );
      return row && record(row);
    },
    async put({ resource, host, pid, job, since }) {
      const holder = { host, pid, job, since };
      await context.write((db) =>
        db
          .insertInto('leases')
          .values({ resource, ...holder })
          .onConflict((conflict) => conflict.column('resource').doUpdateSet(holder))
          .execute(),
      );
    },
    async remove(resource) {
      await context.write((db) => db.deleteFrom('leases').where('resource', '=', resource).execute());
    },
    async list() {
      return (await context.read((db) => db.selectFrom('leases').selectAll().orderBy('resource').execute())).map(
        record,
      );
    },
  };
}
