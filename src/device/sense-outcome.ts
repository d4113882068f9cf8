/** Sense data in the three numbers that matter for messages and logs (SPC-5 4.4). */
export interface SenseSummary {
  readonly key: number;
  readonly asc: number;
  readonly ascq: number;
  /** The failure belongs to data that was accepted by an earlier command (response codes 71h, 73h). */
  readonly deferred: boolean;
  /** In words: `medium error: unrecovered read error (3/11/00)`. */
  readonly text: string;
}
