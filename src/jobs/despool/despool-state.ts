import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { ChosenCartridge, DespoolPorts } from '#src/jobs/despool/despool-ports';
import type { Unfit } from '#src/jobs/despool/none-suitable';
import { indexCoverage } from '#src/jobs/index-coverage';
import type { CartridgeId } from '#src/media/facets';
import type { PayloadReader } from '#src/session/payload-reader';

/** What a run has met so far; carried from one round to the next. */
export interface DespoolState {
  readonly taken: CartridgeId[];
  readonly passedOver: CartridgeId[];
  /** The same, and why. */
  readonly unfit: Unfit[];
  /** The index that says that the data set is complete is on a medium. */
  finalIndex: boolean;
}

/** Where a data set was begun on cartridges before (an earlier process), the run goes on there. */
export async function openDespoolState(dataSet: DataSetRecord, repositories: Repositories): Promise<DespoolState> {
  const taken: CartridgeId[] = [];
  for (const key of (await indexCoverage(repositories, dataSet.key)).volumes) {
    const volume = await repositories.volumes.get(key);
    if (volume) taken.push(volume.cartridge);
  }
  return { taken, passedOver: [], unfit: [], finalIndex: false };
}

/** One mount: what waits, and the cartridge that it is to be written on. */
export interface Round {
  readonly dataSet: DataSetRecord;
  readonly state: DespoolState;
  readonly ports: DespoolPorts;
  readonly last: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly chosen: ChosenCartridge;
  readonly pending: readonly SegmentRecord[];
  readonly reader: PayloadReader;
}
