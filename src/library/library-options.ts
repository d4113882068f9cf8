import type { Alarm } from '#src/base/alarm';
import type { Clock } from '#src/base/clock';
import type { Duration } from '#src/base/duration';
import type { ErrorCode } from '#src/base/error-codes';
import type { Pause } from '#src/base/pause';
import type { Catalog } from '#src/catalog/catalog';
import type { MediaChanger } from '#src/device/media-changer';
import type { TapeDrive } from '#src/device/tape-drive';

/** The part of the catalog that a library reads and writes. */
export type LibraryCatalog = Pick<
  Catalog,
  'cartridges' | 'volumes' | 'tapeFiles' | 'libraries' | 'leases' | 'actions' | 'transaction'
>;

/** A tape drive that was found and not opened yet. */
export interface DriveUnit {
  readonly address: string;
  open(): Promise<TapeDrive>;
}

/** Something that went wrong beside the work, and did not stop it. */
export interface LibraryWarning {
  readonly code: ErrorCode;
  readonly subject: string;
  readonly message: string;
}

export interface MoveResult {
  /** Barcode, or the place where it was where it has none. */
  readonly cartridge: string;
  readonly from: string;
  readonly to: string;
}

export interface LibraryOptions {
  readonly name: string;
  /** Names of all libraries of the configuration: what the catalog says of any other is out of date. */
  readonly libraries: readonly string[];
  readonly changer: MediaChanger;
  readonly drives: readonly DriveUnit[];
  /** What changer and drives were opened from: disposed with the library, after them. */
  readonly source: AsyncDisposable;
  /** The cartridges are files (the README on them then says how to read those). */
  readonly virtual: boolean;
  readonly catalog: LibraryCatalog;
  /** `state/locks`. */
  readonly locks: string;
  readonly clock: Clock;
  readonly pause: Pause;
  /** Of the watchdogs. */
  readonly alarm: Alarm;
  /** What the command does, for those who wait for it: `backup run home`. */
  readonly job: string;
  /** How long to wait for whoever uses the library. */
  readonly wait: Duration;
  /** Pool of cartridges that are seen for the first time. */
  readonly newPool: string;
  readonly warn: (warning: LibraryWarning) => void;
  /** What an operator should know and need not mind: what a dead process left was put in order. */
  readonly note: (text: string) => void;
}
