import { asBuffer } from '#src/base/bytes';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import { describeSegment } from '#src/staging/segment-record';
import type { DataSetIndexRecord, IndexedCopy } from '#src/volume/index-record';

const base64 = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64');
const iso = (at: number): string => new Date(at).toISOString();

/** What the catalog knows of a data set now, in the form in which it stands in an index. */
export async function describeDataSet(repositories: Repositories, dataSet: DataSetRecord): Promise<DataSetIndexRecord> {
  const base = dataSet.base === undefined ? undefined : await repositories.dataSets.get(dataSet.base);
  const segments = await repositories.dataSets.segments(dataSet.key);
  const copies = await copiesBySegment(repositories, dataSet);
  const warnings = await repositories.dataSets.warnings(dataSet.key);
  const fileSystems = await repositories.dataSets.fileSystems(dataSet.key);
  return {
    dataSet: dataSet.id,
    backupSet: dataSet.backupSet,
    level: dataSet.level,
    base: base?.id ?? null,
    state: dataSet.state,
    startedAt: iso(dataSet.startedAt),
    finishedAt: dataSet.finishedAt === undefined ? null : iso(dataSet.finishedAt),
    runDay: dataSet.runDay,
    timeZone: dataSet.timeZone,
    library: dataSet.library,
    pool: dataSet.pool,
    rotation: dataSet.rotation ?? null,
    tier: dataSet.tier ?? null,
    protection: dataSet.protection,
    files: dataSet.files,
    bytes: dataSet.bytes,
    warnings: warnings.map(({ path, code, message }) => ({ pathBytes: base64(path), code, message })),
    fileSystems: fileSystems.map(({ path, device }) => ({ pathBytes: base64(path), device })),
    segments: segments
      .filter(({ state }) => state !== 'filling')
      .map((segment) => describeSegment(segment, copies.get(segment.number) ?? [])),
  };
}

async function copiesBySegment(
  repositories: Repositories,
  dataSet: DataSetRecord,
): Promise<ReadonlyMap<number, readonly IndexedCopy[]>> {
  const bySegment = new Map<number, IndexedCopy[]>();
  const names = new Map<number, { volume: string; barcode: string } | undefined>();
  for (const file of await repositories.tapeFiles.copiesOf(dataSet.key)) {
    if (!names.has(file.volume)) names.set(file.volume, await nameVolume(repositories, file));
    const name = names.get(file.volume);
    if (!name || file.number === undefined) continue;
    const copy = { ...name, tapeFile: file.fileNumber, block: file.block, blocks: file.blocks };
    bySegment.set(file.number, [...(bySegment.get(file.number) ?? []), copy]);
  }
  for (const { number, volume, barcode, fileNumber: tapeFile, block, blocks } of await repositories.tapeFiles.unreadOf(
    dataSet.key,
  )) {
    bySegment.set(number, [...(bySegment.get(number) ?? []), { volume, barcode, tapeFile, block, blocks }]);
  }
  return bySegment;
}

async function nameVolume(
  repositories: Repositories,
  file: TapeFileRecord,
): Promise<{ volume: string; barcode: string } | undefined> {
  const volume = await repositories.volumes.get(file.volume);
  const cartridge = volume && (await repositories.cartridges.get(volume.cartridge));
  return volume && cartridge && { volume: volume.id, barcode: cartridge.barcode };
}
