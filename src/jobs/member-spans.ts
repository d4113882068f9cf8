import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, SegmentRecord } from '#src/catalog/data-sets';
import type { FileVersion } from '#src/catalog/files';

/** Tells which segments a member lies in: the one in which it begins, and those into which a cut carries it. Asks the catalog once for each data set. */
export class MemberSpans {
  readonly #repositories: Pick<Repositories, 'dataSets' | 'files'>;
  readonly #segments = new Map<DataSetKey, ReadonlyMap<number, SegmentRecord>>();
  /** Offset of the member that a segment's end cuts, by `<data set> <segment>`. */
  readonly #tails = new Map<string, number | undefined>();

  constructor(repositories: Pick<Repositories, 'dataSets' | 'files'>) {
    this.#repositories = repositories;
  }

  /** Numbers of the segments, in order; at least one. */
  async of({ dataSet, segment, offset }: FileVersion): Promise<readonly number[]> {
    const segments = await this.#segmentsOf(dataSet);
    const path = segments.get(segment)?.endsInside?.path;
    if (path === undefined || (await this.#tailOf(dataSet, segment, path)) !== offset) return [segment];
    const numbers = [segment];
    for (let next = segment + 1; segments.has(next); next += 1) {
      numbers.push(next);
      const end = segments.get(next)?.endsInside?.path;
      if (end === undefined || Buffer.compare(end, path) !== 0) break;
    }
    return numbers;
  }

  async #segmentsOf(dataSet: DataSetKey): Promise<ReadonlyMap<number, SegmentRecord>> {
    const known = this.#segments.get(dataSet);
    if (known) return known;
    const segments = new Map((await this.#repositories.dataSets.segments(dataSet)).map((row) => [row.number, row]));
    this.#segments.set(dataSet, segments);
    return segments;
  }

  /** A further name of the inode has another path than the cut says, so that places are compared. */
  async #tailOf(dataSet: DataSetKey, segment: number, path: Uint8Array): Promise<number | undefined> {
    const key = `${dataSet} ${segment}`;
    if (this.#tails.has(key)) return this.#tails.get(key);
    const at = (await this.#repositories.dataSets.get(dataSet))?.startedAt;
    const range = at === undefined ? {} : { before: at, after: at };
    const match = { kind: 'path', path } as const;
    const { versions } = await this.#repositories.files.find({ match, ...range, all: true, limit: 100 });
    const first = versions.find((version) => version.dataSet === dataSet && version.segment === segment);
    this.#tails.set(key, first?.offset);
    return first?.offset;
  }
}
