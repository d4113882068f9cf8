import type { Instant } from '#src/base/clock';

declare const cartridgeIdBrand: unique symbol;

/** The catalog's number of a cartridge. Barcodes do not identify: two cartridges can bear the same. */
export type CartridgeId = number & { readonly [cartridgeIdBrand]: true };

export const cartridgeId = (number: number): CartridgeId => number as CartridgeId;

export type CartridgeKind = 'data' | 'worm' | 'cleaning';

/** Where a cartridge is. `unknown`: taken by hand; `lastSeen` says where it was before, in words (`main/slot:5`). */
export type Location =
  | { readonly kind: 'slot' | 'drive' | 'mailSlot'; readonly library: string; readonly number: number }
  | { readonly kind: 'shelf'; readonly shelf?: string }
  | { readonly kind: 'transit'; readonly vault?: string }
  | { readonly kind: 'vault'; readonly vault: string; readonly shelf?: string }
  | { readonly kind: 'unknown'; readonly lastSeen?: string };

/** What is on it. `unknown`: nobody has looked yet; `foreign`: not written by this program; `blank`: nothing, not even a label. */
export type Fill = 'unknown' | 'foreign' | 'blank' | 'appendable' | 'full';

export type Condition = 'good' | 'suspect' | 'damaged' | 'retired';

/** The moment from which it may be overwritten; `forever`; null: it may be now (nothing on it was ever protected). */
export type ProtectedUntil = Instant | 'forever' | null;

/** The facets of a cartridge, each independent of the others. */
export interface Cartridge {
  readonly id: CartridgeId;
  /** As the library reports it: 1–32 printable characters. */
  readonly barcode: string;
  readonly kind: CartridgeKind;
  /** `LTO-9`; null where neither barcode nor drive tells. */
  readonly generation: string | null;
  /** The pool that it is in; while nothing on it is protected, a cartridge that was drawn counts as one of `drawnFrom`. */
  readonly pool: string;
  /** The pool that it was drawn from and returns to; absent for a cartridge that belongs to `pool` for good. */
  readonly drawnFrom?: string;
  readonly location: Location;
  readonly fill: Fill;
  readonly condition: Condition;
  readonly writeProtected: boolean;
  readonly protectedUntil: ProtectedUntil;
  /** Why it is held, one text a hold; held until all are lifted. */
  readonly holds: readonly string[];
  /** Bytes of data on it; safe integers (up to 9 PB). */
  readonly usedBytes: number;
  readonly capacityBytes: number | null;
}

/** The later of two ends of protection. */
export function laterProtection(a: ProtectedUntil, b: ProtectedUntil): ProtectedUntil {
  if (a === 'forever' || b === 'forever') return 'forever';
  if (a === null) return b;
  return b === null || a > b ? a : b;
}

/** Whether protection that ends then is over at `at`. */
export const isProtectionOver = (until: ProtectedUntil, at: Instant): boolean =>
  until === null || (until !== 'forever' && until <= at);
