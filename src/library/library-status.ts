import type { Instant } from '#src/base/clock';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { DriveRecord, LibraryRecord } from '#src/catalog/libraries';

export interface PlaceStatus {
  readonly number: number;
  /** Barcode. */
  readonly cartridge?: string;
}

export interface LibraryStatus {
  readonly library: string;
  readonly inventoriedAt: Instant;
  readonly drives: readonly DriveRecord[];
  readonly slots: readonly PlaceStatus[];
  readonly mailSlots: readonly PlaceStatus[];
}

/** The element map as the catalog knows it; touches no device. */
export function libraryStatus(record: LibraryRecord, cartridges: readonly CartridgeRecord[]): LibraryStatus {
  const places = (kind: 'slot' | 'mailSlot', count: number): readonly PlaceStatus[] =>
    Array.from({ length: count }, (_, index) => {
      const number = index + 1;
      const found = cartridges.find(
        ({ location }) => location.kind === kind && location.library === record.name && location.number === number,
      );
      return { number, ...(found ? { cartridge: found.barcode } : {}) };
    });
  return {
    library: record.name,
    inventoriedAt: record.inventoriedAt,
    drives: record.drives,
    slots: places('slot', record.slots),
    mailSlots: places('mailSlot', record.mailSlots),
  };
}
