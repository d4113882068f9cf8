import type { Generated } from 'kysely';

/** One interface a table, as every engine has them. Instants are milliseconds, truth values 0 or 1, lists JSON text. */
export interface CatalogSchema {
  cartridges: CartridgeTable;
  volumes: VolumeTable;
  tape_files: TapeFileTable;
  unread_copies: UnreadCopyTable;
  data_sets: DataSetTable;
  segments: SegmentTable;
  warnings: WarningTable;
  file_systems: FileSystemTable;
  directories: DirectoryTable;
  contents: ContentsTable;
  versions: VersionTable;
  deletions: DeletionTable;
  libraries: LibraryTable;
  drives: DriveTable;
  leases: LeaseTable;
  allocations: AllocationTable;
  actions: ActionTable;
}

export interface CartridgeTable {
  id: Generated<number>;
  library: string;
  barcode: string;
  kind: string;
  generation: string | null;
  pool: string;
  drawn_from: string | null;
  location: string;
  last_seen: string | null;
  last_seen_at: number | null;
  home_slot: number | null;
  fill: string;
  condition: string;
  condition_reason: string | null;
  write_protected: number;
  serial: string | null;
  used_bytes: number;
  capacity_bytes: number | null;
  holds: string;
}

export interface VolumeTable {
  key: Generated<number>;
  id: string;
  cartridge: number;
  state: string;
  block_size_bytes: number;
  labelled_at: number;
  rebuilt: number;
  /** While labelling: the volume that is live again if the intent is withdrawn. */
  previous: number | null;
}

export interface TapeFileTable {
  volume: number;
  file_number: number;
  kind: string;
  state: string;
  block: number;
  blocks: number;
  payload_bytes: number;
  data_set: number | null;
  number: number | null;
}

export interface UnreadCopyTable {
  data_set: number;
  number: number;
  volume: string;
  barcode: string;
  file_number: number;
  block: number;
  blocks: number;
}

export interface DataSetTable {
  key: Generated<number>;
  id: string;
  backup_set: string;
  level: string;
  base: number | null;
  state: string;
  started_at: number;
  finished_at: number | null;
  run_day: string;
  time_zone: string;
  library: string;
  pool: string;
  rotation: string | null;
  tier: string | null;
  protection_kind: string;
  protection_free_on: string | null;
  protection_time_zone: string | null;
  files: number;
  bytes: number;
  writer: string | null;
  name_only: number;
  concluded: number;
}

export interface SegmentTable {
  data_set: number;
  number: number;
  state: string;
  payload_bytes: number;
  xxh64: string;
  in_staging: number;
  starts_inside_path: Uint8Array | null;
  starts_inside_offset: number | null;
  ends_inside_path: Uint8Array | null;
  ends_inside_offset: number | null;
  first_header: number | null;
  listed: number;
}

export interface WarningTable {
  key: Generated<number>;
  data_set: number;
  path: Uint8Array;
  code: string;
  message: string;
}

export interface FileSystemTable {
  data_set: number;
  path: Uint8Array;
  device: string;
}

export interface DirectoryTable {
  id: Generated<number>;
  /** Not the path itself: see `directory-key.ts`. */
  key: Uint8Array;
}

/** Which directories a data set has versions or deletions in: what an index by data set would give, at a hundredth of its size. */
export interface ContentsTable {
  data_set: number;
  directory: number;
}

export interface VersionTable {
  directory: number;
  name: Uint8Array;
  data_set: number;
  segment: number;
  offset: number;
  /** Index in `entryTypes`, plus eight times the flags: one byte, none for a plain file. */
  kind: number;
  size: number;
  mtime: number;
  mtime_ns: number;
  /** ctime less mtime, in seconds and in nanoseconds: mostly 0, which takes no byte. */
  ctime_delta: number;
  ctime_delta_ns: number;
  /** Integer below 10^18, else decimal text: read it as text only. */
  inode: string | number;
  digest: Uint8Array | null;
}

export interface DeletionTable {
  directory: number;
  name: Uint8Array;
  data_set: number;
}

export interface LibraryTable {
  name: string;
  inventoried_at: number;
  slots: number;
  mail_slots: number;
}

export interface DriveTable {
  library: string;
  number: number;
  serial: string;
  vendor: string;
  product: string;
  generation: string | null;
  state: string;
  reason: string | null;
  cartridge: string | null;
}

export interface LeaseTable {
  resource: string;
  host: string;
  pid: number;
  job: string;
  since: number;
}

export interface AllocationTable {
  rotation: string;
  run_day: string;
  tier: string;
  ordinal: number;
  cartridge: number;
}

export interface ActionTable {
  key: Generated<number>;
  at: number;
  event: string;
  subject: string;
  details: string;
}
