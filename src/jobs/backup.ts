import { archive } from '#src/archive/archive';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import { asBuffer, escapePath } from '#src/base/bytes';
import { DeviceError, GrandsireError } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { DataSetRecord, DataSetState } from '#src/catalog/data-sets';
import type { BackupSetSettings } from '#src/config/configuration';
import type { BackupPorts } from '#src/jobs/backup-ports';
import { closeInterrupted, dropInterrupted } from '#src/jobs/close-interrupted';
import { createDataSet } from '#src/jobs/create-data-set';
import { decideRun, type RunDecision, type RunQuestion } from '#src/jobs/decide-run';
import type { DespoolAlongside } from '#src/jobs/despool/despool-alongside';
import { describeDataSet } from '#src/jobs/index-record';
import type { PlanningConfiguration } from '#src/jobs/planning-state';
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
  const { catalog, clock, configuration } = ports;
  const { path, sizeBytes } = configuration.staging;
  let alongside: DespoolAlongside | undefined;
  const onShortage = (): void => alongside?.shortage();
  const staging = new StagingArea({
    path,
    sizeBytes,
    dataSets: catalog.dataSets,
    tapeFiles: catalog.tapeFiles,
    ...(request.stageOnly ? {} : { onShortage }),
  });
  for (const finding of await staging.recover())
    ports.onWarning(finding as { code: GrandsireError['code']; message: string });
  await closeInterrupted(catalog, staging, clock);
  if (!request.stageOnly) await ports.look(request.library, 'if-never');
  const now = clock.now();
  const { planning } = request;
  // Decided for the moment at which it began, after what an earlier run could not write was written: that is older and holds room, and writing it may show
  // that a data set cannot be built on.
  if (!request.stageOnly) await writeEarlier(staging, { planning, states: ['complete'] }, ports);
  const decision = await decideRun({ ...request, now }, catalog);
  const dataSet = await createDataSet(request.set, decision, ports);
  const parts = { dataSet, decision, staging, ports };
  alongside = request.stageOnly ? undefined : await despoolAlongside(parts, request);
  try {
    await stage(request, parts);
  } catch (error) {
    await alongside?.stop();
    const failure = alongside?.failure ?? staging.asFailure(error);
    try {
      await catalog.dataSets.update(dataSet.key, { state: 'interrupted', finishedAt: clock.now(), writer: undefined });
    } catch {
      // Where the catalog cannot be written (it may be why the run failed), the next run finds the data set open and closes it.
      throw failure;
    }
    throw await tellWhatIsLeft(failure, dataSet, ports);
  }
  await dropInterrupted(request.set.name, catalog, staging);
  try {
    await alongside?.finish();
  } catch (error) {
    throw stillStaged(error, dataSet);
  }
  return { dataSet: (await catalog.dataSets.get(dataSet.key)) ?? dataSet, decision };
}

/** A run that stopped while it was staging: says what it leaves, where the failure has words for it. */
async function tellWhatIsLeft(error: unknown, { key, id }: DataSetRecord, { catalog }: BackupPorts): Promise<unknown> {
  // A failure of a device says more than its message.
  if (!(error instanceof GrandsireError) || error instanceof DeviceError || error.blame === 'bug') return error;
  const segments = await catalog.dataSets.segments(key);
  const { code, message, remedy, details } = error;
  const left =
    segments.length === 0
      ? `nothing of ${id} was staged`
      : `${segments.length} ${segments.length === 1 ? 'segment' : 'segments'} of ${id} can be restored (--dataset ${id}) until the set's next complete run`;
  return new GrandsireError(code, { message: `${message}; ${left}`, remedy, cause: error, details });
}

/** What a device or the way to it says tells nothing of the data, which is complete and safe. */
function stillStaged(error: unknown, { id }: DataSetRecord): unknown {
  if (!(error instanceof DeviceError)) return error;
  const { code, message, remedy, usable, details } = error;
  return new DeviceError(code, {
    message: `${message}; ${id} is complete, and what of it is not on cartridges stays staged and can be restored from there`,
    remedy: `${remedy} The next run writes what is staged, and so does "grandsire staging flush".`,
    usable,
    cause: error,
    details,
  });
}

/** Writes what earlier runs could not, and tells what still cannot be written; returns why. */
async function writeEarlier(
  staging: StagingArea,
  { planning, states }: { readonly planning: PlanningConfiguration; readonly states: readonly DataSetState[] },
  ports: BackupPorts,
): Promise<GrandsireError | undefined> {
  const { flush } = await import('#src/jobs/flush');
  const { left } = await flush(staging, { planning, states }, ports);
  for (const { dataSet, error } of left) {
    ports.onWarning({ code: error.code, message: `${dataSet.id} is still only in staging: ${error.message}` });
  }
  return left[0]?.error;
}

/** A run that only stages does without sessions and the codecs of devices: they are loaded where something is written. */
async function despoolAlongside(
  { dataSet, decision, staging, ports }: Staging,
  { planning }: BackupRequest,
): Promise<DespoolAlongside> {
  const { DespoolAlongside } = await import('#src/jobs/despool/despool-alongside');
  const { despoolPortsFor } = await import('#src/jobs/flush');
  return new DespoolAlongside(dataSet, staging, {
    ...despoolPortsFor(decision, staging, ports),
    writeLeftovers: () => writeEarlier(staging, { planning, states: ['interrupted'] }, ports),
    signal: ports.signal,
  });
}

interface Staging {
  readonly dataSet: DataSetRecord;
  readonly decision: RunDecision;
  readonly staging: StagingArea;
  readonly ports: BackupPorts;
}

async function stage({ set, level }: BackupRequest, { dataSet, decision, staging, ports }: Staging): Promise<void> {
  const { catalog, clock, configuration, signal } = ports;
  await staging.keepRecord(await describeDataSet(catalog, dataSet));
  trace('staging.begun');
  const segmentBytes = await segmentSize(decision, ports);
  const chain = decision.base === undefined ? [] : await catalog.dataSets.chain(decision.base);
  const keys = chain.map(({ key }) => key);
  const [earlier] = chain[0] ? chain : await catalog.dataSets.list({ backupSet: set.name, state: 'complete' });
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
    previousFileSystems: earlier ? await catalog.dataSets.fileSystems(earlier.key) : [],
    acceptsFileSystems: level === 'full',
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
  const { files, bytes } = result;
  const state = isComplete ? 'complete' : 'interrupted';
  const outcome = { state, finishedAt: clock.now(), files, bytes } as const;
  await staging.keepRecord(await describeDataSet(catalog, { ...dataSet, ...outcome }));
  trace('data-set.recorded');
  await catalog.dataSets.update(dataSet.key, { ...outcome, writer: undefined });
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
