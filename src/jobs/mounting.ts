import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeDrive } from '#src/device/tape-drive';

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
