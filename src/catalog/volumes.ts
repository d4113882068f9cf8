import type { Instant } from '#src/base/clock';
import type { CartridgeId, Protection } from '#src/media/facets';

declare const volumeKeyBrand: unique symbol;

/** The catalog's number of a volume; on media and in JSON it is the UUID. */
export type VolumeKey = number & { readonly [volumeKeyBrand]: true };

/**
 * `labelling`: the intent is recorded, from this commit the cartridge's old volume is no longer offered; what the medium holds is known only after
 * reading its label. `live`: confirmed on the medium. `superseded`: another volume took its cartridge.
 */
export type VolumeState = 'labelling' | 'live' | 'superseded';

export interface VolumeRecord {
  readonly key: VolumeKey;
  /** RFC 9562 UUID, lower case. */
  readonly id: string;
  readonly cartridge: CartridgeId;
  readonly state: VolumeState;
  readonly blockSizeBytes: number;
  readonly labelledAt: Instant;
  /** Read back from a medium by `catalog rebuild` and not accepted yet: protected forever. */
  readonly rebuilt: boolean;
}

export interface VolumeRepository {
  /** Records the intent: the cartridge's volume (if any) becomes superseded in the same transaction. */
  beginLabelling(volume: Omit<VolumeRecord, 'key' | 'state' | 'rebuilt'>): Promise<VolumeRecord>;
  /** The medium carries the new label. */
  confirm(key: VolumeKey): Promise<void>;
  /** The medium still carries the old label: the new volume is forgotten, the old one live again. */
  withdraw(key: VolumeKey): Promise<void>;
  /** A volume found on a medium that the catalog did not know (`catalog rebuild`): live, rebuilt. */
  adopt(volume: Omit<VolumeRecord, 'key' | 'state'>): Promise<VolumeRecord>;
  accept(key: VolumeKey): Promise<void>;
  get(key: VolumeKey): Promise<VolumeRecord | undefined>;
  byId(id: string): Promise<readonly VolumeRecord[]>;
  /** The live or labelling volume of a cartridge. */
  ofCartridge(cartridge: CartridgeId): Promise<VolumeRecord | undefined>;
  /** All live and labelling volumes. */
  current(): Promise<readonly VolumeRecord[]>;
  labelling(): Promise<readonly VolumeRecord[]>;
  /**
   * The latest protection over all data sets with a written tape file on the volume, each with all that need it (an incremental protects its chain), and
   * which data set it is. `forever` for rebuilt volumes.
   */
  protection(key: VolumeKey): Promise<VolumeProtection>;
  /** The same for all current volumes in one query or few. */
  protections(): Promise<ReadonlyMap<VolumeKey, VolumeProtection>>;
}

export interface VolumeProtection {
  readonly protection: Protection;
  /** Data set that asks for it (id), if one does. */
  readonly dataSet: string | undefined;
  /** Whether it is on this volume itself or needs something on it. */
  readonly because: 'rebuilt' | 'own' | 'needed' | 'none';
}
