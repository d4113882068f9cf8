import { GrandsireError, throwIfAborted } from '#src/base/errors';
import { groupBy } from '#src/base/group-by';
import { Xxh64Stream } from '#src/base/xxh64';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import { inAnyDrive, type MountCartridge, SecondChances } from '#src/jobs/mounting';
import { isDriveFault, isLostConnection } from '#src/library/drives/drive-trouble';
import { openReadSession, type ReadSession } from '#src/session/read-session';
import { openPayloadFile } from '#src/session/tape-file-source';
import type { Descriptor, UnknownDescriptor } from '#src/volume/descriptor';

export interface VerifyFailure {
  /** Undefined: the label of a cartridge. */
  readonly dataSet: string | undefined;
  /** Undefined for what is not a segment. */
  readonly segment: number | undefined;
  /** Undefined: the copy in staging. */
  readonly cartridge: string | undefined;
  readonly tapeFile: number | undefined;
  readonly code: string;
  readonly message: string;
}

export interface VerifyResult {
  /** Tape files and staged segments that were read back and are what they were. */
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

/** A tape file, with what must come out of it. */
interface FileToVerify {
  readonly file: TapeFileRecord;
  /** Undefined for the label. */
  readonly dataSet: DataSetRecord | undefined;
  /** Undefined for what is not a segment. */
  readonly segment: SegmentRecord | undefined;
}

/** Reads back every tape file on a cartridge: segments against the catalog's XXH64, label, indexes and copies of the catalog against their descriptors'. */
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
  await verifyOnCartridge({ cartridge, volume }, await filesToVerify(files, ports), { ports, tally });
  return tally.result();
}

/** Reads back every copy of a data set, staged ones too, and its indexes. A segment that has none is a failure, too. */
export async function verifyDataSet(dataSet: DataSetRecord, ports: VerifyPorts): Promise<VerifyResult> {
  const tally = new Tally();
  const { tapeFiles } = ports.repositories;
  const copies = [...(await tapeFiles.copiesOf(dataSet.key)), ...(await tapeFiles.unreadOf(dataSet.key))];
  const copied = new Set(copies.map(({ number }) => number));
  for (const segment of await ports.repositories.dataSets.segments(dataSet.key)) {
    if (segment.state === 'filling') continue;
    if (segment.inStaging) verifyStaged(dataSet, segment, { ports, tally });
    else if (!copied.has(segment.number))
      tally.fail({ file: undefined, dataSet, segment }, undefined, noCopy(dataSet, segment));
  }
  const byVolume = groupBy(await ports.repositories.tapeFiles.ofDataSet(dataSet.key), ({ volume }) => volume);
  for (const [key, files] of byVolume) {
    const volume = await ports.repositories.volumes.get(key);
    const cartridge = volume && (await ports.repositories.cartridges.get(volume.cartridge));
    if (!cartridge) continue;
    await verifyOnCartridge({ cartridge, volume }, await filesToVerify(files, ports), { ports, tally });
  }
  return tally.result();
}

interface Work {
  readonly ports: VerifyPorts;
  readonly tally: Tally;
}

interface Labelled {
  readonly cartridge: CartridgeRecord;
  readonly volume: VolumeRecord;
}

/** Where the drive fails, it goes on in another one with the file at which it failed. */
async function verifyOnCartridge(labelled: Labelled, files: readonly FileToVerify[], work: Work): Promise<void> {
  const left = [...files];
  const chances = new SecondChances();
  await inAnyDrive(() => verifyMounted(labelled, left, { ...work, chances }), chances);
}

/** Takes from `left` what is settled. */
async function verifyMounted(
  { cartridge, volume }: Labelled,
  left: FileToVerify[],
  { ports, tally, chances }: Work & { readonly chances: SecondChances },
): Promise<void> {
  const { signal } = ports;
  const purpose = `verifying ${cartridge.barcode}`;
  await using mounted = await ports.mount(cartridge, { purpose, writing: false, signal });
  const session = await openReadSession({ drive: mounted.drive, cartridge, volume, signal });
  for (let wanted = left[0]; wanted; wanted = left[0]) {
    throwIfAborted(signal);
    try {
      await verifyFile(session, wanted, { ports, tally });
    } catch (error) {
      if (isDriveFault(error) || isLostConnection(error)) throw error;
      tally.fail(wanted, cartridge.barcode, error);
    }
    left.shift();
    chances.progressed();
  }
}

async function verifyFile(session: ReadSession, wanted: FileToVerify, { ports, tally }: Work): Promise<void> {
  const { file, segment } = wanted;
  const what = `tape file ${file.fileNumber}`;
  const descriptor = await session.descriptor(file);
  if (!isDescriptorOf(descriptor, wanted)) {
    throw new GrandsireError('cartridge.contradicts-catalog', {
      message: `${what} is ${descriptor.kind}, not ${describe(wanted)}`,
      remedy: `Read the cartridge anew: grandsire catalog rebuild ${session.cartridge.barcode}.`,
    });
  }
  const hash = new Xxh64Stream();
  for await (const chunk of session.payload(file)) {
    hash.update(chunk);
    tally.add(chunk.length, ports);
  }
  if (segment) assertSame(hash.digest(), segment, what);
  else if (hash.digest() !== descriptor.payloadXxh64) {
    throw new GrandsireError('volume.damaged-tape-file', {
      message: `${what}: XXH64 of the ${file.kind} is ${hash.digest()}, and its descriptor says ${descriptor.payloadXxh64}`,
      remedy:
        file.kind === 'label'
          ? 'Nothing but its text for readers is lost; write to the cartridge only after it was labelled anew.'
          : 'Files are found by the catalog still; back the set up again with --level full, so that a rebuild finds them, too.',
    });
  }
  tally.checked += 1;
}

const isDescriptorOf = (
  descriptor: Descriptor | UnknownDescriptor,
  { file: { kind, number, payloadBytes }, dataSet }: FileToVerify,
): boolean =>
  descriptor.kind === kind &&
  descriptor.payloadBytes === payloadBytes &&
  (descriptor.kind === 'label' || (descriptor.dataSet === dataSet?.id && descriptor.number === number));

const describe = ({ file, dataSet }: FileToVerify): string =>
  `${file.kind === 'label' ? 'the label' : `${file.kind} ${file.number} of ${dataSet?.id}`} with ${file.payloadBytes} bytes`;

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
    tally.fail({ file: undefined, dataSet, segment }, undefined, error);
  }
}

const noCopy = ({ id, backupSet }: DataSetRecord, { number }: SegmentRecord): GrandsireError => {
  const remedy = `Back the set up again: grandsire backup run ${backupSet} --level full.`;
  const message = `no copy of segment ${number} of ${id} is left, neither in staging nor on a cartridge. ${remedy}`;
  return new GrandsireError('segment.no-copy', { message, remedy });
};

function assertSame(found: string, segment: SegmentRecord, what: string): void {
  if (found === segment.xxh64) return;
  throw new GrandsireError('segment.digest-differs', {
    message: `${what}: XXH64 is ${found}, and was ${segment.xxh64} when segment ${segment.number} was staged`,
    remedy: 'Use another copy, or back the set up again with --level full.',
  });
}

async function filesToVerify(
  files: readonly TapeFileRecord[],
  { repositories }: VerifyPorts,
): Promise<readonly FileToVerify[]> {
  const segments = new Map<DataSetKey, readonly SegmentRecord[]>();
  const found: FileToVerify[] = [];
  for (const file of files) {
    if (file.state !== 'written' || file.kind === 'void') continue;
    const { dataSet: key } = file;
    const dataSet = key === undefined ? undefined : await repositories.dataSets.get(key);
    if (key !== undefined && !segments.has(key)) segments.set(key, await repositories.dataSets.segments(key));
    const ofFile = file.kind === 'segment' && key !== undefined ? segments.get(key) : undefined;
    found.push({ file, dataSet, segment: ofFile?.find(({ number }) => number === file.number) });
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
    { file, dataSet, segment }: Omit<FileToVerify, 'file'> & { readonly file: TapeFileRecord | undefined },
    cartridge: string | undefined,
    error: unknown,
  ): void {
    if (!(error instanceof GrandsireError) || !['medium', 'device'].includes(error.blame)) throw error;
    this.failed.push({
      dataSet: dataSet?.id,
      segment: segment?.number,
      cartridge,
      tapeFile: file?.fileNumber,
      code: error.code,
      message: error.message,
    });
  }

  result(): VerifyResult {
    const { checked, bytes, failed } = this;
    return { checked, bytes, failed };
  }
}
