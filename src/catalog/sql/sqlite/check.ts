import { sql } from 'kysely';
import type { Clock } from '#src/base/clock';
import type { Finding } from '#src/catalog/catalog';
import type { SqlContext } from '#src/catalog/sql/sql-context';

export async function checkCatalog(context: SqlContext, _clock: Clock): Promise<readonly Finding[]> {
  return await context.snapshot(async (db) => {
    const { rows } = await sql<{ quick_check: string }>`pragma quick_check(20)`.execute(db);
    return rows
      .filter((row) => row.quick_check !== 'ok')
      .map(({ quick_check }) => ({
        code: 'catalog.damaged',
        subject: 'catalog',
        message: quick_check,
        repair: '',
        repairable: false,
      }));
  });
}
export async function repairCatalog(
  context: SqlContext,
  clock: Clock,
  _findings: readonly Finding[],
): Promise<readonly Finding[]> {
  return await checkCatalog(context, clock);
}
