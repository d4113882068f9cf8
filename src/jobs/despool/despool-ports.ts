import type { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { LossPorts, StagedSegments } from '#src/jobs/despool/lost-segments';
import type { MountCartridge } from '#src/jobs/mounting';
import type { CartridgeUse } from '#src/jobs/prepare-volume';
import type { CartridgeId } from '#src/media/facets';
import type { SessionPorts } from '#src/session/write-session';

/** Where the staged files of a data set lie. */
export interface StagedFiles extends StagedSegments {
  /** JSON lines of the files whose members end in the segment. */
  indexPart(dataSet: string, number: number): string;
  deletions(dataSet: string): string;
  /** A scratch file for packing, in the folder of the data set. */
  scratch(dataSet: string, name: string): string;
  /** Everything of the data set is on cartridges, indexes too: its folder goes. */
  finish(dataSet: DataSetRecord): Promise<void>;
  /** What the system says of a write there, as a failure of ours where the disk is full. */
  asFailure(error: unknown): unknown;
}

export interface ChosenCartridge {
  readonly cartridge: CartridgeRecord;
  readonly use: CartridgeUse;
}

/** The next cartridge of a run, by the one planner. */
export type ChooseCartridge = (state: {
  /** Written on already, in order. */
  readonly taken: readonly CartridgeId[];
  /** Met and found unfit. */
  readonly passedOver: readonly CartridgeId[];
}) => Promise<ChosenCartridge | undefined>;

export interface DespoolPorts extends SessionPorts, LossPorts {
  readonly staged: StagedFiles;
  readonly mount: MountCartridge;
  readonly choose: ChooseCartridge;
  /** What goes on with the next cartridge is told here, once for each cartridge. */
  readonly onPassedOver: (cartridge: CartridgeRecord, error: GrandsireError) => void;
  readonly onProgress?: ((progress: DespoolProgress) => void) | undefined;
  /** The drive lost its place, or did not answer in time, and the tape file that was being written is begun again. */
  readonly onInterrupted: (error: GrandsireError) => void;
  /** The copy of the catalog was left out: nothing that was promised is missing. */
  readonly onCatalogLeftOut: (error: GrandsireError) => void;
  /** Makes a consistent copy of the catalog in this file. */
  readonly backupCatalog: (path: string) => Promise<void>;
}

export interface DespoolProgress {
  readonly cartridge: string;
  readonly segment: number;
  readonly writtenBytes: number;
}
