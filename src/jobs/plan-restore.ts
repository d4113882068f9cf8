import { bug } from '#src/base/errors';
import { groupBy } from '#src/base/group-by';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import { isAtHand, rankCopies, type SegmentCopy } from '#src/jobs/copy-sources';
import { MemberSpans } from '#src/jobs/member-spans';
import { type RestoreRequest, type SelectedTrees, selectTrees } from '#src/jobs/select-trees';

export interface PlannedCartridge {
  readonly cartridge: CartridgeRecord;
  /** Segments that are read from it. */
  readonly reads: number;
  readonly estimatedSeconds: number;
}

export interface RestorePlan extends SelectedTrees {
  readonly files: number;
  readonly bytes: number;
  /** In the order in which they are read. */
  readonly cartridges: readonly PlannedCartridge[];
  /** Those of them that no library holds. */
  readonly requests: readonly CartridgeRecord[];
}

/**
 * Rough figures of a half-height LTO-9 drive, for people who wait: load and unload, the mean way to a place on the tape from its beginning, and the rate of reading. What
 * lies behind the segment read before needs no way.
 */
const roughly = { loadSeconds: 16, unloadSeconds: 56, locateSeconds: 65, bytesPerSecond: 300e6 };

interface NeededRead {
  readonly copy: Extract<SegmentCopy, { kind: 'cartridge' }>;
  readonly bytes: number;
}

/** What a restore would read, from where. Throws `restore.nothing-found` where nothing of it was ever backed up. */
export async function planRestore(request: RestoreRequest, repositories: Repositories): Promise<RestorePlan> {
  const selected = await selectTrees(request, repositories);
  const spans = new MemberSpans(repositories);
  /** Bytes wanted of each segment. */
  const needed = new Map<DataSetKey, Map<number, number>>();
  let files = 0;
  let bytes = 0;
  for (const { chain, paths } of selected.trees) {
    for await (const page of repositories.files.selection(chain, paths)) {
      for (const version of page) {
        const size = version.type === 'file' ? version.sizeBytes : 0;
        files += 1;
        bytes += size;
        const segments = needed.get(version.dataSet) ?? new Map<number, number>();
        needed.set(version.dataSet, segments);
        const numbers = await spans.of(version);
        for (const number of numbers) segments.set(number, (segments.get(number) ?? 0) + size / numbers.length);
      }
    }
  }
  const reads = (await Promise.all([...needed].map((entry) => readsOf(entry, repositories)))).flat();
  const cartridges = [...groupBy(reads, ({ copy }) => copy.cartridge.id).values()].map(describe);
  const requests = reads.filter(({ copy }) => !isAtHand(copy)).map(({ copy }) => copy.cartridge);
  const distinct = [...new Map(requests.map((cartridge) => [cartridge.id, cartridge])).values()];
  return { ...selected, files, bytes, cartridges, requests: distinct };
}

async function readsOf(
  [key, segments]: readonly [DataSetKey, ReadonlyMap<number, number>],
  repositories: Repositories,
): Promise<NeededRead[]> {
  const dataSet = await repositories.dataSets.get(key);
  if (!dataSet) throw bug(`a version names data set ${key}, which is not there`);
  return (await rankCopies(dataSet, repositories)).flatMap(({ segment, copies: [copy] }) => {
    const wanted = segments.get(segment.number);
    if (wanted === undefined || copy?.kind !== 'cartridge') return [];
    return [{ copy, bytes: Math.min(wanted, segment.payloadBytes) }];
  });
}

function describe(reads: readonly NeededRead[]): PlannedCartridge {
  const { cartridge } = (reads[0] as NeededRead).copy;
  const numbers = reads.map(({ copy }) => copy.copy.fileNumber);
  const ways = numbers.filter((number, index) => index === 0 || number !== (numbers[index - 1] as number) + 1).length;
  const loading = cartridge.location.kind === 'drive' ? 0 : roughly.loadSeconds;
  const reading = reads.reduce((sum, { bytes }) => sum + bytes, 0) / roughly.bytesPerSecond;
  const estimatedSeconds = Math.ceil(loading + ways * roughly.locateSeconds + reading + roughly.unloadSeconds);
  return { cartridge, reads: reads.length, estimatedSeconds };
}
