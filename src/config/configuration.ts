import type { SettingsPlace } from '#src/base/settings-place';
import type { TimeZone } from '#src/base/time-zone';
import type { Pool } from '#src/media/pool';

/** What a `grandsire.yaml` says, checked and with its defaults. Paths are absolute. */
export interface Configuration {
  /** The file it was read from, absolute. */
  readonly file: string;
  /** Folder of the catalog, the locks, the logs and the keys. */
  readonly state: string;
  readonly catalog: 'sqlite';
  readonly staging: StagingSettings;
  readonly libraries: Readonly<Record<string, LibrarySettings>>;
  /** `protect` is never absent where a rotation or a set writes. */
  readonly pools: Readonly<Record<string, Pool>>;
  readonly rotations: Readonly<Record<string, RotationSettings>>;
  readonly sets: Readonly<Record<string, BackupSetSettings>>;
}

export interface StagingSettings {
  readonly path: string;
  readonly sizeBytes: number;
  /** The longest segment; a rotation with small cartridges makes shorter ones. 1 MiB to 8 GiB. */
  readonly segmentSizeBytes: number;
}

export interface LibrarySettings {
  readonly name: string;
  readonly driver: string;
  /** The driver's own settings (without `driver`), unchecked: `Driver.parseSettings` does that. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly place: SettingsPlace;
}

export interface RotationSettings {
  readonly name: string;
  readonly scheme: string;
  readonly library: string;
  /** Cron expression of five fields, in `timeZone`. */
  readonly at: string;
  readonly timeZone: TimeZone;
  /**
   * The scheme's own settings (without the keys above). What is common to tiers (`level`, `pool`, `append`) is already
   * checked; everything else is the scheme's to check.
   */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly place: SettingsPlace;
}

export interface BackupSetSettings {
  readonly name: string;
  /** At least one, absolute. */
  readonly include: readonly string[];
  /** Globs. */
  readonly exclude: readonly string[];
  readonly rotation: string | undefined;
  /** Where runs go that an operator starts, if not where the rotation says. Never undefined without a rotation. */
  readonly pool: string | undefined;
  /** `ignore`: the file system gives its files new inode numbers, so they say nothing about change. */
  readonly inode: 'compare' | 'ignore';
  /** Stay on the file system of each included folder. */
  readonly oneFileSystem: boolean;
}
