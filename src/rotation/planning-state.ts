import type { CalendarDay } from '#src/base/calendar-day';
import type { Instant } from '#src/base/clock';
import type { TimeZone } from '#src/base/time-zone';
import type { AllocationRecord } from '#src/catalog/allocations';
import type { DataSetKey, DataSetState } from '#src/catalog/data-sets';
import type { CartridgeId, CartridgeKind, Condition, Fill, Location, Protection } from '#src/media/facets';
import type { Pool } from '#src/media/pool';
import type { ScheduleCartridge, ScheduleEntry, ScheduleShortage, ScheduleWarning } from '#src/report/schedule-entry';
import type { ScheduleReason } from '#src/report/schedule-reason';
import type { RunTime } from '#src/rotation/run-time';
import type { BoundScheme, Level, SchemeRun } from '#src/rotation/scheme';

/** Everything that the planner decides from, beside the clock. The order of the lists means nothing. */
export interface PlanningState {
  readonly rotations: readonly PlanningRotation[];
  readonly pools: readonly Pool[];
  /** All libraries of the site: a cartridge must be readable by two of its drives (or by the only one). */
  readonly libraries: readonly PlanningLibrary[];
  readonly cartridges: readonly PlanningCartridge[];
  /** Those of which a copy lives, on a cartridge or in staging, whether still protected or not. */
  readonly dataSets: readonly PlanningDataSet[];
  /** What has run: says what is done, and how many cartridges to expect. */
  readonly runs: readonly PastRun[];
  /** What was planned before and kept. */
  readonly allocations: readonly AllocationRecord[];
}

export interface PlanningRotation {
  readonly name: string;
  readonly library: string;
  readonly timeZone: TimeZone;
  readonly runTime: RunTime;
  readonly scheme: BoundScheme;
  /** Names of the backup sets that its runs back up; planned as if there were one where there is none. */
  readonly sets: readonly string[];
}

export interface PlanningLibrary {
  readonly name: string;
  /** Generation of every drive, down or not (a plan outlives repairs); undefined where the drive does not tell. */
  readonly drives: readonly { readonly generation: string | undefined }[];
}

/** A cartridge as far as planning is concerned: its facets. */
export interface PlanningCartridge {
  readonly id: CartridgeId;
  readonly barcode: string;
  readonly kind: CartridgeKind;
  /** Undefined where neither barcode nor drive tells. */
  readonly generation: string | undefined;
  readonly pool: string;
  /**
   * The pool that it was drawn from: while nothing on it is protected it counts as one of that pool. Undefined for a cartridge
   * that belongs to `pool` for good.
   */
  readonly drawnFrom?: string | undefined;
  readonly location: Location;
  readonly fill: Fill;
  readonly condition: Condition;
  readonly writeProtected: boolean;
  readonly holds: readonly string[];
  /** What protects it beside its data sets (`forever` for a rebuilt volume); it counts as well as theirs. */
  readonly protection: Protection;
  readonly usedBytes: number;
  readonly capacityBytes: number | undefined;
}

/** A data set as far as planning is concerned. */
export interface PlanningDataSet {
  readonly key: DataSetKey;
  /** For reasons. */
  readonly id: string;
  readonly backupSet: string;
  /** Undefined for one that no rotation ran. */
  readonly rotation: string | undefined;
  readonly runDay: CalendarDay;
  /** Orders the data sets of a backup set. */
  readonly startedAt: Instant;
  readonly tier: string | undefined;
  readonly pool: string;
  readonly level: Level;
  /** The data set that it builds on; undefined for a full. */
  readonly base: DataSetKey | undefined;
  readonly state: DataSetState;
  /** From its own policy; what it owes to others that need it is the planner's to find (`protection.ts`). */
  readonly protection: Protection;
  /** One list of cartridges, in the order written, for each whole copy. */
  readonly copies: readonly (readonly CartridgeId[])[];
  /** Whole in the staging area. */
  readonly staged: boolean;
}

/** A run that began. */
export interface PastRun {
  readonly rotation: string;
  readonly day: CalendarDay;
  readonly tier: string;
  readonly level: Level;
  readonly state: DataSetState;
  /** How many cartridges it wrote on, and how many bytes. */
  readonly cartridges: number;
  readonly bytes: number;
}

export interface PlanningRequest {
  readonly now: Instant;
  /** First and last day, both included, each rotation in its own zone. Days before today are not planned. */
  readonly from: CalendarDay;
  readonly to: CalendarDay;
  /**
   * So many days after `to` are planned without being shown, because their runs decide how long what the shown ones write is
   * needed. Default 35; they change no choice of a cartridge, so that 0 will do where only that is asked.
   */
  readonly lookAheadDays?: number;
  readonly running?: RunningRun;
}

/** A run that is under way, or about to begin. */
export interface RunningRun {
  readonly rotation: string;
  /** The day it began on: it keeps it past midnight. */
  readonly day: CalendarDay;
  readonly startedAt: Instant;
  /** For a run that an operator started beside the scheme (`BoundScheme.runByHand`). */
  readonly byHand?: SchemeRun;
  /** The level that an operator asked for, where it is not the scheme's. */
  readonly level?: Level;
  /** The backup sets that it backs up; all of the rotation's where it is undefined. */
  readonly sets?: readonly string[];
  /** How many cartridges it is known to need, where that is more than was expected. */
  readonly needs?: number;
  /** What it writes on already, in order. */
  readonly taken: readonly CartridgeId[];
  /** What it met and found unfit. */
  readonly passedOver: readonly CartridgeId[];
}

export interface PlannedCartridge extends ScheduleCartridge {
  readonly id: CartridgeId;
}

/** What a run does for one backup set. */
export interface PlannedSet {
  readonly backupSet: string;
  readonly level: Level;
  /** The data set it builds on; undefined for a full, and where that is itself only planned. */
  readonly base: DataSetKey | undefined;
  readonly reasons: readonly ScheduleReason[];
}

export interface PlannedRun extends ScheduleEntry {
  readonly library: string;
  readonly pool: string;
  readonly cartridges: readonly PlannedCartridge[];
  readonly sets: readonly PlannedSet[];
  /** How many cartridges it is short of. */
  readonly missing: number;
  /** It is the run that the request called under way. */
  readonly isRunning: boolean;
}

export interface Plan {
  readonly from: CalendarDay;
  readonly to: CalendarDay;
  readonly runs: readonly PlannedRun[];
  readonly shortages: readonly ScheduleShortage[];
  readonly warnings: readonly ScheduleWarning[];
  /** What to put so that the plan stays: every allocation of these runs up to `to`, the kept ones among them. */
  readonly allocations: readonly AllocationRecord[];
  /** Remembered ones that are no longer true, to be removed when the plan is committed. */
  readonly obsolete: readonly AllocationRecord[];
}
