import { GrandsireError, interrupted } from '#src/base/errors';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { ChosenCartridge, DespoolPorts } from '#src/jobs/despool/despool-ports';
import type { DespoolState, Round } from '#src/jobs/despool/despool-state';
import { giveUpLostSegments, pendingSegments } from '#src/jobs/despool/lost-segments';
import { noneSuitable, whatWaits } from '#src/jobs/despool/none-suitable';
import { writeRound } from '#src/jobs/despool/write-round';
import { indexCoverage } from '#src/jobs/index-coverage';
import { SecondChances } from '#src/jobs/mounting';
import { rememberUnfit } from '#src/jobs/prepare-volume';
import { isDriveFault, isDriveTrouble, isTimeOut } from '#src/library/drives/drive-trouble';
import { isInterruption } from '#src/session/interruption';
import { PayloadReader } from '#src/session/payload-reader';

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
      await writeRound(round);
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

/** Invariant 8: bytes leave staging only when copy and index are on a medium. */
const allIndexed = async (dataSet: DataSetRecord, { repositories }: DespoolPorts): Promise<boolean> => {
  const coverage = await indexCoverage(repositories, dataSet.key);
  return (await repositories.dataSets.segments(dataSet.key))
    .filter(({ state, inStaging }) => state === 'written' && inStaging)
    .every(({ number }) => coverage.isIndexed(number));
};

async function passOver({ state, ports, chosen }: Round, error: GrandsireError): Promise<void> {
  state.passedOver.push(chosen.cartridge.id);
  state.unfit.push({ cartridge: chosen.cartridge, error });
  await rememberUnfit(chosen.cartridge, error, ports);
  ports.onPassedOver(chosen.cartridge, error);
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
