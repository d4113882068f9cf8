import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Cancellable } from '#src/device/tape-drive';
import type { Bay } from '#src/library/drives/drive-bays';
import type { MoveResult } from '#src/library/library-options';
import type { LibraryStatus } from '#src/library/library-status';
import type { Mount, MountRequest } from '#src/library/mount/mount';
import type { NumberedElement } from '#src/library/robot/numbered-element';

export interface InventoryOptions extends Cancellable {
  /** Has the library read its barcodes anew first, which takes minutes. */
  readonly rescan?: boolean;
  /** Gives drives that are down another chance: for the operator who asks, never for a run, which would meet the same again. */
  readonly retryDrives?: boolean;
}

/**
 * A changer, its drives and its slots as one managed thing.
 *
 * Law:
 * - Everything that touches a device takes the library's lease first (one process at a time on this machine), waits for it as `wait`
 *   says, and throws `lease.held` (exit 4) naming the holder. `status` touches none.
 * - The first use under a lease takes the inventory, brings home what the robot still holds, and matches drives to elements.
 * - A cartridge is taken out of a drive only after the drive has let go of it.
 * - The first use of a drive that a dead process left is a cleaning session (`cleanDrive`).
 * - No call to a device outlasts the budget of its phase (`phases`), whatever the device does; a drive that exceeds one is down.
 */
export interface Library extends AsyncDisposable {
  readonly name: string;
  /** From the catalog. Throws `library.not-inventoried` where nobody has looked yet. */
  status(): Promise<LibraryStatus>;
  /** Looks what lies where, puts in order what dead processes left, and makes the catalog agree. */
  inventory(options?: InventoryOptions): Promise<readonly NumberedElement[]>;
  /** Addresses as `parseLibraryAddress` takes them; `to` is a place. */
  move(from: string, to: string, options?: Cancellable): Promise<MoveResult>;
  /** Takes in everything that lies in mail slots. */
  importAll(options?: Cancellable): Promise<readonly MoveResult[]>;
  /** Puts out into mail slots, as many as have room; throws `library.mail-slots-full` (exit 4) at the first that has none. */
  exportCartridges(barcodes: readonly string[], options?: Cancellable): Promise<readonly MoveResult[]>;
  mount(cartridge: CartridgeRecord, request: MountRequest): Promise<Mount>;
  /** Loads a cartridge and leaves it there, for `drive load`. What other drives hold stays there: throws `drive.none-free`. */
  load(cartridge: CartridgeRecord, request: MountRequest): Promise<Bay>;
  /** Has a drive (all that hold something where none is named) let go, and brings the cartridge home. */
  unload(driveNumber?: number, options?: Cancellable): Promise<readonly MoveResult[]>;
  /** The catalog's record of the one cartridge that an address names. Throws `cartridge.not-found`, `cartridge.ambiguous`. */
  cartridgeAt(address: string): Promise<CartridgeRecord>;
}
