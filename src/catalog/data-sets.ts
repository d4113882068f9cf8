import type { Instant } from '#src/base/clock';
import type { Protection } from '#src/media/facets';

declare const dataSetKeyBrand: unique symbol;

/** The catalog's number of a data set; grows with time of creation. The operator's name is `id`. */
export type DataSetKey = number & { readonly [dataSetKeyBrand]: true };

export type Level = 'full' | 'differential' | 'incremental';
export type DataSetState = 'open' | 'complete' | 'interrupted';

export interface DataSetRecord {
  readonly key: DataSetKey;
  /** `home-20261122T220000Z`, `-2` on collision. */
  readonly id: string;
  readonly backupSet: string;
  readonly level: Level;
  /** The data set whose files this one relies on: the full of a differential, the previous of an incremental. */
  readonly base: DataSetKey | undefined;
  readonly state: DataSetState;
  readonly startedAt: Instant;
  readonly finishedAt: Instant | undefined;
  /** Calendar day of the run (YYYY-MM-DD) in `timeZone`. */
  readonly runDay: string;
  readonly timeZone: string;
  readonly library: string;
  readonly pool: string;
  readonly rotation: string | undefined;
  readonly tier: string | undefined;
  /** What its own policy says; what it needs and who needs it is `VolumeRepository.protection`. */
  readonly protection: Protection;
  readonly files: number;
  readonly bytes: number;
  /** Pid and boot id of the process that writes it, while open. */
  readonly writer: string | undefined;
  /** Nothing but its name is known (`catalog rebuild`): from segments that no index describes, or from a data set that relies on it. */
  readonly nameOnly: boolean;
  /** An index that says that it is complete is on a medium. */
  readonly concluded: boolean;
}

export type NewDataSetRecord = Omit<
  DataSetRecord,
  'key' | 'state' | 'finishedAt' | 'files' | 'bytes' | 'nameOnly' | 'concluded'
>;

export interface SegmentPlace {
  readonly path: Uint8Array;
  /** Bytes of the file's data before the cut. */
  readonly offset: number;
}

/** `filling`: being written below staging, not yet restorable. `staged`: durable in staging (or, where it is not there, lost). `written`: durable on at least one volume. */
export type SegmentState = 'filling' | 'staged' | 'written';

export interface SegmentRecord {
  readonly dataSet: DataSetKey;
  /** From 1. */
  readonly number: number;
  readonly state: SegmentState;
  /** Bytes of payload (tar stream), < 2^53. */
  readonly payloadBytes: number;
  /** XXH64 of the payload, seed 0, 16 hexadecimal digits. */
  readonly xxh64: string;
  /** Its bytes (and its index part) are below staging. */
  readonly inStaging: boolean;
  readonly startsInside: SegmentPlace | undefined;
  readonly endsInside: SegmentPlace | undefined;
  /** Offset of the first tar header in the payload; undefined where none begins in it. */
  readonly firstHeader: number | undefined;
  /** The catalog has the files that end in it. Else its length and place are all that a rebuild found so far. */
  readonly listed: boolean;
}

/** What a segment's bytes are. */
export type SegmentFacts = Omit<SegmentRecord, 'state' | 'inStaging' | 'listed'>;

export interface DataSetRepository {
  create(record: NewDataSetRecord): Promise<DataSetRecord>;
  /**
   * What a medium or the staging area tells of a data set (`catalog rebuild`). One that is not known is taken in; one of which only the name was known is described; of
   * others nothing is changed but what was missing: its base, and that it became complete.
   */
  adopt(record: Omit<DataSetRecord, 'key' | 'writer'>): Promise<DataSetRecord>;
  get(key: DataSetKey): Promise<DataSetRecord | undefined>;
  byId(id: string): Promise<DataSetRecord | undefined>;
  /** Newest first. */
  list(filter?: {
    readonly backupSet?: string;
    readonly state?: DataSetState;
    readonly concluded?: boolean;
  }): Promise<readonly DataSetRecord[]>;
  update(
    key: DataSetKey,
    changes: Partial<
      Pick<DataSetRecord, 'state' | 'finishedAt' | 'files' | 'bytes' | 'protection' | 'writer' | 'concluded'>
    >,
  ): Promise<void>;
  /** The newest complete data set of the backup set that has a live copy of all its segments, and so have all that it relies on. */
  latestUsable(
    backupSet: string,
    filter?: { readonly level?: Level /** Begun at this moment or before. */; readonly notAfter?: Instant },
  ): Promise<DataSetRecord | undefined>;
  /** The data set and all that it relies on, itself first, the full last. */
  chain(key: DataSetKey): Promise<readonly DataSetRecord[]>;

  /** Records a segment that is being filled (crash: its rows are swept by `abandonFilling`). */
  beginSegment(dataSet: DataSetKey, number: number): Promise<void>;
  /** The commit that makes a segment staged; call only after its file and directory are fsynced. */
  segmentStaged(segment: SegmentFacts): Promise<void>;
  segments(dataSet: DataSetKey): Promise<readonly SegmentRecord[]>;
  /** Segments below staging, oldest data set first. */
  inStaging(): Promise<readonly SegmentRecord[]>;
  /** Committed before the unlink. */
  leftStaging(dataSet: DataSetKey, number: number): Promise<void>;
  /**
   * The only copy of a staged segment cannot be read any more. A complete data set is interrupted from then on: it has a hole, so that it satisfies no
   * tier and nothing builds on it. Committed before the unlink.
   */
  segmentLost(dataSet: DataSetKey, number: number): Promise<void>;
  /** After a crash: removes filling segments and their versions; returns what it removed. */
  abandonFilling(dataSet: DataSetKey): Promise<readonly number[]>;
  /** Takes in a segment that an index or a descriptor tells of (`catalog rebuild`); one that is known stays as it is. Its files are to follow. */
  adoptSegment(segment: SegmentFacts): Promise<void>;
  /** The catalog has all files that end in it. */
  segmentListed(dataSet: DataSetKey, number: number): Promise<void>;
  /** A known segment was found below staging, whole (`catalog rebuild`). */
  backInStaging(dataSet: DataSetKey, number: number): Promise<void>;

  /** Which file systems the run walked: its roots, and every mount point below them. What is missing on another device than before is not deleted; where the run found that, the device of before. */
  addFileSystems(dataSet: DataSetKey, fileSystems: readonly WalkedFileSystem[]): Promise<void>;
  fileSystems(dataSet: DataSetKey): Promise<readonly WalkedFileSystem[]>;

  addWarning(dataSet: DataSetKey, warning: DataSetWarning): Promise<void>;
  warnings(dataSet: DataSetKey): Promise<readonly DataSetWarning[]>;
}

export interface WalkedFileSystem {
  /** Absolute path of the root or mount point, bytes. */
  readonly path: Uint8Array;
  /** st_dev as `major:minor`. */
  readonly device: string;
}

export interface DataSetWarning {
  readonly path: Uint8Array;
  readonly code: string;
  readonly message: string;
}
