import type { ElementKind, ElementState } from '#src/device/media-changer';
import { additionalSenseCode, additionalSenseText } from '#src/scsi/additional-sense';
import type { ElementDeviceIdentifier, ElementStatus } from '#src/scsi/element-status';
import type { ElementType } from '#src/scsi/read-element-status';
import { serialInT10Designator } from '#src/scsi/vital-product-data';

const kinds = {
  transport: 'transport',
  storage: 'slot',
  importExport: 'mailSlot',
  drive: 'drive',
} as const satisfies Record<ElementType, ElementKind>;

/** An element in the words of the contract. */
export function elementState(element: ElementStatus): ElementState {
  const barcode = element.full ? barcodeOf(element) : undefined;
  const serial = element.deviceIdentifier ? serialOf(element.deviceIdentifier) : undefined;
  return {
    kind: kinds[element.type],
    address: element.address,
    full: element.full,
    accessible: element.accessible,
    ...(barcode === undefined ? {} : { barcode }),
    ...(element.full && element.source !== undefined ? { source: element.source } : {}),
    ...(element.exception ? { exception: exceptionOf(element) } : {}),
    ...(serial === undefined ? {} : { driveSerial: serial }),
    ...(element.placedByOperator === undefined ? {} : { placedByOperator: element.placedByOperator }),
  };
}

/** What readers send where they could not read: nothing, or question marks; neither names a cartridge. */
function barcodeOf({ primaryVolumeTag }: ElementStatus): string | undefined {
  const text = primaryVolumeTag?.identifier ?? '';
  return text === '' || /^\?+$/.test(text) ? undefined : text;
}

/** The serial number in the identifier: vendor-specific text, or the end of a T10 designator. */
function serialOf(identifier: ElementDeviceIdentifier): string | undefined {
  const inT10 = serialInT10Designator(identifier);
  if (inT10 !== undefined) return inT10;
  // Type 0 is vendor-specific: by habit the serial number, alone.
  return (identifier.type === 0 || identifier.type === 1) && identifier.text ? identifier.text : undefined;
}

function exceptionOf({ asc, ascq, full }: ElementStatus): string {
  if (asc === 0 && ascq === 0) return 'the element is in trouble and the library does not say why';
  // 83h is the makers' own; of a full element all of those who use it mean its label (83/02 in most manuals).
  const text = full && asc === 0x83 ? 'label unreadable' : additionalSenseText(asc, ascq);
  return `${text} (${additionalSenseCode(asc, ascq)})`;
}
