import type { CalendarDay } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { CartridgeId, Fill, Protection } from '#src/media/facets';
import type { PlanningCartridge, PlanningDataSet, PlanningState } from '#src/rotation/planning-state';
import { isProtectionOver, laterProtection } from '#src/rotation/retention';
import type { Level } from '#src/rotation/scheme';

/** A data set as the plan goes on: one of the catalog's, or one that a planned run will write. */
export interface ModelDataSet {
  /** Undefined for one that is only planned. */
  readonly key: DataSetKey | undefined;
  readonly backupSet: string;
  readonly rotation: string | undefined;
  readonly runDay: CalendarDay;
  readonly tier: string | undefined;
  readonly pool: string;
  readonly level: Level;
  /** Undefined for a full; `lost` where the catalog has it no longer. */
  base: ModelDataSet | 'lost' | undefined;
  readonly isComplete: boolean;
  /** The catalog has it, complete: not one that is only planned, or being written. */
  readonly isWritten: boolean;
  readonly staged: boolean;
  /** What it is protected by while nothing needs it: its policy, and more for one that was interrupted. */
  own: Protection;
  readonly policy: Protection;
  readonly neededBy: ModelDataSet[];
  readonly copies: ModelVolume[][];
}

/** What lies on a cartridge since it was last written from its beginning. */
export interface ModelVolume {
  readonly cartridge: ModelCartridge;
  readonly dataSets: ModelDataSet[];
  /** What protects it beside its data sets. */
  readonly besides: Protection;
  overwritten: boolean;
}

export interface ModelCartridge {
  readonly facts: PlanningCartridge;
  pool: string;
  drawnFrom: string | undefined;
  fill: Fill;
  usedBytes: number;
  volume: ModelVolume;
}

export type NewModelDataSet = Omit<
  ModelDataSet,
  'key' | 'isComplete' | 'isWritten' | 'staged' | 'policy' | 'neededBy' | 'copies'
>;

/** Cartridges and data sets as a plan changes them, run by run. Made anew for every plan; the state it is made from stays. */
export class PlanModel {
  /** In the order of barcodes. */
  readonly cartridges: readonly ModelCartridge[];
  readonly #byId: ReadonlyMap<CartridgeId, ModelCartridge>;
  /** In the order in which they were begun. */
  readonly #dataSets: ModelDataSet[] = [];
  readonly #ofBackupSet = new Map<string, ModelDataSet[]>();

  constructor(state: PlanningState, dataSets: readonly PlanningDataSet[]) {
    this.cartridges = [...state.cartridges].sort(compareBarcodes).map(newCartridge);
    this.#byId = new Map(this.cartridges.map((cartridge) => [cartridge.facts.id, cartridge]));
    const inOrder = [...dataSets].sort((a, b) => a.startedAt - b.startedAt || a.key - b.key);
    const byKey = new Map(inOrder.map((record) => [record.key, fromRecord(record)]));
    for (const record of inOrder) {
      const dataSet = byKey.get(record.key) as ModelDataSet;
      if (record.base !== undefined) dataSet.base = byKey.get(record.base) ?? 'lost';
      this.#link(dataSet);
      for (const copy of record.copies) this.#place(dataSet, copy);
      if (record.state === 'complete') this.releaseInterrupted(record.backupSet);
    }
  }

  cartridge(id: CartridgeId): ModelCartridge | undefined {
    return this.#byId.get(id);
  }

  /** Newest first. */
  *newestDataSets(): Generator<ModelDataSet> {
    for (let index = this.#dataSets.length - 1; index >= 0; index -= 1) yield this.#dataSets[index] as ModelDataSet;
  }

  /**
   * The newest complete data set that can be restored with all that it builds on; of that level, if one is given. A run that
   * starts now builds on what is written; a later one also on what the plan will have written by then.
   */
  latestUsable(
    backupSet: string,
    { level, isWritten }: { readonly level?: Level | undefined; readonly isWritten?: boolean } = {},
  ): ModelDataSet | undefined {
    const isMeant = (dataSet: ModelDataSet): boolean =>
      (level === undefined || dataSet.level === level) && (!isWritten || dataSet.isWritten);
    return this.#ofBackupSet.get(backupSet)?.findLast((dataSet) => isMeant(dataSet) && isUsable(dataSet));
  }

  /** A planned run will write it; from now on what it builds on is protected as long as itself. */
  addDataSet(dataSet: NewModelDataSet): ModelDataSet {
    const added: ModelDataSet = {
      ...dataSet,
      key: undefined,
      isComplete: true,
      isWritten: false,
      staged: false,
      policy: dataSet.own,
      neededBy: [],
      copies: [],
    };
    this.#link(added);
    return added;
  }

  /** The cartridge is written from its beginning: what was on it is gone, and it is one of that pool. */
  overwrite(cartridge: ModelCartridge, pool: string): ModelVolume {
    cartridge.volume.overwritten = true;
    if (cartridge.pool !== pool) {
      // Home is where it was drawn from first.
      cartridge.drawnFrom ??= cartridge.pool;
      if (cartridge.drawnFrom === pool) cartridge.drawnFrom = undefined;
      cartridge.pool = pool;
    }
    cartridge.volume = { cartridge, dataSets: [], besides: { kind: 'none' }, overwritten: false };
    cartridge.usedBytes = 0;
    cartridge.fill = 'appendable';
    return cartridge.volume;
  }

  /** The backup set has a newer complete run: what interrupted ones wrote is kept as their policy says (so the catalog sees it too), and no longer. */
  releaseInterrupted(backupSet: string): void {
    for (const dataSet of this.#ofBackupSet.get(backupSet) ?? []) {
      if (!dataSet.isComplete) dataSet.own = dataSet.policy;
    }
  }

  /** The pool that a cartridge counts as one of: it goes home when nothing on it is protected any more. */
  poolAt({ pool, drawnFrom, volume }: ModelCartridge, at: Instant): string {
    return drawnFrom !== undefined && isProtectionOver(protectionOfVolume(volume), at) ? drawnFrom : pool;
  }

  #link(dataSet: ModelDataSet): void {
    this.#dataSets.push(dataSet);
    const siblings = this.#ofBackupSet.get(dataSet.backupSet);
    if (siblings) siblings.push(dataSet);
    else this.#ofBackupSet.set(dataSet.backupSet, [dataSet]);
    if (dataSet.base !== undefined && dataSet.base !== 'lost') dataSet.base.neededBy.push(dataSet);
  }

  #place(dataSet: ModelDataSet, copy: readonly CartridgeId[]): void {
    const volumes = copy.flatMap((id) => this.#byId.get(id)?.volume ?? []);
    for (const volume of volumes) volume.dataSets.push(dataSet);
    // A copy of which a cartridge is not known is none.
    if (volumes.length === copy.length) dataSet.copies.push(volumes);
  }
}

/** The latest of a data set's own protection and that of all that need it, and what asks for more than its own. */
export function protectionOfDataSet(dataSet: ModelDataSet): {
  readonly protection: Protection;
  readonly neededBy: readonly ModelDataSet[];
} {
  let protection = dataSet.own;
  const neededBy: ModelDataSet[] = [];
  const open = [...dataSet.neededBy];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (laterProtection(dataSet.own, next.own) !== dataSet.own) neededBy.push(next);
    protection = laterProtection(protection, next.own);
    open.push(...next.neededBy);
  }
  return { protection, neededBy };
}

/** A cartridge is protected as long as the last data set on it, and returns whole. */
export function protectionOfVolume({ besides, dataSets }: ModelVolume): Protection {
  return dataSets.reduce(
    (latest, dataSet) => laterProtection(latest, protectionOfDataSet(dataSet).protection),
    besides,
  );
}

/** Complete, a copy of it lives, and so it is with all that it builds on. */
function isUsable(dataSet: ModelDataSet): boolean {
  for (let link: ModelDataSet | undefined = dataSet; link !== undefined; ) {
    const lives = link.staged || link.copies.some((copy) => copy.every((volume) => !volume.overwritten));
    if (!link.isComplete || !lives || link.base === 'lost') return false;
    link = link.base;
  }
  return true;
}

/** Its base is looked up when all are there: a clock that was set back must not cost a base its protection. */
function fromRecord(record: PlanningDataSet): ModelDataSet {
  const { key, backupSet, rotation, runDay, tier, pool, level, staged } = record;
  // What an interrupted run wrote stays restorable until the set's next complete run. One that is being written is planned
  // with as if it were done, and done as it should be.
  const own: Protection = record.state === 'interrupted' ? { kind: 'forever' } : record.protection;
  const isComplete = record.state !== 'interrupted';
  return {
    key,
    backupSet,
    rotation,
    runDay,
    tier,
    pool,
    level,
    base: undefined,
    isComplete,
    isWritten: record.state === 'complete',
    staged,
    own,
    policy: record.protection,
    neededBy: [],
    copies: [],
  };
}

function newCartridge(facts: PlanningCartridge): ModelCartridge {
  const { pool, drawnFrom, fill, usedBytes, protection } = facts;
  const volume: { cartridge?: ModelCartridge } & Omit<ModelVolume, 'cartridge'> = {
    dataSets: [],
    besides: protection,
    overwritten: false,
  };
  const cartridge: ModelCartridge = { facts, pool, drawnFrom, fill, usedBytes, volume: volume as ModelVolume };
  volume.cartridge = cartridge;
  return cartridge;
}

/** By the characters' codes, the same on every machine; of two with one barcode the one that the catalog met first. */
export function compareBarcodes(a: PlanningCartridge, b: PlanningCartridge): number {
  if (a.barcode !== b.barcode) return a.barcode < b.barcode ? -1 : 1;
  return a.id - b.id;
}
