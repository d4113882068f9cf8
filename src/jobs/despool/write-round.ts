import { countOf } from '#src/base/count-of';
import { interrupted } from '#src/base/errors';
import type { SegmentRecord } from '#src/catalog/data-sets';
import type { VolumeRecord } from '#src/catalog/volumes';
import { assertCartridgeNotEmpty, noteFill } from '#src/jobs/despool/cartridge-end';
import type { Round } from '#src/jobs/despool/despool-state';
import { pendingSegments } from '#src/jobs/despool/lost-segments';
import { writeCatalogCopy, writeIndex } from '#src/jobs/despool/write-index';
import { indexCoverage } from '#src/jobs/index-coverage';
import { type MountedCartridge, writingOn } from '#src/jobs/mounting';
import { prepareVolume } from '#src/jobs/prepare-volume';
import { type AppendOutcome, openWriteSession, type WriteSession } from '#src/session/write-session';
import type { SegmentDescriptor } from '#src/volume/descriptor';

export async function writeRound(round: Round): Promise<void> {
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

/** Earlier cartridges hold a part of the data set, and no index here lists it yet. */
async function continuesFrom({ dataSet, ports }: Round, session: WriteSession): Promise<boolean> {
  const coverage = await indexCoverage(ports.repositories, dataSet.key);
  return !coverage.volumes.includes(session.volume.key) && coverage.unlistedOn(session.volume.key).length > 0;
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

async function evictIndexed({ dataSet, ports }: Round): Promise<void> {
  const coverage = await indexCoverage(ports.repositories, dataSet.key);
  for (const segment of await ports.repositories.dataSets.segments(dataSet.key)) {
    if (segment.inStaging && segment.state === 'written' && coverage.isIndexed(segment.number)) {
      await ports.staged.evict(segment, dataSet);
    }
  }
}
