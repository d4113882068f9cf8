/**
 * The first schema. What is there once a file (versions, deletions) is clustered by its key in tables without rowids, and has no foreign keys, which
 * would cost a lookup a row; `catalog check` looks instead. Everything else has them.
 */
export const schema1 = `
create table schema_versions(version integer primary key, applied_at integer not null) strict;

create table cartridges(
  id integer primary key autoincrement,
  library text not null,
  barcode text not null,
  kind text not null check (kind in ('data', 'worm', 'cleaning')),
  generation text,
  pool text not null,
  drawn_from text,
  location text not null,
  last_seen text,
  last_seen_at integer,
  home_slot integer,
  fill text not null check (fill in ('unknown', 'foreign', 'blank', 'appendable', 'full')),
  condition text not null check (condition in ('good', 'suspect', 'damaged', 'retired')),
  condition_reason text,
  write_protected integer not null check (write_protected in (0, 1)),
  serial text,
  used_bytes integer not null,
  capacity_bytes integer,
  holds text not null
) strict;
create index cartridges_by_barcode on cartridges(barcode);

create table volumes(
  key integer primary key autoincrement,
  id text not null,
  cartridge integer not null references cartridges(id),
  state text not null check (state in ('labelling', 'live', 'superseded')),
  block_size_bytes integer not null,
  labelled_at integer not null,
  rebuilt integer not null check (rebuilt in (0, 1)),
  previous integer references volumes(key),
  unique (id, cartridge)
) strict;
create unique index volumes_current on volumes(cartridge) where state <> 'superseded';

create table data_sets(
  key integer primary key autoincrement,
  id text not null unique,
  backup_set text not null,
  level text not null check (level in ('full', 'differential', 'incremental')),
  base integer references data_sets(key),
  state text not null check (state in ('open', 'complete', 'interrupted')),
  started_at integer not null,
  finished_at integer,
  run_day text not null,
  time_zone text not null,
  library text not null,
  pool text not null,
  rotation text,
  tier text,
  protection_kind text not null check (protection_kind in ('none', 'until', 'forever')),
  protection_free_on text,
  protection_time_zone text,
  files integer not null,
  bytes integer not null,
  writer text,
  check ((protection_kind = 'until') = (protection_free_on is not null and protection_time_zone is not null))
) strict;
create index data_sets_by_backup_set on data_sets(backup_set, started_at);

create table segments(
  data_set integer not null references data_sets(key),
  number integer not null check (number >= 1),
  state text not null check (state in ('filling', 'staged', 'written')),
  payload_bytes integer not null,
  xxh64 text not null,
  in_staging integer not null check (in_staging in (0, 1)),
  starts_inside_path blob,
  starts_inside_offset integer,
  ends_inside_path blob,
  ends_inside_offset integer,
  first_header integer,
  primary key (data_set, number)
) strict, without rowid;
create index segments_in_staging on segments(data_set, number) where in_staging = 1;

create table tape_files(
  volume integer not null references volumes(key),
  file_number integer not null check (file_number >= 0),
  kind text not null check (kind in ('label', 'segment', 'index', 'catalog', 'void')),
  state text not null check (state in ('open', 'written', 'void')),
  block integer not null,
  blocks integer not null,
  payload_bytes integer not null,
  data_set integer references data_sets(key),
  number integer,
  primary key (volume, file_number)
) strict, without rowid;
create index tape_files_by_segment on tape_files(data_set, number);

create table warnings(
  key integer primary key,
  data_set integer not null references data_sets(key),
  path blob not null,
  code text not null,
  message text not null
) strict;
create index warnings_by_data_set on warnings(data_set);

create table file_systems(
  data_set integer not null references data_sets(key),
  path blob not null,
  device text not null,
  primary key (data_set, path)
) strict, without rowid;

create table directories(id integer primary key, key blob not null unique) strict;

create table contents(
  data_set integer not null references data_sets(key),
  directory integer not null references directories(id),
  primary key (data_set, directory)
) strict, without rowid;

create table versions(
  directory integer not null,
  name blob not null,
  data_set integer not null,
  segment integer not null,
  offset integer not null,
  kind integer not null,
  size integer not null,
  mtime integer not null,
  mtime_ns integer not null,
  ctime_delta integer not null,
  ctime_delta_ns integer not null,
  inode any not null,
  digest blob,
  primary key (directory, name, data_set)
) strict, without rowid;

create table deletions(
  directory integer not null,
  name blob not null,
  data_set integer not null,
  primary key (directory, name, data_set)
) strict, without rowid;

create table libraries(
  name text primary key,
  inventoried_at integer not null,
  slots integer not null,
  mail_slots integer not null
) strict, without rowid;

create table drives(
  library text not null references libraries(name),
  number integer not null,
  serial text not null,
  vendor text not null,
  product text not null,
  generation text,
  state text not null check (state in ('empty', 'loaded', 'busy', 'down')),
  reason text,
  cartridge text,
  primary key (library, number)
) strict, without rowid;

create table leases(
  resource text primary key,
  host text not null,
  pid integer not null,
  job text not null,
  since integer not null
) strict, without rowid;

create table allocations(
  rotation text not null,
  run_day text not null,
  tier text not null,
  ordinal integer not null check (ordinal >= 1),
  cartridge integer not null references cartridges(id),
  primary key (rotation, run_day, tier, ordinal)
) strict, without rowid;

create table actions(
  key integer primary key autoincrement,
  at integer not null,
  event text not null,
  subject text not null,
  details text not null
) strict;
create index actions_by_subject on actions(subject);
create trigger actions_stay before update on actions begin select raise(abort, 'actions are append-only'); end;
create trigger actions_are_kept before delete on actions begin select raise(abort, 'actions are append-only'); end;
`;
