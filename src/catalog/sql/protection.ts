import { DateTime } from 'luxon';
import { bug } from '#src/base/errors';
import type { CatalogDatabase } from '#src/catalog/sql/sql-context';
import type { VolumeKey, VolumeProtection } from '#src/catalog/volumes';
import type { Protection } from '#src/media/facets';

export const unprotected: VolumeProtection = { protection: { kind: 'none' }, dataSet: undefined, because: 'none' };

export interface ProtectionColumns {
  readonly protection_kind: string;
  readonly protection_free_on: string | null;
  readonly protection_time_zone: string | null;
}

export function parseProtection(row: ProtectionColumns): Protection {
  if (row.protection_kind !== 'until') return { kind: row.protection_kind === 'forever' ? 'forever' : 'none' };
  return { kind: 'until', freeOn: row.protection_free_on ?? '', timeZone: row.protection_time_zone ?? '' };
}

export const encodeProtection = (protection: Protection): ProtectionColumns => ({
  protection_kind: protection.kind,
  protection_free_on: protection.kind === 'until' ? protection.freeOn : null,
  protection_time_zone: protection.kind === 'until' ? protection.timeZone : null,
});

/** A data set as far as protection goes: `wanted` is the latest over itself and all that need it, `by` is who asks for it. */
interface Need {
  readonly id: string;
  readonly base: number | null;
  readonly state: string;
  wanted: Protection;
  by: string;
}

/**
 * What all current volumes (or one) are protected by. A data set protects all that it relies on. An interrupted one protects only what is its own:
 * what was staged of it can be restored without its base, and nothing may rely on its view of the tree.
 */
export async function readProtections(
  db: CatalogDatabase,
  only?: VolumeKey,
): Promise<ReadonlyMap<VolumeKey, VolumeProtection>> {
  const volumes = await db
    .selectFrom('volumes')
    .select(['key', 'rebuilt'])
    .where('state', '<>', 'superseded')
    .$if(only !== undefined, (query) => query.where('key', '=', only ?? 0))
    .execute();
  const held = await db
    .selectFrom('tape_files')
    .select(['volume', 'data_set'])
    .distinct()
    .where('state', '=', 'written')
    .where('data_set', 'is not', null)
    .$if(only !== undefined, (query) => query.where('volume', '=', only ?? 0))
    .execute();
  const needs = await readNeeds(db);
  const result = new Map<VolumeKey, VolumeProtection>();
  for (const { key, rebuilt } of volumes) result.set(key as VolumeKey, rebuilt ? foreverRebuilt : unprotected);
  for (const { volume, data_set } of held) {
    const known = result.get(volume as VolumeKey);
    if (!known || data_set === null) continue;
    const need = needs.get(data_set);
    if (!need)
      throw bug(`a tape file of volume number ${volume} belongs to data set number ${data_set}, which is not there`);
    if (!isLater(need.wanted, known.protection)) continue;
    result.set(volume as VolumeKey, {
      protection: need.wanted,
      dataSet: need.by,
      because: need.by === need.id ? 'own' : 'needed',
    });
  }
  return result;
}

const foreverRebuilt: VolumeProtection = { protection: { kind: 'forever' }, dataSet: undefined, because: 'rebuilt' };

async function readNeeds(db: CatalogDatabase): Promise<Map<number, Need>> {
  const rows = await db
    .selectFrom('data_sets')
    .select(['key', 'id', 'base', 'state', 'protection_kind', 'protection_free_on', 'protection_time_zone'])
    .execute();
  const needs = new Map<number, Need>();
  for (const row of rows) needs.set(row.key, { ...row, wanted: parseProtection(row), by: row.id });
  for (const need of needs.values()) {
    if (need.state === 'interrupted') continue;
    // Where a base is protected as long already, so is all below it, or will be when that base has its turn.
    let base = need.base === null ? undefined : needs.get(need.base);
    while (base && isLater(need.wanted, base.wanted)) {
      base.wanted = need.wanted;
      base.by = need.by;
      base = base.base === null ? undefined : needs.get(base.base);
    }
  }
  return needs;
}

/** For each data set the latest protection over all that need it. */
export async function readDataSetProtections(db: CatalogDatabase): Promise<ReadonlyMap<number, Protection>> {
  return new Map([...(await readNeeds(db))].map(([key, { wanted }]) => [key, wanted]));
}

/** The moment at which it is free, in milliseconds since 1970. */
export function endOfProtection(protection: Protection): number {
  switch (protection.kind) {
    case 'none':
      return Number.NEGATIVE_INFINITY;
    case 'forever':
      return Number.POSITIVE_INFINITY;
    case 'until':
      return beginningOf(protection);
  }
}

/** Whether the first protection ends after the second. */
function isLater(a: Protection, b: Protection): boolean {
  if (a.kind === 'none' || b.kind === 'forever') return false;
  if (a.kind === 'forever' || b.kind === 'none') return true;
  if (a.timeZone === b.timeZone) return a.freeOn > b.freeOn;
  return beginningOf(a) > beginningOf(b);
}

const beginningOf = ({ freeOn, timeZone }: { readonly freeOn: string; readonly timeZone: string }): number =>
  DateTime.fromISO(freeOn, { zone: timeZone }).toMillis();
