/**
 * What a rebuild knows in part: data sets of which there is only the name, segments whose files no index listed, copies on cartridges that nobody read; and
 * whether the index that says that a data set is complete is on a medium.
 */
export const schema2 = `
alter table data_sets add column name_only integer not null default 0 check (name_only in (0, 1));
alter table data_sets add column concluded integer not null default 0 check (concluded in (0, 1));
update data_sets set concluded = 1 where state = 'complete' and not exists (
  select 1 from segments s where s.data_set = data_sets.key and s.in_staging = 1);
create index data_sets_to_conclude on data_sets(key) where state = 'complete' and concluded = 0;

alter table segments add column listed integer not null default 1 check (listed in (0, 1));

create table unread_copies(
  data_set integer not null references data_sets(key),
  number integer not null check (number >= 1),
  volume text not null,
  barcode text not null,
  file_number integer not null,
  block integer not null,
  blocks integer not null,
  primary key (data_set, number, volume, file_number)
) strict, without rowid;
`;
