import { ManualClock } from '#src/base/clock';
import { xxh64 } from '#src/base/xxh64';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import type { Barcode } from '#src/media/facets';
import { memoryPayload } from '#src/session/tape-file-source';
import type { WriteSession } from '#src/session/write-session';
import { day, withFolder } from '#test/catalog/engines';
import { createTestLibrary, type TestLibrary } from '#test/support/virtual-library';

/** Sessions over a virtual library and a catalog, without what the library layer and jobs add. */
export interface Bench {
  readonly folder: string;
  readonly library: TestLibrary;
  readonly catalog: Catalog;
  readonly clock: ManualClock;
  cartridge(barcode: string): Promise<CartridgeRecord>;
}

export async function withBench(capacity: string, work: (bench: Bench) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const clock = new ManualClock(day('2026-11-22T22:00:00Z'));
    await using library = await createTestLibrary({ capacity });
    await using catalog = await openSqliteCatalog({ path: `${folder}/catalog.sqlite`, clock });
    const cartridge = (barcode: string) =>
      catalog.cartridges.add({
        library: 'main',
        barcode: barcode as Barcode,
        kind: 'data',
        generation: 'LTO-9',
        pool: 'scratch',
        location: { kind: 'slot', library: 'main', number: 1 },
      });
    await work({ folder, library, catalog, clock, cartridge });
  });
}

export const segmentOf = (session: WriteSession, number: number, payload: Buffer, dataSet: DataSetRecord) => ({
  descriptor: {
    kind: 'segment' as const,
    volume: session.volume.id,
    dataSet: dataSet.id,
    number,
    codecs: [],
    payloadBytes: payload.length,
    payloadXxh64: xxh64(payload),
    startsInside: null,
    endsInside: null,
    firstHeader: 0,
  },
  dataSet: dataSet.key,
  payload: memoryPayload(`segment ${number}`, payload, xxh64(payload)),
});

export async function stage(catalog: Catalog, dataSet: DataSetRecord, number: number, payload: Buffer): Promise<void> {
  await catalog.dataSets.beginSegment(dataSet.key, number);
  await catalog.dataSets.segmentStaged({
    dataSet: dataSet.key,
    number,
    payloadBytes: payload.length,
    xxh64: xxh64(payload),
    startsInside: undefined,
    endsInside: undefined,
    firstHeader: 0,
  });
}
