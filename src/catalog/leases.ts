import type { Instant } from '#src/base/clock';

/** Who holds a library, drive or staging area; the flock beside it decides, the row only names. */
export interface LeaseRecord {
  /** `library:main`, `drive:main:1`, `staging`. */
  readonly resource: string;
  readonly host: string;
  readonly pid: number;
  /** What the holder does, in the operator's words: `backup run home`. */
  readonly job: string;
  readonly since: Instant;
}

export interface LeaseRepository {
  get(resource: string): Promise<LeaseRecord | undefined>;
  put(lease: LeaseRecord): Promise<void>;
  remove(resource: string): Promise<void>;
  list(): Promise<readonly LeaseRecord[]>;
}
