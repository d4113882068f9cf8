import type { Catalog } from '#src/catalog/catalog';
import type { Configuration } from '#src/config/configuration';
import type { RunDecision } from '#src/jobs/decide-run';

const leastBytes = 16 * 2 ** 20;
/** Of a cartridge: what is given up at its end is at most one segment. */
const partOfCartridge = 16;

/**
 * The longest segment of a run (docs/format.md): what the configuration says, at most a sixteenth of the smallest cartridge that the run may be written on
 * (but 16 MiB at least), and at most half of the staging area, so that one can be filled while another is written.
 */
export async function segmentSize(
  decision: Pick<RunDecision, 'library' | 'pool' | 'planning'>,
  ports: {
    readonly catalog: Catalog;
    readonly configuration: Configuration;
    readonly capacityOf: (library: string) => Promise<number | undefined>;
  },
): Promise<number> {
  const { segmentSizeBytes, sizeBytes } = ports.configuration.staging;
  const draw = decision.planning.pools.find(({ name }) => name === decision.pool)?.draw;
  const cartridges = (await ports.catalog.cartridges.list({ library: decision.library })).filter(
    ({ pool, kind }) => (pool === decision.pool || pool === draw) && kind !== 'cleaning',
  );
  const known = cartridges.flatMap(({ capacityBytes }) => (capacityBytes === undefined ? [] : [capacityBytes]));
  const assumed =
    known.length < cartridges.length || known.length === 0 ? await ports.capacityOf(decision.library) : undefined;
  const smallest = Math.min(...known, ...(assumed === undefined ? [] : [assumed]));
  const share = Number.isFinite(smallest)
    ? Math.max(leastBytes, Math.floor(smallest / partOfCartridge))
    : segmentSizeBytes;
  return Math.floor(Math.min(segmentSizeBytes, share, sizeBytes / 2) / 512) * 512;
}
