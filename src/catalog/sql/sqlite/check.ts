import { sql } from 'kysely';
import type { Clock } from '#src/base/clock';
import { countOf } from '#src/base/count-of';
import type { ErrorCode } from '#src/base/error-codes';
import type { Finding } from '#src/catalog/catalog';
import { announcedSegment, liveCopy, liveSegment, plausibleUnread } from '#src/catalog/sql/live-segment';
import { endOfProtection, readDataSetProtections } from '#src/catalog/sql/protection';
import type { CatalogDatabase, SqlContext } from '#src/catalog/sql/sql-context';

/** One rule: what contradicts it, and what puts it right where that cannot lose anything. */
interface Rule {
  readonly code: ErrorCode;
  readonly find: (db: CatalogDatabase, clock: Clock) => Promise<readonly Contradiction[]>;
  /** What `--repair` does, or what the operator is to do. */
  readonly repair: string;
  readonly fix?: (db: CatalogDatabase) => Promise<unknown>;
}

interface Contradiction {
  readonly subject: string;
  readonly message: string;
}

/**
 * What a killed process leaves (a segment being filled, a tape file open at the end of its volume, a lease) is no contradiction: the next command
 * that needs the place recovers it.
 */
export async function checkCatalog(context: SqlContext, clock: Clock): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { code, find, repair, fix } of rules) {
    for (const { subject, message } of await context.snapshot((db) => find(db, clock))) {
      findings.push({ code, subject, message, repair, repairable: fix !== undefined });
    }
    // In a damaged file the other rules would only report the damage in other words.
    if (code === 'catalog.damaged' && findings.length > 0) return findings;
  }
  return findings;
}

export async function repairCatalog(
  context: SqlContext,
  clock: Clock,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  const codes = new Set(findings.map(({ code }) => code));
  for (const { code, fix } of rules) {
    if (fix && codes.has(code)) await context.write(fix);
  }
  return await checkCatalog(context, clock);
}

const rows = async <T>(db: CatalogDatabase, query: ReturnType<typeof sql<T>>): Promise<readonly T[]> =>
  (await query.execute(db)).rows;

const report = 'Please report it with the log in the state directory; nothing is changed.';

const rules: readonly Rule[] = [
  {
    code: 'catalog.damaged',
    find: async (db) =>
      (await rows(db, sql<{ quick_check: string }>`pragma quick_check(20)`))
        .filter(({ quick_check }) => quick_check !== 'ok')
        .map(({ quick_check }) => ({ subject: 'catalog', message: quick_check })),
    repair: "Put a backup of the catalog in its place, or move it away and run 'grandsire catalog rebuild'.",
  },
  {
    code: 'catalog.dangling-reference',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ table: string; parent: string; n: number }>`
        select "table", parent, count(*) as n from pragma_foreign_key_check group by 1, 2`,
        )
      ).map(({ table, parent, n }) => ({
        subject: table,
        message: `${n} rows of ${table} refer to rows of ${parent} that are not there`,
      })),
    repair: report,
  },
  {
    code: 'catalog.missing-base',
    find: async (db, clock) => {
      const wrong = await rows(
        db,
        sql<{ key: number; id: string; base: string | null; state: string | null }>`
        select d.key, d.id, b.id as base, b.state from data_sets d left join data_sets b on b.key = d.base
        where (d.level <> 'full' and b.key is null) or (d.level = 'full' and d.base is not null)
          or b.state <> 'complete' or b.started_at > d.started_at or b.backup_set <> d.backup_set`,
      );
      // What is no longer protected may have lost its base to another volume, which a rebuilt catalog does not know.
      return (await protectedOf(wrong, db, clock)).map(({ id, base, state }) => ({
        subject: id,
        message: base ? `${id} relies on ${base}, which is ${state} and cannot be its base` : `${id} relies on no full`,
      }));
    },
    repair:
      "Read the cartridges of its base ('grandsire catalog rebuild'), or make a new full of its backup set: 'grandsire backup run SET --level full'.",
  },
  {
    code: 'catalog.segment-missing',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ id: string; last: number; n: number }>`
        select d.id, max(s.number) as last, count(*) as n from segments s join data_sets d on d.key = s.data_set
        where d.state = 'complete' group by s.data_set having max(s.number) <> count(*)`,
        )
      ).map(({ id, last, n }) => ({
        subject: id,
        message: `${id} is complete, and of its ${last} segments ${n} are known`,
      })),
    repair: "Read its cartridges again: 'grandsire catalog rebuild'.",
  },
  {
    code: 'catalog.segment-without-copy',
    find: async (db, clock) => [...(await findSegmentsWithoutCopy(db, clock)), ...(await findLostSegments(db, clock))],
    repair: "Make a new full of its backup set: 'grandsire backup run SET --level full'.",
  },
  {
    code: 'catalog.unread-cartridge',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ id: string; barcode: string; n: number }>`
        select d.id, u.barcode, count(*) as n from unread_copies u
          join segments s on s.data_set = u.data_set and s.number = u.number join data_sets d on d.key = u.data_set
        where ${plausibleUnread} and not ${liveSegment} group by d.id, u.barcode`,
        )
      ).map(({ id, barcode, n }) => ({
        subject: barcode,
        message: `${countOf(n, 'segment')} of ${id} ${n === 1 ? 'is' : 'are'} on ${barcode}, which was not read into this catalog`,
      })),
    repair: "Read the cartridge: 'grandsire catalog rebuild BARCODE'.",
  },
  {
    code: 'catalog.segment-state',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ id: string; number: number; state: string }>`
        select d.id, s.number, s.state from segments s join data_sets d on d.key = s.data_set
        where (s.state <> 'written' or s.in_staging = 1) and (s.state = 'written') <> ${liveCopy}`,
        )
      ).map(({ id, number, state }) => ({
        subject: `${id}/${number}`,
        message: `segment ${number} of ${id} is called ${state}, and ${state === 'written' ? 'no live volume holds it' : 'a live volume holds it'}`,
      })),
    repair: "'grandsire catalog check --repair' calls written what is on a volume, and staged what is only in staging.",
    fix: async (db) => {
      await sql`
        update segments as s set state = case when ${liveCopy} then 'written' else 'staged' end
        where s.state = 'staged' or (s.state = 'written' and s.in_staging = 1)`.execute(db);
    },
  },
  {
    code: 'catalog.open-tape-file',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ volume: string; number: number }>`
        select v.id as volume, t.file_number as number from tape_files t join volumes v on v.key = t.volume where ${openForNothing}`,
        )
      ).map(({ volume, number }) => ({
        subject: volume,
        message: `tape file ${number} of volume ${volume} is open in the journal, and nothing can be writing it`,
      })),
    repair: "'grandsire catalog check --repair' calls it void.",
    fix: async (db) => {
      await sql`
        update tape_files set state = 'void' where (volume, file_number) in (
          select t.volume, t.file_number from tape_files t join volumes v on v.key = t.volume where ${openForNothing})`.execute(
        db,
      );
    },
  },
  {
    code: 'catalog.overlapping-tape-files',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ volume: string; number: number; block: number; free: number }>`
        select volume, number, block, free from (
          select v.id as volume, t.file_number as number, t.block,
            lag(t.block + t.blocks + 1) over (partition by t.volume order by t.file_number) as free
          from tape_files t join volumes v on v.key = t.volume where t.state = 'written' and v.state = 'live') x
        where block < free`,
        )
      ).map(({ volume, number, block, free }) => ({
        subject: volume,
        message: `tape file ${number} of volume ${volume} is said to begin at block ${block}, and the one before it ends at block ${free}`,
      })),
    repair: "Read the cartridge again: 'grandsire verify BARCODE', then 'grandsire catalog rebuild BARCODE'.",
  },
  {
    code: 'catalog.contents-missing',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ id: string; n: number }>`
        select coalesce(d.id, 'number ' || x.data_set) as id, count(*) as n from (${unlisted}) x left join data_sets d on d.key = x.data_set
        group by x.data_set`,
        )
      ).map(({ id, n }) => ({
        subject: id,
        message: `${countOf(n, 'directory holds', 'directories hold')} entries of data set ${id} and ${n === 1 ? 'is' : 'are'} not listed among its contents`,
      })),
    repair: "'grandsire catalog check --repair' lists them.",
    fix: async (db) => {
      await sql`
        insert or ignore into contents(data_set, directory)
        select x.data_set, x.directory from (${unlisted}) x join data_sets d on d.key = x.data_set join directories e on e.id = x.directory`.execute(
        db,
      );
    },
  },
  {
    code: 'catalog.version-without-segment',
    find: async (db) =>
      (
        await rows(
          db,
          sql<{ id: string; segment: number; n: number }>`
        select coalesce(d.id, 'number ' || v.data_set) as id, v.segment, count(*) as n
        from versions v left join data_sets d on d.key = v.data_set where ${withoutSegment} group by v.data_set, v.segment`,
        )
      ).map(({ id, segment, n }) => ({
        subject: `${id}/${segment}`,
        message: `${n} versions lie in segment ${segment} of data set ${id}, which the catalog does not know`,
      })),
    repair: "'grandsire catalog check --repair' removes them; nothing could be restored from them.",
    fix: async (db) => {
      await sql`delete from versions as v where ${withoutSegment}`.execute(db);
    },
  },
];

/** A tape file is open while it is written: the last of its volume, on a volume that can be written. */
const openForNothing = sql<boolean>`t.state = 'open' and (v.state = 'superseded' or exists (
  select 1 from tape_files l where l.volume = t.volume and l.file_number > t.file_number))`;

const unlisted = sql`
  select data_set, directory from versions union select data_set, directory from deletions except select data_set, directory from contents`;

const withoutSegment = sql<boolean>`not exists (select 1 from segments s where s.data_set = v.data_set and s.number = v.segment)`;

/** Of complete data sets only: what was staged of an interrupted one is dropped when the next run is complete. */
async function findSegmentsWithoutCopy(db: CatalogDatabase, clock: Clock): Promise<readonly Contradiction[]> {
  const missing = await rows(
    db,
    sql<{ key: number; id: string; number: number }>`
      select d.key, d.id, s.number from segments s join data_sets d on d.key = s.data_set where d.state = 'complete' and not ${liveSegment} and not ${announcedSegment}`,
  );
  return (await protectedOf(missing, db, clock)).map(({ id, number }) => ({
    subject: `${id}/${number}`,
    message: `segment ${number} of ${id} is protected, and neither staged nor on a live volume`,
  }));
}

/**
 * Of the newest runs of their sets that did not come to a good end: what nobody has any more, and no complete run has taken the place of. What was
 * staged of an interrupted run is dropped only after that, whatever the clock said meanwhile: keys tell, too, what came later. What was written may be
 * written over when its protection is over, also where no run followed it.
 */
async function findLostSegments(db: CatalogDatabase, clock: Clock): Promise<readonly Contradiction[]> {
  const missing = await rows(
    db,
    sql<{ key: number; id: string; number: number; state: string }>`
      select d.key, d.id, s.number, s.state from segments s join data_sets d on d.key = s.data_set
      where d.state = 'interrupted' and s.state <> 'filling' and not ${liveSegment} and not ${announcedSegment} and not exists (
        select 1 from data_sets n where n.backup_set = d.backup_set and n.state = 'complete' and (n.key > d.key or n.started_at >= d.started_at))`,
  );
  const overwritten = missing.filter(({ state }) => state === 'written');
  const lost = [...missing.filter(({ state }) => state !== 'written'), ...(await protectedOf(overwritten, db, clock))];
  return lost.map(({ id, number }) => ({
    subject: `${id}/${number}`,
    message: `segment ${number} of ${id} is lost: neither staged nor on a live volume, and its set was not backed up since`,
  }));
}

/** What of data sets, or of their segments, is still protected. `key`: of the data set. */
async function protectedOf<T extends { readonly key: number }>(
  things: readonly T[],
  db: CatalogDatabase,
  clock: Clock,
): Promise<readonly T[]> {
  if (things.length === 0) return [];
  const wanted = await readDataSetProtections(db);
  const now = clock.now();
  return things.filter(({ key }) => endOfProtection(wanted.get(key) ?? { kind: 'none' }) > now);
}
