/** How far long work has come. Reported at safe points, as often as is convenient; whoever shows it decides how often. */
export interface Progress {
  /** What is being done, in the operator's words: `staging home`, `writing G00004L9`. */
  readonly task: string;
  readonly done: number;
  /** Where the end is known. */
  readonly total?: number | undefined;
  readonly unit: 'bytes' | 'files' | 'cartridges' | 'segments';
  /** What is in hand just now: a path, a barcode. */
  readonly detail?: string | undefined;
}

export type ProgressSink = (progress: Progress) => void;
