import { formatInstant, type TimeZone } from '#src/base/time-zone';
import type { DriveRecord } from '#src/catalog/libraries';
import { renderTable } from '#src/cli/render/table';
import type { LibraryStatus, PlaceStatus } from '#src/library/library-status';

/** A drive in JSON, as `library status` prints it. */
export interface DriveDocument {
  readonly number: number;
  readonly serial: string;
  readonly generation: string | null;
  readonly state: DriveRecord['state'];
  /** Barcode. */
  readonly cartridge?: string;
  /** Why it is down, or what it is busy with. */
  readonly reason?: string;
}

/** The element map in JSON: `library status`. */
export interface LibraryDocument {
  readonly library: string;
  readonly inventoriedAt: string;
  readonly drives: readonly DriveDocument[];
  readonly slots: readonly PlaceStatus[];
  readonly mailSlots: readonly PlaceStatus[];
}

export function describeDrive({ number, serial, generation, state, cartridge, reason }: DriveRecord): DriveDocument {
  return {
    number,
    serial,
    generation: generation ?? null,
    state,
    ...(cartridge === undefined ? {} : { cartridge }),
    ...(reason === undefined ? {} : { reason }),
  };
}

export function describeLibrary(status: LibraryStatus, zone: TimeZone): LibraryDocument {
  const { library, inventoriedAt, drives, slots, mailSlots } = status;
  return {
    library,
    inventoriedAt: formatInstant(inventoriedAt, zone),
    drives: drives.map(describeDrive),
    slots,
    mailSlots,
  };
}

export function libraryText({ library, inventoriedAt, drives, slots, mailSlots }: LibraryDocument): string {
  const placed = (name: string, places: readonly PlaceStatus[]) =>
    places.flatMap(({ number, cartridge }) => (cartridge === undefined ? [] : [[`${name}:${number}`, cartridge]]));
  const free = [...freePlaces('slot', slots), ...freePlaces('mail', mailSlots)];
  return (
    `library ${library}, as of ${inventoriedAt}\n` +
    renderTable([
      ...drives.map(({ number, cartridge, state, reason, generation, serial }) => [
        `drive:${number}`,
        cartridge ?? '-',
        reason === undefined ? state : `${state}: ${reason}`,
        generation ?? '',
        serial,
      ]),
      ...placed('mail', mailSlots),
      ...placed('slot', slots),
    ]) +
    (free.length > 0 ? `free: ${free.join(', ')}\n` : '')
  );
}

/** `slot:3`, `slot:22-24`. */
function freePlaces(name: string, places: readonly PlaceStatus[]): readonly string[] {
  const runs: { first: number; last: number }[] = [];
  for (const { number, cartridge } of places) {
    if (cartridge !== undefined) continue;
    const run = runs.at(-1);
    if (run && run.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => `${name}:${first === last ? first : `${first}-${last}`}`);
}
