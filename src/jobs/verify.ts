import { GrandsireError, throwIfAborted } from '#src/base/errors';
import { groupBy } from '#src/base/group-by';
import { Xxh64Stream } from '#src/base/xxh64';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { MountCartridge } from '#src/jobs/mounting';
import { openReadSession, type ReadSession } from '#src/session/read-session';
import { openPayloadFile } from '#src/session/tape-file-source';

export interface VerifyFailure {
  readonly dataSet: string;
  readonly segment: number;
  /** Undefined: the copy in staging. */
  readonly cartridge: string | undefined;
  readonly code: string;
  readonly message: string;
}

export interface VerifyResult {
  /** Copies of segments that were read back. */
  readonly checked: number;
  readonly bytes: number;
  readonly failed: readonly VerifyFailure[];
}

export interface VerifyPorts {
  readonly repositories: Repositories;
  readonly mount: MountCartridge;
  /** Path of a staged segment. */
  readonly stagedSegment: (dataSet: string, number: number) => string;
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A copy of a segment on a cartridge, with what must come out of it. */
interface CopyToVerify {
  readonly copy: TapeFileRecord;
  readonly dataSet: DataSetRecord;
  readonly segment: SegmentRecord;
}

/** Reads back every segment on a cartridge and compares it with the catalog's XXH64. */
export async function verifyCartridge(cartridge: CartridgeRecord, ports: VerifyPorts): Promise<VerifyResult> {
  const volume = await ports.repositories.volumes.ofCartridge(cartridge.id);
  if (!volume) {
    throw new GrandsireError('cartridge.unlabelled', {
      message: `cartridge ${cartridge.barcode} carries no volume that this catalog knows`,
      remedy: `See what is on it: grandsire cartridge identify ${cartridge.barcode}.`,
    });
  }
  const tally = new Tally();
  const files = await ports.repositories.tapeFiles.ofVolume(volume.key);
  await verifyOnCartridge({ cartridge, volume }, await withSegments(files, ports), { ports, tally });
  return tally.result();
}

/** Reads back every copy of a data set, staged ones too. */
export async function verifyDataSet(dataSet: DataSetRecord, ports: VerifyPorts): Promise<VerifyResult> {
  const tally = new Tally();
  for (const segment of await ports.repositories.dataSets.segments(dataSet.key)) {
    if (segment.inStaging) verifyStaged(dataSet, segment, { ports, tally });
  }
  const byVolume = groupBy(await ports.repositories.tapeFiles.copiesOf(dataSet.key), ({ volume }) => volume);
  for (const [key, files] of byVolume) {
    const volume = await ports.repositories.volumes.get(key);
    const cartridge = volume && (await ports.repositories.cartridges.get(volume.cartridge));
    if (!cartridge) continue;
    await verifyOnCartridge({ cartridge, volume }, await withSegments(files, ports), { ports, tally });
  }
  return tally.result();
}

interface Work {
  readonly ports: VerifyPorts;
  readonly tally: Tally;
}

async function verifyOnCartridge(
  { cartridge, volume }: { readonly cartridge: CartridgeRecord; readonly volume: VolumeRecord },
  copies: readonly CopyToVerify[],
  { ports, tally }: Work,
): Promise<void> {
  const { signal } = ports;
  const purpose = `verifying ${cartridge.barcode}`;
  await using mounted = await ports.mount(cartridge, { purpose, writing: false, signal });
  const session = await openReadSession({ drive: mounted.drive, cartridge, volume, signal });
  for (const copy of copies) {
    throwIfAborted(signal);
    try {
      await verifyCopy(session, copy, { ports, tally });
    } catch (error) {
      tally.fail(copy, cartridge.barcode, error);
    }
  }
}

async function verifyCopy(
  session: ReadSession,
  { copy, dataSet, segment }: CopyToVerify,
  { ports, tally }: Work,
): Promise<void> {
  const descriptor = await session.descriptor(copy);
  const isIt =
    descriptor.kind === 'segment' && descriptor.dataSet === dataSet.id && descriptor.number === segment.number;
  if (!isIt) {
    throw new GrandsireError('cartridge.contradicts-catalog', {
      message: `tape file ${copy.fileNumber} is ${descriptor.kind}, not segment ${segment.number} of ${dataSet.id}`,
      remedy: `Read the cartridge anew: grandsire catalog rebuild ${session.cartridge.barcode}.`,
    });
  }
  const hash = new Xxh64Stream();
  for await (const chunk of session.payload(copy)) {
    hash.update(chunk);
    tally.add(chunk.length, ports);
  }
  assertSame(hash.digest(), segment, `tape file ${copy.fileNumber}`);
  tally.checked += 1;
}

function verifyStaged(dataSet: DataSetRecord, segment: SegmentRecord, { ports, tally }: Work): void {
  const { payloadBytes, number } = segment;
  try {
    using payload = openPayloadFile(ports.stagedSegment(dataSet.id, number), payloadBytes);
    const hash = new Xxh64Stream();
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let got = payload.read(buffer); got > 0; got = payload.read(buffer)) {
      throwIfAborted(ports.signal);
      hash.update(buffer.subarray(0, got));
      tally.add(got, ports);
    }
    assertSame(hash.digest(), segment, payload.name);
    tally.checked += 1;
  } catch (error) {
    tally.fail({ dataSet, segment }, undefined, error);
  }
}

function assertSame(found: string, segment: SegmentRecord, what: string): void {
  if (found === segment.xxh64) return;
  throw new GrandsireError('segment.digest-differs', {
    message: `${what}: XXH64 is ${found}, and was ${segment.xxh64} when segment ${segment.number} was staged`,
    remedy: 'Use another copy, or back the set up again with --level full.',
  });
}

async function withSegments(files: readonly TapeFileRecord[], { repositories }: VerifyPorts): Promise<CopyToVerify[]> {
  const segments = new Map<DataSetKey, readonly SegmentRecord[]>();
  const found: CopyToVerify[] = [];
  for (const copy of files) {
    if (copy.kind !== 'segment' || copy.state !== 'written' || copy.dataSet === undefined) continue;
    const dataSet = await repositories.dataSets.get(copy.dataSet);
    if (!dataSet) continue;
    if (!segments.has(copy.dataSet)) segments.set(copy.dataSet, await repositories.dataSets.segments(copy.dataSet));
    const segment = segments.get(copy.dataSet)?.find(({ number }) => number === copy.number);
    if (segment) found.push({ copy, dataSet, segment });
  }
  return found;
}

class Tally {
  checked = 0;
  bytes = 0;
  readonly failed: VerifyFailure[] = [];

  add(bytes: number, ports: VerifyPorts): void {
    this.bytes += bytes;
    ports.onProgress?.(this.bytes);
  }

  /** What a copy is guilty of is told, and the next one is read; everything else ends the work. */
  fail(
    { dataSet, segment }: Pick<CopyToVerify, 'dataSet' | 'segment'>,
    cartridge: string | undefined,
    error: unknown,
  ): void {
    if (!(error instanceof GrandsireError) || !['medium', 'device'].includes(error.blame)) throw error;
    this.failed.push({
      dataSet: dataSet.id,
      segment: segment.number,
      cartridge,
      code: error.code,
      message: error.message,
    });
  }

  result(): VerifyResult {
    const { checked, bytes, failed } = this;
    return { checked, bytes, failed };
  }
}
