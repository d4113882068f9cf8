import { sql } from 'kysely';

/**
 * Whether segment `s` can be read now: it is staged, or has a written copy on a volume that was not relabelled since. The statement around it
 * calls its segment `s`.
 */
export const liveSegment = sql<boolean>`((s.in_staging = 1 and s.state <> 'filling') or exists (
  select 1 from tape_files t join volumes w on w.key = t.volume
  where t.data_set = s.data_set and t.number = s.number and t.kind = 'segment' and t.state = 'written' and w.state = 'live'))`;
