import type { Instant } from '#src/base/clock';

/** One line of the append-only log: a movement, a destructive step, a decision with its reasons. */
export interface ActionRecord {
  readonly at: Instant;
  /** Fixed vocabulary: `cartridge.moved`, `volume.labelling`, `volume.labelled`, `cartridge.chosen`, … */
  readonly event: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ActionRepository {
  append(action: ActionRecord): Promise<void>;
  list(filter?: {
    readonly subject?: string;
    readonly event?: string;
    readonly limit?: number;
  }): Promise<readonly ActionRecord[]>;
}
