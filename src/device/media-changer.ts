import type { Cancellable, DeviceIdentity } from '#src/device/tape-drive';
import type { ElementAddress } from '#src/scsi/element-address';

export type ElementKind = 'transport' | 'slot' | 'mailSlot' | 'drive';

/** One place of the library as the changer reports it (SMC-3 6.11). */
export interface ElementState {
  readonly kind: ElementKind;
  readonly address: ElementAddress;
  readonly full: boolean;
  /** The primary volume tag, trimmed; undefined where there is none or it cannot be read. */
  readonly barcode?: string | undefined;
  /** Element from which the cartridge came (SVALID). */
  readonly source?: ElementAddress | undefined;
  /** False: the robot cannot reach it now (in a drive: still threaded). */
  readonly accessible: boolean;
  /** Element's own trouble, in words, e.g. `label unreadable (83/02)`. */
  readonly exception?: string | undefined;
  /** Drives only: serial of the drive there, by DVCID, where the library tells. */
  readonly driveSerial?: string | undefined;
  /** Mail slots only: put there by an operator since the last look. */
  readonly placedByOperator?: boolean | undefined;
}

export interface LibraryGeometry {
  readonly transport: ElementRange;
  readonly slots: ElementRange;
  readonly mailSlots: ElementRange;
  readonly drives: ElementRange;
}

export interface ElementRange {
  readonly first: ElementAddress;
  readonly count: number;
}

export type MoveOutcome =
  | { readonly kind: 'moved' }
  | { readonly kind: 'source-empty' }
  | { readonly kind: 'destination-full' }
  /** The drive at the source holds the cartridge fast: unload it first. */
  | { readonly kind: 'drive-not-unloaded' }
  /** Prevented by PREVENT ALLOW MEDIUM REMOVAL. */
  | { readonly kind: 'removal-prevented' }
  /** Something was opened, imported or reset: take the inventory again, then decide again. */
  | { readonly kind: 'inventory-changed' };

/**
 * One robot (SMC-3).
 *
 * Law:
 * - One caller at a time; whoever calls holds the library's lease.
 * - `inventory` never disturbs the medium; element types are asked one by one (some targets die of type 0).
 * - `move` does not retry by itself and does not unload drives. What is thrown (`DeviceError`) is hardware trouble; the place of the
 *   cartridge is then what the next `inventory` says, and nothing else.
 */
export interface MediaChanger extends AsyncDisposable {
  readonly address: string;
  readonly identity: DeviceIdentity;
  readonly geometry: LibraryGeometry;
  /** Whether READ ELEMENT STATUS names the serials of all drives; where not, it may still name some. */
  readonly tellsDriveSerials: boolean;

  inventory(options?: Cancellable): Promise<readonly ElementState[]>;
  /** Has the library look with its own eyes (INITIALIZE ELEMENT STATUS); can take minutes. */
  rescan(options?: Cancellable): Promise<void>;
  move(from: ElementAddress, to: ElementAddress, options?: Cancellable): Promise<MoveOutcome>;
  /** Locks doors and mail slots, or unlocks them. False where the library has no such command. */
  preventRemoval(prevent: boolean, options?: Cancellable): Promise<boolean>;
}
