import type { Selectable } from 'kysely';
import { bug } from '#src/base/errors';
import type { DataSetKey } from '#src/catalog/data-sets';
import { plausibleUnread } from '#src/catalog/sql/live-segment';
import type { TapeFileTable } from '#src/catalog/sql/schema';
import type { CatalogDatabase, SqlContext } from '#src/catalog/sql/sql-context';
import type {
  TapeFileKind,
  TapeFileRecord,
  TapeFileRepository,
  TapeFileState,
  UnreadCopy,
} from '#src/catalog/tape-files';
import type { VolumeKey } from '#src/catalog/volumes';

export function createTapeFileRepository(context: SqlContext): TapeFileRepository {
  return {
    begin: (file) => context.write((db) => begin(db, file)),
    written: (volume, fileNumber, size) =>
      context.write(async (db) => {
        const file = await openFile(db, volume, fileNumber);
        await one(db, volume, fileNumber)
          .set({ state: 'written', blocks: size.blocks, payload_bytes: size.payloadBytes })
          .execute();
        if (file.kind === 'segment') await segmentWritten(db, file);
        await addUsedBytes(db, volume, size.payloadBytes);
      }),
    giveUp: (volume, fileNumber, how) =>
      context.write(async (db) => {
        await openFile(db, volume, fileNumber);
        if (how === 'keep') {
          await one(db, volume, fileNumber).set({ state: 'void' }).execute();
        } else {
          await db
            .deleteFrom('tape_files')
            .where('volume', '=', volume)
            .where('file_number', '=', fileNumber)
            .execute();
        }
      }),
    ofVolume: async (volume) =>
      (
        await context.read((db) =>
          db.selectFrom('tape_files').selectAll().where('volume', '=', volume).orderBy('file_number').execute(),
        )
      ).map(toRecord),
    copies: async (dataSet, segment) =>
      (
        await context.read((db) =>
          liveCopies(db).where('t.data_set', '=', dataSet).where('t.number', '=', segment).execute(),
        )
      ).map(toRecord),
    copiesOf: async (dataSet) =>
      (await context.read((db) => liveCopies(db).where('t.data_set', '=', dataSet).execute())).map(toRecord),
    ofDataSet: async (dataSet) =>
      (
        await context.read((db) =>
          db
            .selectFrom('tape_files as t')
            .innerJoin('volumes as v', 'v.key', 't.volume')
            .selectAll('t')
            .where('t.data_set', '=', dataSet)
            .where('v.state', '=', 'live')
            .orderBy('t.volume')
            .orderBy('t.file_number')
            .execute(),
        )
      ).map(toRecord),
    adopt: (file) => context.write((db) => adopt(db, file)),
    noteUnread: (copies) => context.write((db) => noteUnread(db, copies)),
    unreadOf: (dataSet) => context.read((db) => unreadOf(db, dataSet)),
  };
}

const liveCopies = (db: CatalogDatabase) =>
  db
    .selectFrom('tape_files as t')
    .innerJoin('volumes as v', 'v.key', 't.volume')
    .selectAll('t')
    .where('t.kind', '=', 'segment')
    .where('t.state', '=', 'written')
    .where('v.state', '=', 'live')
    .orderBy('t.number')
    .orderBy('t.volume')
    .orderBy('t.file_number');

const one = (db: CatalogDatabase, volume: VolumeKey, fileNumber: number) =>
  db.updateTable('tape_files').where('volume', '=', volume).where('file_number', '=', fileNumber);

async function begin(db: CatalogDatabase, file: Omit<TapeFileRecord, 'state' | 'blocks'>): Promise<void> {
  const volume = await db
    .selectFrom('volumes')
    .select(['id', 'state'])
    .where('key', '=', file.volume)
    .executeTakeFirst();
  if (!volume) throw bug(`the catalog knows no volume number ${file.volume}`);
  const allowed = volume.state === 'live' || (volume.state === 'labelling' && file.kind === 'label');
  if (!allowed) throw bug(`volume ${volume.id} is ${volume.state}: no ${file.kind} can be written on it`);
  const after = await db
    .selectFrom('tape_files')
    .select('file_number')
    .where('volume', '=', file.volume)
    .where('file_number', '>=', file.fileNumber)
    .where('state', '=', 'written')
    .executeTakeFirst();
  if (after) {
    throw bug(
      `tape file ${file.fileNumber} of volume ${volume.id} would destroy tape file ${after.file_number}, which is written`,
    );
  }
  // What was given up there or behind it is gone from the medium with the first block.
  await db
    .deleteFrom('tape_files')
    .where('volume', '=', file.volume)
    .where('file_number', '>=', file.fileNumber)
    .execute();
  await db
    .insertInto('tape_files')
    .values(toRow({ ...file, state: 'open', blocks: 0 }))
    .execute();
}

async function openFile(db: CatalogDatabase, volume: VolumeKey, fileNumber: number): Promise<TapeFileRecord> {
  const row = await db
    .selectFrom('tape_files')
    .selectAll()
    .where('volume', '=', volume)
    .where('file_number', '=', fileNumber)
    .executeTakeFirst();
  if (row?.state !== 'open') {
    throw bug(`tape file ${fileNumber} of volume number ${volume} is ${row?.state ?? 'unknown'}, not open`);
  }
  return toRecord(row);
}

/** Only what is staged can have been written: a copy of what may still change would be a copy of something else. */
async function segmentWritten(db: CatalogDatabase, { dataSet, number }: TapeFileRecord): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('segments')
    .set({ state: 'written' })
    .where('data_set', '=', dataSet ?? 0)
    .where('number', '=', number ?? 0)
    .where('state', 'in', ['staged', 'written'])
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw bug(`segment ${number} of data set number ${dataSet} was written but is not staged`);
}

async function addUsedBytes(db: CatalogDatabase, volume: VolumeKey, payloadBytes: number): Promise<void> {
  await db
    .updateTable('cartridges')
    .set((eb) => ({ used_bytes: eb('used_bytes', '+', payloadBytes) }))
    .where('id', '=', (eb) => eb.selectFrom('volumes').select('cartridge').where('key', '=', volume))
    .execute();
}

async function adopt(db: CatalogDatabase, file: TapeFileRecord): Promise<void> {
  const known = await db
    .selectFrom('tape_files')
    .selectAll()
    .where('volume', '=', file.volume)
    .where('file_number', '=', file.fileNumber)
    .executeTakeFirst();
  const row = toRow(file);
  if (known) await one(db, file.volume, file.fileNumber).set(row).execute();
  else await db.insertInto('tape_files').values(row).execute();
  const usedBefore = known?.state === 'written' ? known.payload_bytes : 0;
  await addUsedBytes(db, file.volume, (file.state === 'written' ? file.payloadBytes : 0) - usedBefore);
  if (file.kind !== 'segment' || file.state !== 'written') return;
  await db
    .updateTable('segments')
    .set({ state: 'written' })
    .where('data_set', '=', file.dataSet ?? 0)
    .where('number', '=', file.number ?? 0)
    .where('state', '=', 'staged')
    .execute();
}

async function noteUnread(db: CatalogDatabase, copies: readonly UnreadCopy[]): Promise<void> {
  for (const { dataSet, number, volume, barcode, fileNumber, block, blocks } of copies) {
    await db
      .insertInto('unread_copies')
      .values({ data_set: dataSet, number, volume, barcode, file_number: fileNumber, block, blocks })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

async function unreadOf(db: CatalogDatabase, dataSet: DataSetKey): Promise<readonly UnreadCopy[]> {
  const rows = await db
    .selectFrom('unread_copies as u')
    .selectAll()
    .where('u.data_set', '=', dataSet)
    .where(plausibleUnread)
    .orderBy('u.number')
    .orderBy('u.volume')
    .execute();
  return rows.map(({ data_set, file_number, ...rest }) => ({ ...rest, dataSet, fileNumber: file_number }));
}

const toRow = (file: TapeFileRecord): TapeFileTable => ({
  volume: file.volume,
  file_number: file.fileNumber,
  kind: file.kind,
  state: file.state,
  block: file.block,
  blocks: file.blocks,
  payload_bytes: file.payloadBytes,
  data_set: file.dataSet ?? null,
  number: file.number ?? null,
});

const toRecord = (row: Selectable<TapeFileTable>): TapeFileRecord => ({
  volume: row.volume as VolumeKey,
  fileNumber: row.file_number,
  kind: row.kind as TapeFileKind,
  state: row.state as TapeFileState,
  block: row.block,
  blocks: row.blocks,
  payloadBytes: row.payload_bytes,
  dataSet: (row.data_set ?? undefined) as DataSetKey | undefined,
  number: row.number ?? undefined,
});
