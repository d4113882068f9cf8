import { archive } from '#src/archive/archive';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import { asBuffer, escapePath } from '#src/base/bytes';
import { GrandsireError } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { BackupSetSettings } from '#src/config/configuration';
import type { BackupPorts } from '#src/jobs/backup-ports';
import { closeInterrupted, dropInterrupted } from '#src/jobs/close-interrupted';
import { createDataSet } from '#src/jobs/create-data-set';
import { decideRun, type RunDecision, type RunQuestion } from '#src/jobs/decide-run';
import { DespoolAlongside } from '#src/jobs/despool-alongside';
import { despoolPortsFor, flush } from '#src/jobs/flush';
import { segmentSize } from '#src/jobs/segment-size';
import { StagingArea } from '#src/staging/staging-area';

export interface BackupRequest extends Omit<RunQuestion, 'now'> {
  readonly stageOnly: boolean;
}

export interface BackupResult {
  readonly dataSet: DataSetRecord;
  readonly decision: RunDecision;
}

/**
 * Backs up one set: decides what kind of run it is, stages it, and writes it to cartridges while it is being staged. The caller holds the lease of the
 * staging area.
 *
 * What was staged stays restorable whatever happens afterwards; a run that could not be ended is `interrupted`.
 */
export async function backup(request: BackupRequest, ports: BackupPorts): Promise<BackupResult> {
  const { catalog, clock, configuration, signal } = ports;
  const { path, sizeBytes } = configuration.staging;
  let alongside: DespoolAlongside | undefined;
  const onShortage = (): void => alongside?.shortage();
  const staging = new StagingArea({
    path,
    sizeBytes,
    dataSets: catalog.dataSets,
    ...(request.stageOnly ? {} : { onShortage }),
  });
  for (const finding of await staging.recover())
    ports.onWarning(finding as { code: GrandsireError['code']; message: string });
  await closeInterrupted(catalog, clock);
  const decision = await decideRun({ ...request, now: clock.now() }, catalog);
  if (!request.stageOnly) await writeEarlier(staging, request, ports);
  const dataSet = await createDataSet(request.set, decision, ports);
  alongside = request.stageOnly
    ? undefined
    : new DespoolAlongside(dataSet, staging, { ...despoolPortsFor(decision, staging, ports), signal });
  try {
    await stage(request.set, { dataSet, decision, staging, ports });
  } catch (error) {
    await alongside?.stop();
    await catalog.dataSets.update(dataSet.key, { state: 'interrupted', finishedAt: clock.now(), writer: undefined });
    throw alongside?.failure ?? error;
  }
  await dropInterrupted(request.set.name, catalog, staging);
  await alongside?.finish();
  return { dataSet: (await catalog.dataSets.get(dataSet.key)) ?? dataSet, decision };
}

/** What an earlier run could not write goes first: it is older, and holds room. */
async function writeEarlier(staging: StagingArea, request: BackupRequest, ports: BackupPorts): Promise<void> {
  const { left } = await flush(staging, request.planning, ports);
  for (const { dataSet, error } of left) {
    ports.onWarning({ code: error.code, message: `${dataSet.id} is still only in staging: ${error.message}` });
  }
}

interface Staging {
  readonly dataSet: DataSetRecord;
  readonly decision: RunDecision;
  readonly staging: StagingArea;
  readonly ports: BackupPorts;
}

async function stage(set: BackupSetSettings, { dataSet, decision, staging, ports }: Staging): Promise<void> {
  const { catalog, clock, configuration, signal } = ports;
  trace('staging.begun');
  const segmentBytes = await segmentSize(decision, ports);
  const chain = decision.base === undefined ? [] : await catalog.dataSets.chain(decision.base);
  const keys = chain.map(({ key }) => key);
  const sink = staging.sink(dataSet, { segmentBytes, signal });
  const warnings: Promise<void>[] = [];
  const result = await archive({
    selection: {
      roots: set.include.map((root) => Buffer.from(root)),
      excludes: set.exclude,
      never: [configuration.staging.path, configuration.state].map((path) => Buffer.from(path)),
      oneFileSystem: set.oneFileSystem,
    },
    segmentBytes,
    sink,
    versions: catalog.files.openWriter(dataSet.key),
    reference: keys.length === 0 ? undefined : (places, limit) => catalog.files.reference(keys, places, limit),
    previousFileSystems: chain[0] ? await catalog.dataSets.fileSystems(chain[0].key) : [],
    ignoreInode: set.inode === 'ignore',
    threads: ports.threads,
    scratchDirectory: configuration.staging.path,
    signal,
    onWarning: (warning) => warnings.push(keepWarning(warning, { dataSet, ports })),
    onProgress: ports.onStaged,
  });
  await Promise.all(warnings);
  await catalog.dataSets.addFileSystems(dataSet.key, result.fileSystems);
  const isComplete = result.failedRoots.length === 0;
  await catalog.dataSets.update(dataSet.key, {
    state: isComplete ? 'complete' : 'interrupted',
    finishedAt: clock.now(),
    files: result.files,
    bytes: result.bytes,
    writer: undefined,
  });
  trace('data-set.complete');
  if (!isComplete) throw rootsMissing(set, result.failedRoots);
}

async function keepWarning(
  { path, code, message }: ArchiveWarning,
  { dataSet, ports }: Pick<Staging, 'dataSet' | 'ports'>,
): Promise<void> {
  ports.onWarning({ code, message, path: escapePath(path) });
  await ports.catalog.dataSets.addWarning(dataSet.key, { path, code, message });
}

const rootsMissing = (set: BackupSetSettings, roots: readonly Uint8Array[]): GrandsireError =>
  new GrandsireError('backup.root-missing', {
    message: `set ${set.name}: ${roots.map((root) => escapePath(asBuffer(root))).join(', ')} is missing or cannot be read; the rest was staged, and nothing counts as deleted`,
    remedy: 'Mount or repair it, or take it out of "include" in grandsire.yaml, and run the backup again.',
  });
