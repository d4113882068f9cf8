import type { Selectable, Updateable } from 'kysely';
import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import type { CartridgeRecord, CartridgeRepository } from '#src/catalog/cartridges';
import type { CartridgeTable } from '#src/catalog/sql/schema';
import type { SqlContext } from '#src/catalog/sql/sql-context';
import type { Barcode, CartridgeId, CartridgeKind, Condition, Fill } from '#src/media/facets';

export function createCartridgeRepository(context: SqlContext): CartridgeRepository {
  return {
    async add(fresh) {
      const known: Omit<CartridgeRecord, 'id'> = {
        ...fresh,
        drawnFrom: fresh.drawnFrom,
        lastSeen: fresh.lastSeen,
        lastSeenAt: fresh.lastSeenAt,
        homeSlot: fresh.homeSlot,
        fill: fresh.fill ?? 'unknown',
        condition: fresh.condition ?? 'good',
        conditionReason: fresh.conditionReason,
        writeProtected: fresh.writeProtected ?? false,
        serial: fresh.serial,
        usedBytes: fresh.usedBytes ?? 0,
        capacityBytes: fresh.capacityBytes,
        holds: fresh.holds ?? [],
      };
      const columns = toColumns(known) as Required<ReturnType<typeof toColumns>>;
      const { id } = await context.write((db) =>
        db.insertInto('cartridges').values(columns).returning('id').executeTakeFirstOrThrow(),
      );
      return { ...known, id: id as CartridgeId };
    },
    async get(id) {
      const row = await context.read((db) =>
        db.selectFrom('cartridges').selectAll().where('id', '=', id).executeTakeFirst(),
      );
      return row && toRecord(row);
    },
    async byBarcode(barcode, library) {
      const rows = await context.read((db) =>
        db
          .selectFrom('cartridges')
          .selectAll()
          .where('barcode', '=', barcode)
          .$if(library !== undefined, (query) => query.where('library', '=', library ?? ''))
          .orderBy('library')
          .orderBy('id')
          .execute(),
      );
      return rows.map(toRecord);
    },
    async list({ library, pool } = {}) {
      const rows = await context.read((db) =>
        db
          .selectFrom('cartridges')
          .selectAll()
          .$if(library !== undefined, (query) => query.where('library', '=', library ?? ''))
          .$if(pool !== undefined, (query) => query.where('pool', '=', pool ?? ''))
          .orderBy('library')
          .orderBy('barcode')
          .orderBy('id')
          .execute(),
      );
      return rows.map(toRecord);
    },
    async update(id, changes) {
      const columns = toColumns(changes);
      if (Object.keys(columns).length === 0) return;
      await context.write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('cartridges')
          .set(columns)
          .where('id', '=', id)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw bug(`the catalog knows no cartridge number ${id}`);
      });
    },
    async merge(id, into) {
      await context.write(async (db) => {
        await db.updateTable('allocations').set({ cartridge: into }).where('cartridge', '=', id).execute();
        await db.deleteFrom('cartridges').where('id', '=', id).execute();
      });
    },
  };
}

/** Columns of the fields that are there: a field that is there with `undefined` empties its column, one that is not there leaves it. */
function toColumns(fields: Partial<Omit<CartridgeRecord, 'id'>>): Updateable<CartridgeTable> {
  const columns: Updateable<CartridgeTable> = {};
  if (fields.library !== undefined) columns.library = fields.library;
  if (fields.barcode !== undefined) columns.barcode = fields.barcode;
  if (fields.kind !== undefined) columns.kind = fields.kind;
  if ('generation' in fields) columns.generation = fields.generation ?? null;
  if (fields.pool !== undefined) columns.pool = fields.pool;
  if ('drawnFrom' in fields) columns.drawn_from = fields.drawnFrom ?? null;
  if (fields.location !== undefined) columns.location = JSON.stringify(fields.location);
  if ('lastSeen' in fields) columns.last_seen = fields.lastSeen ? JSON.stringify(fields.lastSeen) : null;
  if ('lastSeenAt' in fields) columns.last_seen_at = fields.lastSeenAt ?? null;
  if ('homeSlot' in fields) columns.home_slot = fields.homeSlot ?? null;
  if (fields.fill !== undefined) columns.fill = fields.fill;
  if (fields.condition !== undefined) columns.condition = fields.condition;
  if ('conditionReason' in fields) columns.condition_reason = fields.conditionReason ?? null;
  if (fields.writeProtected !== undefined) columns.write_protected = Number(fields.writeProtected);
  if ('serial' in fields) columns.serial = fields.serial ?? null;
  if (fields.usedBytes !== undefined) columns.used_bytes = fields.usedBytes;
  if ('capacityBytes' in fields) columns.capacity_bytes = fields.capacityBytes ?? null;
  if (fields.holds !== undefined) columns.holds = JSON.stringify(fields.holds);
  return columns;
}

const toRecord = (row: Selectable<CartridgeTable>): CartridgeRecord => ({
  id: row.id as CartridgeId,
  library: row.library,
  barcode: row.barcode as Barcode,
  kind: row.kind as CartridgeKind,
  generation: row.generation ?? undefined,
  pool: row.pool,
  drawnFrom: row.drawn_from ?? undefined,
  location: JSON.parse(row.location),
  lastSeen: row.last_seen === null ? undefined : JSON.parse(row.last_seen),
  lastSeenAt: (row.last_seen_at ?? undefined) as Instant | undefined,
  homeSlot: row.home_slot ?? undefined,
  fill: row.fill as Fill,
  condition: row.condition as Condition,
  conditionReason: row.condition_reason ?? undefined,
  writeProtected: row.write_protected === 1,
  serial: row.serial ?? undefined,
  usedBytes: row.used_bytes,
  capacityBytes: row.capacity_bytes ?? undefined,
  holds: JSON.parse(row.holds),
});
