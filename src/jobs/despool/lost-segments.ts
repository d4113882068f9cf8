import { GrandsireError, throwIfAborted } from '#src/base/errors';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { PayloadReader } from '#src/session/payload-reader';
import type { SessionPorts } from '#src/session/write-session';

export interface StagedSegments {
  /** Path of a segment. */
  segment(dataSet: string, number: number): string;
  /** Whether anything of the data set lies there. */
  holds(dataSet: DataSetRecord): boolean;
  /** Deletes the segment's bytes (commit before unlink); its index part stays until the whole data set leaves. */
  evict(segment: SegmentRecord, dataSet: DataSetRecord): Promise<void>;
}

export interface LossPorts extends SessionPorts {
  readonly staged: StagedSegments;
  /** A staged segment is not what was staged, and there is no other copy: the others are written without it. */
  readonly onSegmentLost: (error: GrandsireError) => void;
}

/** What of a data set is in staging alone, and can be written. */
export const pendingSegments = async (
  dataSet: DataSetRecord,
  { dataSets }: Repositories,
): Promise<readonly SegmentRecord[]> =>
  (await dataSets.segments(dataSet.key)).filter(({ state, inStaging }) => state === 'staged' && inStaging);

interface Work {
  readonly ports: LossPorts;
  readonly reader: PayloadReader;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A staged segment could not be read while it was written: reads all that wait, this one once more, and gives up those that are not what was staged, so
 * that they do not dam the others. All at once: each would cost a mount otherwise.
 *
 * False: nothing was given up. That is so while the data set is still being staged (its run ends, and reads the files anew), where its folder is gone (the
 * disk may not be mounted), and where everything can be read the second time.
 */
export async function giveUpLostSegments(dataSet: DataSetRecord, work: Work): Promise<boolean> {
  const { ports, signal } = work;
  const { dataSets, actions } = ports.repositories;
  const current = await dataSets.get(dataSet.key);
  if (current?.state === 'open' || !ports.staged.holds(dataSet)) return false;
  let isAnyLost = false;
  for (const segment of await pendingSegments(dataSet, ports.repositories)) {
    throwIfAborted(signal);
    const why = await whyLost(dataSet, segment, work);
    if (why === undefined) continue;
    isAnyLost = true;
    await dataSets.segmentLost(dataSet.key, segment.number);
    const error = lost(dataSet, segment, why);
    const { code, message } = error;
    await actions.append({
      at: ports.clock.now(),
      event: 'segment.lost',
      subject: dataSet.id,
      details: { code, message },
    });
    await ports.staged.evict(segment, dataSet);
    ports.onSegmentLost(error);
  }
  return isAnyLost;
}

const pieceBytes = 1 << 20;

/** Undefined: its bytes are those that were staged. */
async function whyLost(
  dataSet: DataSetRecord,
  { number, payloadBytes, xxh64: payloadXxh64 }: SegmentRecord,
  { ports, reader, signal }: Work,
): Promise<GrandsireError | undefined> {
  try {
    using payload = reader.open(ports.staged.segment(dataSet.id, number), { payloadBytes, payloadXxh64 });
    for await (const _piece of payload.pieces(pieceBytes)) throwIfAborted(signal);
    return undefined;
  } catch (error) {
    if (error instanceof GrandsireError && error.code === 'staging.unreadable' && isOfTheDisk(error.cause))
      return error;
    throw error;
  }
}

/** Other bytes, none, or a disk that cannot read them; not that we may not, or have too many files open. */
const isOfTheDisk = (cause: unknown): boolean =>
  !(cause instanceof Error && 'code' in cause) || cause.code === 'ENOENT' || cause.code === 'EIO';

const lost = ({ id, backupSet }: DataSetRecord, { number }: SegmentRecord, cause: GrandsireError): GrandsireError =>
  new GrandsireError('staging.segment-lost', {
    message: `segment ${number} of ${id} is lost: ${cause.message}`,
    remedy: `Back the set up again, which reads its files anew: grandsire backup run ${backupSet}. Have the disk of the staging area looked at.`,
    cause,
  });
