import { type Insertable, type Selectable, sql } from 'kysely';
import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import { liveCopy } from '#src/catalog/sql/live-segment';
import { readProtections, unprotected } from '#src/catalog/sql/protection';
import type { VolumeTable } from '#src/catalog/sql/schema';
import type { CatalogDatabase, SqlContext } from '#src/catalog/sql/sql-context';
import type { VolumeKey, VolumeRecord, VolumeRepository, VolumeState } from '#src/catalog/volumes';
import type { CartridgeId } from '#src/media/facets';

export function createVolumeRepository(context: SqlContext): VolumeRepository {
  const select = (where: (query: VolumeQuery) => VolumeQuery) =>
    context.read(async (db) => (await where(selectVolumes(db)).orderBy('key').execute()).map(toRecord));

  return {
    beginLabelling: (volume) => context.write((db) => beginLabelling(db, volume)),
    confirm: (key) =>
      context.write(async (db) => {
        const volume = await labellingVolume(db, key, 'confirmed');
        await db.updateTable('volumes').set({ state: 'live', previous: null }).where('key', '=', key).execute();
        await db.updateTable('cartridges').set({ used_bytes: 0 }).where('id', '=', volume.cartridge).execute();
        await forgetOpen(db, volume.cartridge);
      }),
    withdraw: (key) =>
      context.write(async (db) => {
        const volume = await labellingVolume(db, key, 'withdrawn');
        await db.deleteFrom('tape_files').where('volume', '=', key).execute();
        await db.deleteFrom('volumes').where('key', '=', key).execute();
        if (volume.previous === null) return;
        await db.updateTable('volumes').set({ state: 'live' }).where('key', '=', volume.previous).execute();
        await settleStaged(db, volume.previous);
      }),
    adopt: (volume) => context.write((db) => adopt(db, volume)),
    accept: (key) =>
      context.write(async (db) => {
        const volume = await volumeRow(db, key);
        if (volume.state !== 'live') throw bug(`volume ${volume.id} is ${volume.state} and cannot be accepted`);
        await db.updateTable('volumes').set({ rebuilt: 0 }).where('key', '=', key).execute();
      }),
    get: async (key) => (await select((query) => query.where('key', '=', key)))[0],
    byId: (id) => select((query) => query.where('id', '=', id.toLowerCase())),
    ofCartridge: async (cartridge) =>
      (await select((query) => query.where('cartridge', '=', cartridge).where('state', '<>', 'superseded')))[0],
    current: () => select((query) => query.where('state', '<>', 'superseded')),
    labelling: () => select((query) => query.where('state', '=', 'labelling')),
    protection: async (key) => (await context.snapshot((db) => readProtections(db, key))).get(key) ?? unprotected,
    protections: () => context.snapshot((db) => readProtections(db)),
  };
}

const selectVolumes = (db: CatalogDatabase) => db.selectFrom('volumes').selectAll();
type VolumeQuery = ReturnType<typeof selectVolumes>;

const currentRow = (db: CatalogDatabase, cartridge: CartridgeId) =>
  selectVolumes(db).where('cartridge', '=', cartridge).where('state', '<>', 'superseded').executeTakeFirst();

async function beginLabelling(
  db: CatalogDatabase,
  volume: Parameters<VolumeRepository['beginLabelling']>[0],
): Promise<VolumeRecord> {
  const before = await currentRow(db, volume.cartridge);
  if (before) await supersede(db, before.key);
  // A second intent over one that was never settled goes back, if it is withdrawn, to the volume that was live before both.
  const previous = before?.state === 'labelling' ? before.previous : (before?.key ?? null);
  return await insertVolume(db, { ...toColumns(volume), state: 'labelling', rebuilt: 0, previous });
}

/** The medium is believed: what is found on a cartridge is its volume, whatever the catalog held before. */
async function adopt(db: CatalogDatabase, volume: Parameters<VolumeRepository['adopt']>[0]): Promise<VolumeRecord> {
  const columns = toColumns(volume);
  const rebuilt = Number(volume.rebuilt);
  const before = await currentRow(db, volume.cartridge);
  if (before && before.id !== columns.id) {
    await supersede(db, before.key);
    await forgetOpen(db, volume.cartridge);
  }
  const known = await selectVolumes(db)
    .where('cartridge', '=', volume.cartridge)
    .where('id', '=', columns.id)
    .executeTakeFirst();
  if (!known) return await insertVolume(db, { ...columns, state: 'live', rebuilt, previous: null });
  const changed = { ...columns, state: 'live', rebuilt, previous: null };
  await db.updateTable('volumes').set(changed).where('key', '=', known.key).execute();
  await settleStaged(db, known.key);
  return toRecord({ ...known, ...changed });
}

async function supersede(db: CatalogDatabase, key: number): Promise<void> {
  await db.updateTable('volumes').set({ state: 'superseded', previous: null }).where('key', '=', key).execute();
  await settleStaged(db, key);
}

/** What the journal had open on the superseded volumes of a cartridge is gone from the medium with them. */
async function forgetOpen(db: CatalogDatabase, cartridge: number): Promise<void> {
  await db
    .deleteFrom('tape_files')
    .where('state', '=', 'open')
    .where('volume', 'in', (query) =>
      query.selectFrom('volumes').select('key').where('cartridge', '=', cartridge).where('state', '=', 'superseded'),
    )
    .execute();
}

/**
 * A process that died before it evicted leaves segments in staging that are on this volume, too. Where the volume goes, staging alone holds them: they are to
 * be written again, and the index that called their data set complete with them.
 */
async function settleStaged(db: CatalogDatabase, key: number): Promise<void> {
  await sql`update segments as s set state = case when ${liveCopy} then 'written' else 'staged' end
    where s.in_staging = 1 and s.state <> 'filling' and ${isOn(key)}`.execute(db);
  await sql`update data_sets set concluded = 0 where concluded = 1 and exists (
    select 1 from segments s where s.data_set = data_sets.key and s.in_staging = 1 and s.state = 'staged' and ${isOn(key)})`.execute(
    db,
  );
}

/** Whether segment `s` has a tape file on this volume. */
const isOn = (key: number) => sql<boolean>`exists (
  select 1 from tape_files f where f.volume = ${key} and f.data_set = s.data_set and f.number = s.number and f.kind = 'segment')`;

async function insertVolume(db: CatalogDatabase, row: Insertable<VolumeTable>): Promise<VolumeRecord> {
  return toRecord(await db.insertInto('volumes').values(row).returningAll().executeTakeFirstOrThrow());
}

async function volumeRow(db: CatalogDatabase, key: VolumeKey): Promise<Selectable<VolumeTable>> {
  const row = await selectVolumes(db).where('key', '=', key).executeTakeFirst();
  if (!row) throw bug(`the catalog knows no volume number ${key}`);
  return row;
}

async function labellingVolume(db: CatalogDatabase, key: VolumeKey, wanted: string): Promise<Selectable<VolumeTable>> {
  const row = await volumeRow(db, key);
  if (row.state !== 'labelling')
    throw bug(`volume ${row.id} is ${row.state}: there is no intent that can be ${wanted}`);
  return row;
}

const toColumns = (volume: Pick<VolumeRecord, 'id' | 'cartridge' | 'blockSizeBytes' | 'labelledAt'>) => ({
  id: volume.id.toLowerCase(),
  cartridge: volume.cartridge,
  block_size_bytes: volume.blockSizeBytes,
  labelled_at: volume.labelledAt,
});

const toRecord = (row: Selectable<VolumeTable>): VolumeRecord => ({
  key: row.key as VolumeKey,
  id: row.id,
  cartridge: row.cartridge as CartridgeId,
  state: row.state as VolumeState,
  blockSizeBytes: row.block_size_bytes,
  labelledAt: row.labelled_at as Instant,
  rebuilt: row.rebuilt === 1,
});
