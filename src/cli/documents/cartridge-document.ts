import { formatInstant, type TimeZone } from '#src/base/time-zone';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import { describePlace } from '#src/library/library-address';
import { endOfProtection } from '#src/rotation/retention';

/** A cartridge in JSON, as `cartridge list` and `cartridge show` print it. */
export interface CartridgeDocument {
  readonly barcode: string;
  readonly kind: CartridgeRecord['kind'];
  readonly volume: { readonly id: string; readonly labelledAt: string; readonly blockSizeBytes: number } | null;
  readonly generation: string | null;
  readonly pool: string;
  readonly location: Readonly<Record<string, unknown>>;
  readonly fill: CartridgeRecord['fill'];
  readonly condition: CartridgeRecord['condition'];
  readonly conditionReason?: string;
  readonly writeProtected: boolean;
  /** A moment, `forever`, or null. */
  readonly protectedUntil: string | null;
  readonly holds: readonly string[];
  readonly usedBytes: number;
  readonly capacityBytes: number | null;
  /** When an inventory saw it last; null: never. */
  readonly inventoriedAt: string | null;
}

export async function describeCartridge(
  cartridge: CartridgeRecord,
  repositories: Repositories,
  zone: TimeZone,
): Promise<CartridgeDocument> {
  const volume = await repositories.volumes.ofCartridge(cartridge.id);
  const protection = volume && (await repositories.volumes.protection(volume.key)).protection;
  const end = protection && endOfProtection(protection);
  const { conditionReason } = cartridge;
  return {
    barcode: cartridge.barcode,
    kind: cartridge.kind,
    volume: volume
      ? { id: volume.id, labelledAt: formatInstant(volume.labelledAt, zone), blockSizeBytes: volume.blockSizeBytes }
      : null,
    generation: cartridge.generation ?? null,
    pool: cartridge.pool,
    location: describeLocation(cartridge),
    fill: cartridge.fill,
    condition: cartridge.condition,
    ...(conditionReason === undefined ? {} : { conditionReason }),
    writeProtected: cartridge.writeProtected,
    protectedUntil: end === undefined ? null : end === 'forever' ? 'forever' : formatInstant(end, zone),
    holds: cartridge.holds,
    usedBytes: cartridge.usedBytes,
    capacityBytes: cartridge.capacityBytes ?? null,
    inventoriedAt: cartridge.lastSeenAt === undefined ? null : formatInstant(cartridge.lastSeenAt, zone),
  };
}

export const describeLocation = ({
  location,
  lastSeen,
}: Pick<CartridgeRecord, 'location' | 'lastSeen'>): Readonly<Record<string, unknown>> => ({
  ...location,
  ...(location.kind === 'unknown' && lastSeen ? { lastSeen } : {}),
});

/** `slot 5`, `drive 1`, `not in sight (was in slot 5)`; where there are several libraries as it is addressed, `main/slot:5`. */
export function locationText(location: Readonly<Record<string, unknown>>, libraries: readonly unknown[] = []): string {
  const kind = String(location['kind']);
  const names: Readonly<Record<string, string>> = { mailSlot: 'mail slot' };
  if (kind === 'unknown') {
    const lastSeen = location['lastSeen'] as Readonly<Record<string, unknown>> | undefined;
    return lastSeen ? `not in sight (was in ${locationText(lastSeen, libraries)})` : 'not in sight';
  }
  const { library, number, vault, shelf } = location;
  if (libraries.length > 1 && typeof library === 'string' && typeof number === 'number') {
    return `${library}/${describePlace({ kind, number })}`;
  }
  const where = number ?? vault ?? shelf;
  return `${names[kind] ?? kind}${where === undefined ? '' : ` ${String(where)}`}`;
}
