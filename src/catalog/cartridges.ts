import type { Instant } from '#src/base/clock';
import type { Barcode, CartridgeId, CartridgeKind, Condition, Fill, Location } from '#src/media/facets';

export interface CartridgeRecord {
  readonly id: CartridgeId;
  /** Library in whose inventory it was seen last. */
  readonly library: string;
  readonly barcode: Barcode;
  readonly kind: CartridgeKind;
  /** `LTO-9`, where the barcode or a drive told. */
  readonly generation: string | undefined;
  readonly pool: string;
  /** The pool that it was drawn from, and to which it returns when nothing on it is protected any more; undefined: it belongs to `pool` for good. */
  readonly drawnFrom: string | undefined;
  readonly location: Location;
  readonly lastSeen: Location | undefined;
  readonly lastSeenAt: Instant | undefined;
  /** Slot it is returned to when it is free. */
  readonly homeSlot: number | undefined;
  readonly fill: Fill;
  readonly condition: Condition;
  /** Why it is not `good`, or not fit for writing, in words. */
  readonly conditionReason: string | undefined;
  readonly writeProtected: boolean;
  /** MAM 0401h, where known. */
  readonly serial: string | undefined;
  readonly usedBytes: number;
  readonly capacityBytes: number | undefined;
  readonly holds: readonly string[];
}

export type NewCartridgeRecord = Pick<
  CartridgeRecord,
  'library' | 'barcode' | 'kind' | 'generation' | 'pool' | 'location'
> &
  Partial<Omit<CartridgeRecord, 'id'>>;

export interface CartridgeRepository {
  add(record: NewCartridgeRecord): Promise<CartridgeRecord>;
  get(id: CartridgeId): Promise<CartridgeRecord | undefined>;
  /** All that carry this barcode (two cartridges may), in the library given or in any. */
  byBarcode(barcode: string, library?: string): Promise<readonly CartridgeRecord[]>;
  /** Ordered by library, barcode, id. */
  list(filter?: { readonly library?: string; readonly pool?: string }): Promise<readonly CartridgeRecord[]>;
  update(id: CartridgeId, changes: Partial<Omit<CartridgeRecord, 'id'>>): Promise<void>;
  /** Two records turned out to be one cartridge: forgets the first, which never carried a volume; what is planned for it is planned for the second. */
  merge(id: CartridgeId, into: CartridgeId): Promise<void>;
}
