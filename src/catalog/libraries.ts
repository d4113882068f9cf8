import type { Instant } from '#src/base/clock';

export interface DriveRecord {
  readonly library: string;
  readonly number: number;
  readonly serial: string;
  readonly vendor: string;
  readonly product: string;
  readonly generation: string | undefined;
  readonly state: 'empty' | 'loaded' | 'busy' | 'down';
  readonly reason: string | undefined;
  readonly cartridge: string | undefined;
}

/** What the last inventory of a library saw, for commands that only read. */
export interface LibraryRecord {
  readonly name: string;
  readonly inventoriedAt: Instant;
  readonly slots: number;
  readonly mailSlots: number;
  readonly drives: readonly DriveRecord[];
}

export interface LibraryRepository {
  get(name: string): Promise<LibraryRecord | undefined>;
  put(record: LibraryRecord): Promise<void>;
  updateDrive(
    library: string,
    number: number,
    changes: Partial<Pick<DriveRecord, 'state' | 'reason' | 'cartridge'>>,
  ): Promise<void>;
}
