import { GrandsireError } from '#src/base/errors';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { despool } from '#src/jobs/despool/despool';
import type { DespoolPorts } from '#src/jobs/despool/despool-ports';
import { type DespoolState, openDespoolState } from '#src/jobs/despool/despool-state';
import type { StagingArea } from '#src/staging/staging-area';

export interface AlongsidePorts extends DespoolPorts {
  /** Writes what interrupted runs left in staging and holds room there; returns what kept some of it from being written. */
  readonly writeLeftovers: () => Promise<GrandsireError | undefined>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a data set to cartridges while it is still being staged: begins when the staging area runs short of room (a drive is taken only when there is
 * enough to keep it streaming), writes what interrupted runs left and all that is staged, gives the drive back; and once more at the end.
 */
export class DespoolAlongside {
  readonly #dataSet: DataSetRecord;
  readonly #staging: StagingArea;
  readonly #ports: AlongsidePorts;
  #state: DespoolState | undefined;
  #round: Promise<void> | undefined;
  #isShort = false;
  #isStopped = false;
  #leftovers: Promise<GrandsireError | undefined> | undefined;
  #failure: unknown;

  constructor(dataSet: DataSetRecord, staging: StagingArea, ports: AlongsidePorts) {
    this.#dataSet = dataSet;
    this.#staging = staging;
    this.#ports = ports;
  }

  /** Why nothing can be written; undefined while all goes well. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The staging area has no room for the next segment. */
  shortage(): void {
    this.#isShort = true;
    this.#round ??= this.#rounds();
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#isShort && !this.#isStopped) {
        this.#isShort = false;
        const before = this.#staging.evictedBytes;
        // Once, and only where room is short: a complete run of their set drops them.
        this.#leftovers ??= this.#ports.writeLeftovers();
        const held = await this.#leftovers;
        await this.#despool(false);
        // Told of a shortage meanwhile, there is something new to look at.
        if (this.#staging.evictedBytes !== before || this.#isShort) continue;
        this.#staging.refuseIfStuck();
        if (this.#staging.isRefusing) this.#failure ??= held;
      }
    } catch (error) {
      this.#failure = error;
      this.#staging.refuse();
    } finally {
      this.#round = undefined;
    }
  }

  async #despool(last: boolean): Promise<void> {
    const { repositories, signal } = this.#ports;
    const dataSet = (await repositories.dataSets.get(this.#dataSet.key)) ?? this.#dataSet;
    this.#state ??= await openDespoolState(dataSet, repositories);
    await despool(dataSet, this.#state, this.#ports, { last, signal });
  }

  /** Ends the round that is going on, and begins no other. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#round;
  }

  /** Everything is staged: writes the rest, the last index and the catalog's copy. Throws what keeps it from being written. */
  async finish(): Promise<void> {
    await this.stop();
    if (this.#failure instanceof GrandsireError && this.#failure.kind !== 'waiting') throw this.#failure;
    await this.#despool(true);
  }
}
