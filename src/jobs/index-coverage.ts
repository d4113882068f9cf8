import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeKey } from '#src/catalog/volumes';

/** Which segments of a data set an index on a medium lists: derived from what stands where, so that a crash forgets nothing. */
export interface IndexCoverage {
  /** Volumes that hold something of the data set, in the order in which they were begun. */
  readonly volumes: readonly VolumeKey[];
  /** An index that was written later, on the same volume or on one begun later, lists the segment. */
  isIndexed(segment: number): boolean;
  /** What an index written now on this volume has to list: everything that no index on it lists yet. */
  unlistedOn(volume: VolumeKey): readonly number[];
}

/**
 * An index lists the segments before it on its volume, and the first one on a volume also those of all volumes begun earlier (docs/format.md, "Index").
 */
export async function indexCoverage(repositories: Repositories, dataSet: DataSetKey): Promise<IndexCoverage> {
  const files = (await repositories.tapeFiles.ofDataSet(dataSet)).filter(({ state }) => state === 'written');
  const volumes = orderOfVolumes(files);
  const segments = files.filter(({ kind }) => kind === 'segment');
  const indexes = files.filter(({ kind }) => kind === 'index');
  const listedOn = (volume: VolumeKey, segment: TapeFileRecord): boolean =>
    indexes.some((index) =>
      index.volume !== volume
        ? false
        : segment.volume === volume
          ? index.fileNumber > segment.fileNumber
          : volumes.indexOf(segment.volume) < volumes.indexOf(volume),
    );
  return {
    volumes,
    isIndexed: (number) =>
      segments.some((segment) => segment.number === number && volumes.some((volume) => listedOn(volume, segment))),
    unlistedOn: (volume) => {
      const numbers = segments.filter((segment) => !listedOn(volume, segment)).map(({ number }) => number as number);
      return [...new Set(numbers)].sort((a, b) => a - b);
    },
  };
}

/** By the first segment on each; a volume with indexes alone was begun last. */
function orderOfVolumes(files: readonly TapeFileRecord[]): VolumeKey[] {
  const first = new Map<VolumeKey, number>();
  for (const { volume, kind, number } of files) {
    const at = kind === 'segment' && number !== undefined ? number : Number.POSITIVE_INFINITY;
    first.set(volume, Math.min(first.get(volume) ?? Number.POSITIVE_INFINITY, at));
  }
  return [...first].sort(([, a], [, b]) => (a === b ? 0 : a - b)).map(([volume]) => volume);
}
