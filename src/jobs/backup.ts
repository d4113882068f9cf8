import { archive } from '#src/archive/archive';
import type { FinishedSegment, SegmentSink } from '#src/archive/segment-sink';
import type { Clock } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord, DataSetWarning, Level } from '#src/catalog/data-sets';
import type { BackupSetSettings, Configuration } from '#src/config/configuration';
import { cartridgeChooser, decideRun, type RunDecision, type RunQuestion } from '#src/jobs/decide-run';
import { createDataSet } from '#src/jobs/create-data-set';
import { despool, type DespoolPorts, type DespoolState, openDespoolState } from '#src/jobs/despool';
import type { MountCartridge } from '#src/jobs/mounting';
import type { StagingArea } from '#src/staging/staging-area';

export interface BackupPorts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly configuration: Configuration;
  readonly staging: StagingArea;
  /** Opens the library at the first mount: a run that only stages touches none. */
  readonly mount: (library: string) => MountCartridge;
  readonly onNote: (text: string) => void;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type BackupProgress =
  | { readonly phase: 'staging'; readonly files: number; readonly bytes: number }
  | { readonly phase: 'writing'; readonly cartridge: string; readonly segment: number; readonly bytes: number };

export interface BackupRequest extends Omit<RunQuestion, 'now'> {
  readonly set: BackupSetSettings;
  readonly level: Level | undefined;
  readonly stageOnly: boolean;
}
