import type { SettingsPlace } from '#src/base/settings-place';
import type { ScsiTransport } from '#src/device/scsi-transport';

export type { SettingsPlace } from '#src/base/settings-place';

/** A logical unit that a driver found: what INQUIRY's peripheral device type says it is. */
export interface FoundUnit {
  readonly kind: 'changer' | 'tape' | 'other';
  /** Stable within one opening: to say which unit is meant. */
  readonly address: string;
  /** INQUIRY peripheral device type (SPC-5 table 147). */
  readonly deviceType: number;
}

/** A driver's opening of one configured library: the units behind it. */
export interface UnitSource extends AsyncDisposable {
  discover(options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly FoundUnit[]>;
  open(unit: FoundUnit): Promise<ScsiTransport>;
}

export interface OpenUnitsOptions {
  /** Calls the opening off. */
  readonly signal?: AbortSignal | undefined;
  /** A line for the operator who waits, for as long as the source is open: why nothing happens, and that it goes on. Changes nothing of the outcome. */
  readonly note?: ((text: string) => void) | undefined;
}

/**
 * What `drivers/<name>/driver.ts` exports as `driver`. Loaded lazily by `src/compose.ts`, and by nothing else.
 *
 * Law: `parseSettings` throws `config.invalid` naming the place; `openUnits` may be called by several processes at once (each
 * command takes the library's lease first, so that only one of them moves things).
 */
export interface Driver<Settings = unknown> {
  readonly name: string;
  parseSettings(settings: Readonly<Record<string, unknown>>, place: SettingsPlace): Settings;
  openUnits(settings: Settings, options?: OpenUnitsOptions): Promise<UnitSource>;
  /** Bytes that a medium of its own making holds. */
  capacityOf?(settings: Settings): number;
  /**
   * Where the driver has media of its own making (virtual): makes the library if it is not there; `init` calls it. Returns whether it was made:
   * false where there was one, which stays as it is.
   */
  create?(settings: Settings, cartridges: readonly NewCartridge[]): Promise<boolean>;
}

export interface NewCartridge {
  readonly barcode: string;
  readonly kind: 'data' | 'worm' | 'cleaning';
}
