import type { ElementKind, ElementRange, ElementState, LibraryGeometry } from '#src/device/media-changer';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';

/** A place as operators count it. */
export interface Place {
  readonly kind: ElementKind;
  readonly number: number;
}

/** An element as operators count it: slots, mail slots and drives each from 1. */
export interface NumberedElement extends ElementState {
  readonly number: number;
  /** The slot from which the cartridge came, where the robot remembers one. */
  readonly sourceSlot?: number | undefined;
}

const rangeOf = (geometry: LibraryGeometry, kind: ElementKind): ElementRange =>
  ({ transport: geometry.transport, slot: geometry.slots, mailSlot: geometry.mailSlots, drive: geometry.drives })[kind];

export function numberElements(
  geometry: LibraryGeometry,
  elements: readonly ElementState[],
): readonly NumberedElement[] {
  return elements.map((element) => {
    const sourceSlot = element.source === undefined ? undefined : slotNumber(geometry, element.source);
    const number = element.address - rangeOf(geometry, element.kind).first + 1;
    return { ...element, number, ...(sourceSlot === undefined ? {} : { sourceSlot }) };
  });
}

function slotNumber({ slots }: LibraryGeometry, address: ElementAddress): number | undefined {
  const number = address - slots.first + 1;
  return number >= 1 && number <= slots.count ? number : undefined;
}

/** The element address of a number; undefined where the library has no such element. */
export function addressOfNumber(
  geometry: LibraryGeometry,
  kind: ElementKind,
  number: number,
): ElementAddress | undefined {
  const { first, count } = rangeOf(geometry, kind);
  return number >= 1 && number <= count ? elementAddress(first + number - 1) : undefined;
}
