import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ErrorCode } from '#src/base/error-codes';
import { bug, GrandsireError } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { assertEndBelievable, noteFill } from '#src/jobs/despool/cartridge-end';
import type { DespoolPorts } from '#src/jobs/despool/despool-ports';
import type { Round } from '#src/jobs/despool/despool-state';
import { indexCoverage } from '#src/jobs/index-coverage';
import { describeDataSet } from '#src/jobs/index-record';
import { openFilePayload, unreadable } from '#src/session/tape-file-source';
import type { AppendOutcome, WriteSession } from '#src/session/write-session';
import type { IndexDescriptor } from '#src/volume/descriptor';
import { type PackedPayload, packFile, packIndex } from '#src/volume/index-payload';

/** The index of every segment that no index on this cartridge lists yet. False: it did not fit or failed, and goes to the next cartridge. */
export async function writeIndex(round: Round, session: WriteSession, isFinal: boolean): Promise<boolean> {
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
export async function writeCatalogCopy(round: Round, session: WriteSession): Promise<void> {
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
