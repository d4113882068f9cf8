import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeDrive } from '#src/device/tape-drive';

export interface MountRequest {
  /** What for, in the operator's words. */
  readonly purpose: string;
  /** The drive must be able to write this generation, not only to read it. */
  readonly writing: boolean;
  /** This drive and no other. */
  readonly driveNumber?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A cartridge threaded in a drive, rewound, and ours until disposed; then it is back in its slot. Its label has not been looked at. */
export interface Mount extends AsyncDisposable {
  readonly drive: TapeDrive;
  readonly driveNumber: number;
  readonly cartridge: CartridgeRecord;
  /** The cartridges of this library are files. */
  readonly virtual: boolean;
  /** A session found that the cartridge cannot be written here, and the drive reported nothing: it may be as guilty as the cartridge. */
  suspect(message: string): Promise<void>;
}
