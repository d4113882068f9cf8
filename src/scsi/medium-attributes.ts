import { bug } from '#src/base/errors';
import { deviceText, FieldView } from '#src/base/field-view';
import { putField, putText } from '#src/base/put-field';
import { attributeFormat, type MediumAttribute } from '#src/scsi/read-attribute';

interface AttributeDefinition {
  readonly identifier: number;
  readonly lengthBytes: number;
  readonly format: 'binary' | 'ascii' | 'text';
}

const define = (
  identifier: number,
  lengthBytes: number,
  format: AttributeDefinition['format'] = 'binary',
): AttributeDefinition => ({ identifier, lengthBytes, format });

/**
 * Medium auxiliary memory attributes (SPC-5, MAM attributes): below 0400h kept by the drive, below 0800h by the maker of the
 * medium, below 0C00h written by the host. Capacities are native, in 2²⁰ bytes.
 */
export const mediumAttribute = {
  remainingCapacity: define(0x0000, 8),
  maximumCapacity: define(0x0001, 8),
  tapeAlertFlags: define(0x0002, 8),
  loadCount: define(0x0003, 8),
  memorySpaceRemaining: define(0x0004, 8),
  assigningOrganization: define(0x0005, 8, 'ascii'),
  formattedDensityCode: define(0x0006, 1),
  initializationCount: define(0x0007, 2),
  volumeIdentifier: define(0x0008, 32, 'ascii'),
  volumeChangeReference: define(0x0009, 4),
  deviceAtLastLoad: define(0x020a, 40, 'ascii'),
  deviceAtLoadMinus1: define(0x020b, 40, 'ascii'),
  deviceAtLoadMinus2: define(0x020c, 40, 'ascii'),
  deviceAtLoadMinus3: define(0x020d, 40, 'ascii'),
  totalWrittenInLife: define(0x0220, 8),
  totalReadInLife: define(0x0221, 8),
  totalWrittenInLoad: define(0x0222, 8),
  totalReadInLoad: define(0x0223, 8),
  mediumManufacturer: define(0x0400, 8, 'ascii'),
  mediumSerialNumber: define(0x0401, 32, 'ascii'),
  mediumLength: define(0x0402, 4),
  mediumWidth: define(0x0403, 4),
  mediumAssigningOrganization: define(0x0404, 8, 'ascii'),
  mediumDensityCode: define(0x0405, 1),
  mediumManufactureDate: define(0x0406, 8, 'ascii'),
  memoryCapacity: define(0x0407, 8),
  mediumType: define(0x0408, 1),
  mediumTypeInformation: define(0x0409, 2),
  applicationVendor: define(0x0800, 8, 'ascii'),
  applicationName: define(0x0801, 32, 'ascii'),
  applicationVersion: define(0x0802, 8, 'ascii'),
  userMediumTextLabel: define(0x0803, 160, 'text'),
  lastWrittenAt: define(0x0804, 12, 'ascii'),
  textLocalizationIdentifier: define(0x0805, 1),
  barcode: define(0x0806, 32, 'ascii'),
  owningHost: define(0x0807, 80, 'text'),
  mediaPool: define(0x0808, 160, 'text'),
  partitionUserTextLabel: define(0x0809, 16, 'ascii'),
  applicationFormatVersion: define(0x080b, 16, 'ascii'),
} as const satisfies Record<string, AttributeDefinition>;

export type MediumAttributeName = keyof typeof mediumAttribute;

/** Values of attribute 0408h (SPC-5, MEDIUM TYPE). */
export const mediumTypeValue = { data: 0x00, cleaning: 0x01, worm: 0x80 } as const;

const find = (attributes: readonly MediumAttribute[], name: MediumAttributeName): MediumAttribute | undefined =>
  attributes.find(({ identifier, value }) => identifier === mediumAttribute[name].identifier && value.length > 0);

/** A text attribute, trimmed, with `?` for what is not printable ASCII; undefined where it is missing or empty. */
export function attributeText(attributes: readonly MediumAttribute[], name: MediumAttributeName): string | undefined {
  const text = deviceText(find(attributes, name)?.value ?? new Uint8Array(0));
  return text === '' ? undefined : text;
}

/** A binary attribute of at most eight bytes; undefined where it is missing, empty or longer. */
export function attributeNumber(attributes: readonly MediumAttribute[], name: MediumAttributeName): bigint | undefined {
  const value = find(attributes, name)?.value;
  if (value === undefined || value.length > 8) return undefined;
  return new FieldView(value).bigUint(0, value.length);
}

/** Builds an attribute with the length and format that the standard gives it. */
export function makeAttribute(
  name: MediumAttributeName,
  content: string | bigint | number | Uint8Array,
): MediumAttribute {
  const { identifier, lengthBytes, format } = mediumAttribute[name];
  const value = new Uint8Array(lengthBytes);
  if (typeof content === 'string') putText(value, 0, lengthBytes, content);
  else if (typeof content === 'object') {
    if (content.length !== lengthBytes) throw bug(`attribute ${name} has ${lengthBytes} bytes, not ${content.length}`);
    value.set(content);
  } else putField(value, 0, lengthBytes, content);
  return { identifier, readOnly: identifier < 0x0800, format: attributeFormat[format], value };
}
