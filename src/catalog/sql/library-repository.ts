import type { Selectable } from 'kysely';
import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import type { DriveRecord, LibraryRepository } from '#src/catalog/libraries';
import type { DriveTable } from '#src/catalog/sql/schema';
import type { SqlContext } from '#src/catalog/sql/sql-context';

const driveRecord = (row: Selectable<DriveTable>): DriveRecord => ({
  ...row,
  generation: row.generation ?? undefined,
  state: row.state as DriveRecord['state'],
  reason: row.reason ?? undefined,
  cartridge: row.cartridge ?? undefined,
});

export function createLibraryRepository(context: SqlContext): LibraryRepository {
  return {
    get(name) {
      return context.snapshot(async (db) => {
        const row = await db.selectFrom('libraries').selectAll().where('name', '=', name).executeTakeFirst();
        if (!row) return undefined;
        const drives = await db
          .selectFrom('drives')
          .selectAll()
          .where('library', '=', name)
          .orderBy('number')
          .execute();
        return {
          name: row.name,
          inventoriedAt: row.inventoried_at as Instant,
          slots: row.slots,
          mailSlots: row.mail_slots,
          drives: drives.map(driveRecord),
        };
      });
    },
    async put({ name, inventoriedAt, slots, mailSlots, drives }) {
      if (drives.some((drive) => drive.library !== name))
        throw bug(`a drive of another library was put into '${name}'`);
      const columns = { inventoried_at: inventoriedAt, slots, mail_slots: mailSlots };
      await context.write(async (db) => {
        await db
          .insertInto('libraries')
          .values({ name, ...columns })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(columns))
          .execute();
        await db.deleteFrom('drives').where('library', '=', name).execute();
        for (const drive of drives) {
          const { generation, reason, cartridge } = drive;
          await db
            .insertInto('drives')
            .values({
              library: name,
              number: drive.number,
              serial: drive.serial,
              vendor: drive.vendor,
              product: drive.product,
              state: drive.state,
              generation: generation ?? null,
              reason: reason ?? null,
              cartridge: cartridge ?? null,
            })
            .execute();
        }
      });
    },
    async updateDrive(library, number, changes) {
      const columns = {
        ...(changes.state !== undefined && { state: changes.state }),
        ...('reason' in changes && { reason: changes.reason ?? null }),
        ...('cartridge' in changes && { cartridge: changes.cartridge ?? null }),
      };
      if (Object.keys(columns).length === 0) return;
      await context.write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('drives')
          .set(columns)
          .where('library', '=', library)
          .where('number', '=', number)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw bug(`the catalog knows no drive ${number} of library '${library}'`);
      });
    },
  };
}
