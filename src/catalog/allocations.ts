import type { CartridgeId } from '#src/media/facets';

/** Remembered plan: the n-th cartridge of a rotation's run on a day. */
export interface AllocationRecord {
  readonly rotation: string;
  /** YYYY-MM-DD in the rotation's zone. */
  readonly runDay: string;
  readonly tier: string;
  /** From 1. */
  readonly ordinal: number;
  readonly cartridge: CartridgeId;
}

export interface AllocationRepository {
  list(filter?: {
    readonly rotation?: string;
    readonly from?: string;
    readonly to?: string;
  }): Promise<readonly AllocationRecord[]>;
  /** Replaces those of the same (rotation, run day, tier, ordinal). */
  put(allocations: readonly AllocationRecord[]): Promise<void>;
  remove(allocations: readonly Pick<AllocationRecord, 'rotation' | 'runDay' | 'tier' | 'ordinal'>[]): Promise<void>;
}
