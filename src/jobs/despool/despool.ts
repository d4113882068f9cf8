import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { countOf } from '#src/base/count-of';
import type { ErrorCode } from '#src/base/error-codes';
import { bug, GrandsireError, interrupted } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { VolumeRecord } from '#src/catalog/volumes';
import {
  giveUpLostSegments,
  type LossPorts,
  pendingSegments,
  type StagedSegments,
} from '#src/jobs/despool/lost-segments';
import { noneSuitable, type Unfit, whatWaits } from '#src/jobs/despool/none-suitable';
import { indexCoverage } from '#src/jobs/index-coverage';
import { describeDataSet } from '#src/jobs/index-record';
import { type MountCartridge, type MountedCartridge, SecondChances, writingOn } from '#src/jobs/mounting';
import { type CartridgeUse, prepareVolume, rememberUnfit } from '#src/jobs/prepare-volume';
import { isDriveFault, isDriveTrouble, isTimeOut } from '#src/library/drives/drive-trouble';
import type { CartridgeId } from '#src/media/facets';
import { isInterruption } from '#src/session/interruption';
import { PayloadReader } from '#src/session/payload-reader';
import { openFilePayload, unreadable } from '#src/session/tape-file-source';
import { type AppendOutcome, openWriteSession, type SessionPorts, type WriteSession } from '#src/session/write-session';
import type { IndexDescriptor, SegmentDescriptor } from '#src/volume/descriptor';
import { type PackedPayload, packFile, packIndex } from '#src/volume/index-payload';

/** Where the staged files of a data set lie. */
export interface StagedFiles extends StagedSegments {
  /** JSON lines of the files whose members end in the segment. */
  indexPart(dataSet: string, number: number): string;
  deletions(dataSet: string): string;
  /** A scratch file for packing, in the folder of the data set. */
  scratch(dataSet: string, name: string): string;
  /** Everything of the data set is on cartridges, indexes too: its folder goes. */
  finish(dataSet: DataSetRecord): Promise<void>;
  /** What the system says of a write there, as a failure of ours where the disk is full. */
  asFailure(error: unknown): unknown;
}

export interface ChosenCartridge {
  readonly cartridge: CartridgeRecord;
  readonly use: CartridgeUse;
}

/** The next cartridge of a run, by the one planner. */
export type ChooseCartridge = (state: {
  /** Written on already, in order. */
  readonly taken: readonly CartridgeId[];
  /** Met and found unfit. */
  readonly passedOver: readonly CartridgeId[];
}) => Promise<ChosenCartridge | undefined>;

export interface DespoolPorts extends SessionPorts, LossPorts {
  readonly staged: StagedFiles;
  readonly mount: MountCartridge;
  readonly choose: ChooseCartridge;
  /** What goes on with the next cartridge is told here, once for each cartridge. */
  readonly onPassedOver: (cartridge: CartridgeRecord, error: GrandsireError) => void;
  readonly onProgress?: ((progress: DespoolProgress) => void) | undefined;
  /** The drive lost its place, or did not answer in time, and the tape file that was being written is begun again. */
  readonly onInterrupted: (error: GrandsireError) => void;
  /** The copy of the catalog was left out: nothing that was promised is missing. */
  readonly onCatalogLeftOut: (error: GrandsireError) => void;
  /** Makes a consistent copy of the catalog in this file. */
  readonly backupCatalog: (path: string) => Promise<void>;
}

export interface DespoolProgress {
  readonly cartridge: string;
  readonly segment: number;
  readonly writtenBytes: number;
}

/** What a run has met so far; carried from one round to the next. */
export interface DespoolState {
  readonly taken: CartridgeId[];
  readonly passedOver: CartridgeId[];
  /** The same, and why. */
  readonly unfit: Unfit[];
  /** The index that says that the data set is complete is on a medium. */
  finalIndex: boolean;
}

/** Where a data set was begun on cartridges before (an earlier process), the run goes on there. */
export async function openDespoolState(dataSet: DataSetRecord, repositories: Repositories): Promise<DespoolState> {
  const taken: CartridgeId[] = [];
  for (const key of (await indexCoverage(repositories, dataSet.key)).volumes) {
    const volume = await repositories.volumes.get(key);
    if (volume) taken.push(volume.cartridge);
  }
  return { taken, passedOver: [], unfit: [], finalIndex: false };
}

/**
 * Writes what is staged of a data set to cartridges: segments in order, on each cartridge an index behind them, and at the end of the data set (`last`)
 * a copy of the catalog. Goes on with the next cartridge where one is full, fails, or turns out unfit, in another drive where one fails, and without a segment that
 * staging lost. What is written and indexed leaves staging.
 *
 * Throws `cartridge.none-suitable` where no cartridge is left, `drive.none-usable` where no drive is (kind waiting); everything staged stays staged.
 */
export async function despool(
  dataSet: DataSetRecord,
  state: DespoolState,
  ports: DespoolPorts,
  options: { readonly last: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await using reader = new PayloadReader();
  const chances = new SecondChances();
  let again: ChosenCartridge | undefined;
  let leftBefore = 0;
  for (;;) {
    const pending = await pendingSegments(dataSet, ports.repositories);
    if (pending.length === 0 && (await allIndexed(dataSet, ports)) && (state.finalIndex || !options.last)) break;
    if (pending.length !== leftBefore) chances.progressed();
    leftBefore = pending.length;
    if (options.signal?.aborted) throw interrupted('interrupted before the next cartridge was mounted');
    const chosen = again ?? (await ports.choose({ taken: state.taken, passedOver: state.passedOver }));
    again = undefined;
    if (!chosen) throw await noneSuitable(dataSet, { ...ports, unfit: state.unfit });
    for (const { payloadBytes } of pending) reader.expect(payloadBytes);
    const round = { dataSet, state, ports, ...options, chosen, pending, reader };
    try {
      await writeOnCartridge(round);
    } catch (error) {
      if (chances.has(error)) {
        // Nothing tells against the cartridge, or not enough.
        if (isInterruption(error) || isTimeOut(error)) ports.onInterrupted(error);
        again = chosen;
        continue;
      }
      if (!(error instanceof GrandsireError)) throw error;
      if (isUnfit(error)) {
        await passOver(round, error);
        continue;
      }
      if (error.code === 'drive.none-usable') throw await noDriveLeft(error, dataSet, ports);
      if (error.code !== 'staging.unreadable') throw error;
      if (!(await giveUpLostSegments(dataSet, { ports, reader, signal: options.signal }))) throw error;
    }
  }
  if (options.last) await ports.staged.finish(dataSet);
}

interface Round {
  readonly dataSet: DataSetRecord;
  readonly state: DespoolState;
  readonly ports: DespoolPorts;
  readonly last: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly chosen: ChosenCartridge;
  readonly pending: readonly SegmentRecord[];
  readonly reader: PayloadReader;
}

async function writeOnCartridge(round: Round): Promise<void> {
  const { dataSet, ports, chosen, signal } = round;
  const purpose = `writing ${dataSet.id}`;
  await using mounted = await ports.mount(chosen.cartridge, { purpose, writing: true, signal });
  await writingOn(mounted, () => writeMounted(round, mounted));
}

async function writeMounted(round: Round, mounted: MountedCartridge): Promise<void> {
  const { state, ports, chosen, signal } = round;
  const again = state.taken.includes(chosen.cartridge.id);
  const volume = await prepareVolume(mounted, again ? 'append' : chosen.use, ports, signal);
  const session = await openWriteSession({
    ...ports,
    drive: mounted.drive,
    cartridge: chosen.cartridge,
    volume,
    signal,
  });
  if (!again) await take(round, session.volume);
  await writeSegments(round, session);
}

/** Segments, then the index. A cartridge that continues a data set begins with the index of what lies on the earlier ones. */
async function writeSegments(round: Round, session: WriteSession): Promise<void> {
  const { dataSet, ports, signal, pending } = round;
  if ((await continuesFrom(round, session)) && !(await writeIndex(round, session, false))) return;
  let stopped = false;
  let isFull = false;
  for (const segment of pending) {
    if (signal?.aborted) {
      stopped = true;
      break;
    }
    const outcome = await appendSegment(round, session, segment);
    if (outcome.kind === 'failed') throw outcome.error;
    if (outcome.kind === 'no-room') {
      await assertCartridgeNotEmpty(segment, session, ports);
      isFull = true;
      break;
    }
  }
  const left = (await pendingSegments(dataSet, ports.repositories)).length;
  const isFinal = round.last && left === 0 && !stopped;
  if (!(await writeIndex(round, session, isFinal))) return;
  if (isFinal) await writeCatalogCopy(round, session);
  await evictIndexed(round);
  // What was staged in the meantime still has room on it.
  await noteFill(round, session, isFull);
  if (stopped)
    throw interrupted(
      `interrupted; ${countOf(left, 'segment')} of ${dataSet.id} ${left === 1 ? 'stays' : 'stay'} staged`,
    );
}

/** A segment that does not even fit on an empty cartridge fits on none: going on would use them all up. */
async function assertCartridgeNotEmpty(
  segment: SegmentRecord,
  session: WriteSession,
  ports: DespoolPorts,
): Promise<void> {
  await assertEndBelievable(segment.payloadBytes, session, ports);
  if (!(await isEmpty(session, ports))) return;
  throw new GrandsireError('segment.too-large', {
    message: `segment ${segment.number} (${segment.payloadBytes} bytes) does not fit on the empty cartridge ${session.cartridge.barcode}`,
    remedy: 'Set staging.segmentSize in grandsire.yaml to a sixteenth of a cartridge, and run the backup again.',
  });
}

/** Where something found no room on an empty cartridge that should have, by far, the cartridge is at fault, or the drive: the next run must not take it again. */
async function assertEndBelievable(payloadBytes: number, session: WriteSession, ports: DespoolPorts): Promise<void> {
  const { id, barcode } = session.cartridge;
  const capacityBytes = (await ports.repositories.cartridges.get(id))?.capacityBytes;
  if (capacityBytes === undefined || payloadBytes >= capacityBytes / 2 || !(await isEmpty(session, ports))) return;
  throw new GrandsireError('cartridge.write-failed', {
    message: `cartridge ${barcode} was said to be at its end before ${payloadBytes} of its ${capacityBytes} bytes were written`,
    remedy: `The rest goes to another cartridge. Clean the drive; if it happens again, take the cartridge out of the library.`,
  });
}

const isEmpty = async ({ volume }: WriteSession, { repositories }: DespoolPorts): Promise<boolean> =>
  !(await repositories.tapeFiles.ofVolume(volume.key)).some(
    ({ kind, state }) => kind !== 'label' && state === 'written',
  );

async function appendSegment(round: Round, session: WriteSession, segment: SegmentRecord): Promise<AppendOutcome> {
  const { dataSet, ports, reader } = round;
  const { payloadBytes, xxh64: payloadXxh64, number } = segment;
  const descriptor: SegmentDescriptor = {
    kind: 'segment',
    volume: session.volume.id,
    dataSet: dataSet.id,
    number,
    codecs: [],
    payloadBytes,
    payloadXxh64,
    startsInside: segment.startsInside ?? null,
    endsInside: segment.endsInside ?? null,
    firstHeader: segment.firstHeader ?? null,
  };
  using payload = reader.open(ports.staged.segment(dataSet.id, number), { payloadBytes, payloadXxh64 });
  const onProgress = (writtenBytes: number): void =>
    ports.onProgress?.({ cartridge: session.cartridge.barcode, segment: number, writtenBytes });
  return await session.append({ descriptor, dataSet: dataSet.key, payload, onProgress });
}

/** The index of every segment that no index on this cartridge lists yet. False: it did not fit or failed, and goes to the next cartridge. */
async function writeIndex(round: Round, session: WriteSession, isFinal: boolean): Promise<boolean> {
  const { dataSet, ports } = round;
  const { repositories, clock } = ports;
  const current = await repositories.dataSets.get(dataSet.key);
  if (!current) throw bug(`data set ${dataSet.id} vanished from the catalog`);
  const numbers = (await indexCoverage(repositories, dataSet.key)).unlistedOn(session.volume.key);
  const content = {
    record: await describeDataSet(repositories, current),
    parts: numbers.map((segment) => ({ segment, path: indexPart(round, segment) })),
    deletionsPath: deletionsOf(current, ports),
    writtenAtSeconds: Math.floor(clock.now() / 1000),
  };
  const packed = await packScratch(round, 'index.tar.zst', (file) => packIndex(content, file));
  const outcome = await appendPacked(round, session, 'index', packed);
  if (outcome.kind === 'written') {
    if (isFinal) await conclude(round);
    return true;
  }
  if (outcome.kind === 'failed') throw outcome.error;
  await assertEndBelievable(packed.payloadBytes, session, ports);
  await noteFill(round, session, true);
  return false;
}

/** While a run goes on, its file of deletions is half a list, and what it says does not count yet. */
function deletionsOf({ id, state }: DataSetRecord, { staged }: DespoolPorts): string | undefined {
  const path = staged.deletions(id);
  return state === 'complete' && existsSync(path) ? path : undefined;
}

function indexPart({ dataSet, ports }: Round, segment: number): string {
  const path = ports.staged.indexPart(dataSet.id, segment);
  if (!existsSync(path)) throw unreadable(path, 'it is missing');
  return path;
}

async function conclude({ dataSet, state, ports }: Round): Promise<void> {
  await ports.repositories.dataSets.update(dataSet.key, { concluded: true });
  trace('data-set.concluded');
  state.finalIndex = true;
}

/** Makes a scratch file; nothing is left of one that could not be made. */
async function packScratch<T>({ dataSet, ports }: Round, name: string, pack: (file: string) => Promise<T>): Promise<T> {
  const file = ports.staged.scratch(dataSet.id, name);
  try {
    // A run that found nothing to archive has no folder in staging yet.
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return await pack(file);
  } catch (error) {
    await rm(file, { force: true });
    throw ports.staged.asFailure(error);
  }
}

/** Where there is no room for it, or the medium fails on it, nothing that was promised is missing: the indexes are written. */
async function writeCatalogCopy(round: Round, session: WriteSession): Promise<void> {
  const { ports } = round;
  try {
    const packed = await packScratch(round, 'catalog.sqlite', async (copy) => {
      await ports.backupCatalog(copy);
      const seconds = Math.floor(ports.clock.now() / 1000);
      const packing = packScratch(round, 'catalog.tar.zst', (file) => packFile('catalog.sqlite', copy, seconds, file));
      return await packing.finally(() => rm(copy, { force: true }));
    });
    await appendPacked(round, session, 'catalog', packed);
  } catch (error) {
    if (!(error instanceof GrandsireError) || !outOfRoom.includes(error.code)) throw error;
    ports.onCatalogLeftOut(error);
  }
}

/** SQLite makes the copy, and calls whatever disk it fills that of a catalog. */
const outOfRoom: readonly ErrorCode[] = ['staging.full', 'catalog.disk-full'];

async function appendPacked(
  round: Round,
  session: WriteSession,
  kind: IndexDescriptor['kind'],
  packed: PackedPayload,
): Promise<AppendOutcome> {
  const { dataSet, ports } = round;
  const files = await ports.repositories.tapeFiles.ofVolume(session.volume.key);
  const number = 1 + files.filter((file) => file.kind === kind && file.dataSet === dataSet.key).length;
  const { payloadBytes, payloadXxh64 } = packed;
  const descriptor: IndexDescriptor = {
    kind,
    volume: session.volume.id,
    dataSet: dataSet.id,
    number,
    codecs: ['zstd'],
    payloadBytes,
    payloadXxh64,
  };
  try {
    using payload = openFilePayload(packed.path, packed);
    return await session.append({ descriptor, dataSet: dataSet.key, payload });
  } finally {
    await rm(packed.path, { force: true });
  }
}

/** Invariant 8: bytes leave staging only when copy and index are on a medium. */
const allIndexed = async (dataSet: DataSetRecord, { repositories }: DespoolPorts): Promise<boolean> => {
  const coverage = await indexCoverage(repositories, dataSet.key);
  return (await repositories.dataSets.segments(dataSet.key))
    .filter(({ state, inStaging }) => state === 'written' && inStaging)
    .every(({ number }) => coverage.isIndexed(number));
};

async function evictIndexed({ dataSet, ports }: Round): Promise<void> {
  const coverage = await indexCoverage(ports.repositories, dataSet.key);
  for (const segment of await ports.repositories.dataSets.segments(dataSet.key)) {
    if (segment.inStaging && segment.state === 'written' && coverage.isIndexed(segment.number)) {
      await ports.staged.evict(segment, dataSet);
    }
  }
}

async function take({ dataSet, state, ports, chosen }: Round, volume: VolumeRecord): Promise<void> {
  const { cartridge } = chosen;
  state.taken.push(cartridge.id);
  // A cartridge that was drawn before goes home to where it was drawn from first, not to the pool it served last.
  const home = cartridge.drawnFrom ?? cartridge.pool;
  const drawn =
    cartridge.pool === dataSet.pool ? {} : { pool: dataSet.pool, drawnFrom: home === dataSet.pool ? undefined : home };
  await ports.repositories.cartridges.update(cartridge.id, drawn);
  await ports.repositories.actions.append({
    at: ports.clock.now(),
    event: 'cartridge.taken',
    subject: cartridge.barcode,
    details: { dataSet: dataSet.id, use: chosen.use, volume: volume.id },
  });
}

async function noteFill({ ports }: Round, session: WriteSession, full: boolean): Promise<void> {
  if (full || session.nearEnd) await ports.repositories.cartridges.update(session.cartridge.id, { fill: 'full' });
}

async function passOver({ state, ports, chosen }: Round, error: GrandsireError): Promise<void> {
  state.passedOver.push(chosen.cartridge.id);
  state.unfit.push({ cartridge: chosen.cartridge, error });
  await rememberUnfit(chosen.cartridge, error, ports);
  ports.onPassedOver(chosen.cartridge, error);
}

/** Earlier cartridges hold a part of the data set, and no index here lists it yet. */
async function continuesFrom({ dataSet, ports }: Round, session: WriteSession): Promise<boolean> {
  const coverage = await indexCoverage(ports.repositories, dataSet.key);
  return !coverage.volumes.includes(session.volume.key) && coverage.unlistedOn(session.volume.key).length > 0;
}

/**
 * What makes a cartridge unfit goes on with the next one, and so does what may be its fault or the drive's. A drive that certainly fails is another matter, and
 * everything else (robot, staging, ourselves) ends the run.
 */
const isUnfit = (error: GrandsireError): boolean =>
  error.code.startsWith('cartridge.') || (isDriveTrouble(error) && !isDriveFault(error));

async function noDriveLeft(
  error: GrandsireError,
  dataSet: DataSetRecord,
  { repositories }: DespoolPorts,
): Promise<GrandsireError> {
  const { segments, words } = await whatWaits(dataSet, repositories);
  return new GrandsireError(error.code, {
    message: `${error.message}; ${words}${segments === 0 ? '' : ' and can be restored'}`,
    remedy: `${error.remedy} Then write what is staged: \`grandsire staging flush\`.`,
    cause: error,
    details: { ...error.details, dataSet: dataSet.id, segments },
  });
}
