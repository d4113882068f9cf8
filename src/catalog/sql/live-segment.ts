import { sql } from 'kysely';

/** Whether segment `s` has a written copy on a volume that was not relabelled since. The statement around it calls its segment `s`. */
export const liveCopy = sql<boolean>`exists (
  select 1 from tape_files t join volumes w on w.key = t.volume
  where t.data_set = s.data_set and t.number = s.number and t.kind = 'segment' and t.state = 'written' and w.state = 'live')`;

/** Whether segment `s` can be read now: it is staged, or has a live copy. */
export const liveSegment = sql<boolean>`((s.in_staging = 1 and s.state <> 'filling') or ${liveCopy})`;

/** Whether unread copy `u` may still be there. The statement around it calls it so. */
export const plausibleUnread = sql<boolean>`(not exists (select 1 from volumes w where w.id = u.volume) and not exists (
  select 1 from cartridges c where c.barcode = u.barcode and (c.fill in ('blank', 'foreign') or exists (
    select 1 from volumes w where w.cartridge = c.id and w.state <> 'superseded'))))`;

/** Whether an index says that segment `s` is on a cartridge that nobody read yet. */
export const announcedSegment = sql<boolean>`exists (
  select 1 from unread_copies u where u.data_set = s.data_set and u.number = s.number and ${plausibleUnread})`;
