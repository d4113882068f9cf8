import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeDrive } from '#src/device/tape-drive';
import { isDriveFault } from '#src/library/drive-trouble';

/** A cartridge in a drive, threaded and ready, and ours until disposed (then it is back in its slot). */
export interface MountedCartridge extends AsyncDisposable {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  /** The library's cartridges are files (their README says how to read those). */
  readonly virtual: boolean;
}

export interface MountRequest {
  /** What for, in the operator's words; names the holder to those who wait. */
  readonly purpose: string;
  readonly writing: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type MountCartridge = (cartridge: CartridgeRecord, request: MountRequest) => Promise<MountedCartridge>;

/**
 * Does work with a cartridge that can be begun anew. A drive that fails at it is out of use afterwards, and it is done in another one, as long as there is
 * one: then the mount throws `drive.none-usable`.
 */
export async function inAnyDrive<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDriveFault(error)) throw error;
    }
  }
}
