import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeDrive } from '#src/device/tape-drive';
import type { DriveBays } from '#src/library/drive-bays';
import type { DriveExperience } from '#src/library/drive-experience';
import type { LibraryOptions } from '#src/library/library-parts';
import type { Robot } from '#src/library/robot';

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

export interface MountParts {
  readonly options: Pick<LibraryOptions, 'name' | 'catalog' | 'clock' | 'warn' | 'note' | 'virtual'>;
  readonly robot: Robot;
  readonly bays: DriveBays;
  readonly experience: DriveExperience;
  /** Numbers of the drives that are mounted by this process. */
  readonly busy: Set<number>;
  /** Numbers of the drives that are still getting ready what a dead process loaded. */
  readonly threading: Set<number>;
}
