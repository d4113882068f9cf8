import type { VirtualLibrarySettings } from '#drivers/virtual/config';
import type { PlaceParts } from '#drivers/virtual/library-state';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';
import type { ElementType } from '#src/scsi/read-element-status';

/** First element addresses; the limits of the settings keep the ranges apart. */
export const firstAddress = { transport: 0x0001, importExport: 0x0010, drive: 0x0100, storage: 0x1000 } as const;

export interface LibraryElement {
  readonly type: ElementType;
  readonly address: ElementAddress;
  /** Undefined for the transport: it holds nothing between commands. */
  readonly place: PlaceParts | undefined;
}

/** Number of elements of a type. */
export function elementCount(type: ElementType, { drives, slots, mailSlots }: VirtualLibrarySettings): number {
  return { transport: 1, importExport: mailSlots, drive: drives, storage: slots }[type];
}

const kinds = { importExport: 'mail', drive: 'drive', storage: 'slot' } as const;
const types: readonly ElementType[] = ['transport', 'importExport', 'drive', 'storage'];

/** All elements in the order of their addresses. */
export function allElements(settings: VirtualLibrarySettings): readonly LibraryElement[] {
  return types.flatMap((type) =>
    Array.from({ length: elementCount(type, settings) }, (_, index) => ({
      type,
      address: elementAddress(firstAddress[type] + index),
      place: type === 'transport' ? undefined : { kind: kinds[type], number: index + 1 },
    })),
  );
}

export function findElement(address: number, settings: VirtualLibrarySettings): LibraryElement | undefined {
  for (const type of types) {
    const index = address - firstAddress[type];
    if (index < 0 || index >= elementCount(type, settings)) continue;
    const place = type === 'transport' ? undefined : ({ kind: kinds[type], number: index + 1 } as const);
    return { type, address: elementAddress(address), place };
  }
  return undefined;
}

/** Element address of a place. */
export function addressOf({ kind, number }: PlaceParts): ElementAddress {
  const type = ({ slot: 'storage', mail: 'importExport', drive: 'drive' } as const)[kind];
  return elementAddress(firstAddress[type] + number - 1);
}
