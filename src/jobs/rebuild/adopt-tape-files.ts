import type { Clock } from '#src/base/clock';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { liftDoubt } from '#src/jobs/lift-doubt';
import { adoptNamedDataSet } from '#src/jobs/rebuild/adopt-data-set';
import type { ScannedVolume } from '#src/jobs/rebuild/cartridge-scan';
import type { ScannedTapeFile } from '#src/session/scan-volume';
import type { SegmentDescriptor } from '#src/volume/descriptor';

export interface AdoptionPorts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** The pool that a pool draws from, by the configuration; undefined where it draws from none. */
  readonly drawOf: (pool: string) => string | undefined;
  readonly onDoubt: (doubt: string) => void;
}

/** Enters what lies where on a volume, and gives the cartridge the pool of the newest data set on it. `dataSets`: those met so far, to which it adds. */
export async function adoptTapeFiles(
  { cartridge, volume, files }: ScannedVolume,
  dataSets: Map<string, DataSetRecord>,
  ports: AdoptionPorts,
): Promise<void> {
  const { catalog, drawOf } = ports;
  let newest: DataSetRecord | undefined;
  for (const file of files) {
    const dataSet = await adoptTapeFile({ cartridge, volume, file }, dataSets, ports);
    if (dataSet && (newest === undefined || dataSet.startedAt > newest.startedAt)) newest = dataSet;
  }
  const pool = newest?.pool;
  await catalog.cartridges.update(cartridge.id, {
    fill: 'appendable',
    ...(pool === undefined || pool === cartridge.pool ? {} : { pool, drawnFrom: drawOf(pool) }),
  });
  await liftDoubt(cartridge, 'rebuild', catalog);
}

interface FoundTapeFile extends Omit<ScannedVolume, 'files'> {
  readonly file: ScannedTapeFile;
}

/** Returns the data set that it belongs to. */
async function adoptTapeFile(
  { cartridge, volume, file }: FoundTapeFile,
  dataSets: Map<string, DataSetRecord>,
  ports: AdoptionPorts,
): Promise<DataSetRecord | undefined> {
  const { fileNumber, block, blocks, isEnded, content } = file;
  const { tapeFiles } = ports.catalog;
  const name = `${cartridge.barcode}, tape file ${fileNumber}`;
  if (content.kind === 'empty') return undefined;
  if (content.kind === 'damaged' || content.descriptor.kind === 'unknown') {
    const why = content.kind === 'damaged' ? content.reason : 'a kind that this version does not know';
    ports.onDoubt(`${name}: ${why}`);
    return undefined;
  }
  const { descriptor } = content;
  const place = { volume: volume.key, fileNumber, block, blocks, payloadBytes: descriptor.payloadBytes };
  if (!isEnded && fileNumber > 0) {
    ports.onDoubt(`${name}: its end was never written; what is written next takes its place`);
    return undefined;
  }
  if (content.kind === 'void') {
    ports.onDoubt(`${name}: shorter than its descriptor says; it is passed over`);
    await tapeFiles.adopt({ ...place, dataSet: undefined, number: undefined, kind: 'void', state: 'void' });
    return undefined;
  }
  if (descriptor.kind === 'label') return undefined;
  const { dataSet: id } = descriptor;
  const dataSet = dataSets.get(id) ?? (await adoptNamedDataSet(id, cartridge, ports.catalog, ports.clock.now()));
  dataSets.set(id, dataSet);
  if (descriptor.kind === 'segment') await knowSegment(dataSet, descriptor, ports);
  const { kind, number } = descriptor;
  const state = kind === 'void' ? 'void' : 'written';
  await tapeFiles.adopt({ ...place, dataSet: dataSet.key, number, kind, state });
  return dataSet;
}

async function knowSegment(
  dataSet: DataSetRecord,
  descriptor: SegmentDescriptor,
  { catalog }: Pick<AdoptionPorts, 'catalog'>,
): Promise<void> {
  const { number, payloadBytes, payloadXxh64, startsInside, endsInside, firstHeader } = descriptor;
  await catalog.dataSets.adoptSegment({
    dataSet: dataSet.key,
    number,
    payloadBytes,
    xxh64: payloadXxh64,
    startsInside: startsInside ?? undefined,
    endsInside: endsInside ?? undefined,
    firstHeader: firstHeader ?? undefined,
  });
}
