import type { Instant } from '#src/base/clock';
import type { ActionRepository } from '#src/catalog/actions';
import type { SqlContext } from '#src/catalog/sql/sql-context';

export function createActionRepository(context: SqlContext): ActionRepository {
  return {
    async append({ at, event, subject, details }) {
      const row = { at, event, subject, details: JSON.stringify(details) };
      await context.write((db) => db.insertInto('actions').values(row).execute());
    },
    async list({ subject, event, limit } = {}) {
      const rows = await context.read((db) =>
        db
          .selectFrom('actions')
          .selectAll()
          .$if(subject !== undefined, (query) => query.where('subject', '=', subject ?? ''))
          .$if(event !== undefined, (query) => query.where('event', '=', event ?? ''))
          .orderBy('key', 'desc')
          .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
          .execute(),
      );
      return rows.map((row) => ({
        at: row.at as Instant,
        event: row.event,
        subject: row.subject,
        details: JSON.parse(row.details),
      }));
    },
  };
}
