import { FieldView } from '#src/base/field-view';
import { elementAddress } from '#src/scsi/element-address';
import {
  type ElementDeviceIdentifier,
  type ElementStatus,
  elementLayout,
  type VolumeTag,
} from '#src/scsi/element-status';
import { type ElementType, elementTypeOf } from '#src/scsi/read-element-status';

const { headerBytes, commonBytes, volumeTagBytes, identifierHeaderBytes } = elementLayout;

/** VOLUME IDENTIFICATION FIELD of a volume tag. */
const identifierBytes = 32;

export interface ElementStatusReport {
  readonly firstElement: number;
  /** NUMBER OF ELEMENTS AVAILABLE as the device says it; believe `elements`. */
  readonly announcedElements: number;
  readonly elements: readonly ElementStatus[];
  /** Length of the whole answer as the device says it, header included: the allocation length to ask with. */
  readonly availableBytes: number;
  /** The device announced more than came, or descriptors are cut. */
  readonly truncated: boolean;
}

interface Page {
  readonly type: ElementType | undefined;
  readonly hasPrimaryTag: boolean;
  readonly hasAlternateTag: boolean;
  readonly descriptorBytes: number;
}

/**
 * READ ELEMENT STATUS data (SMC-3). The bytes that came are believed before the counts that announce them: devices report
 * too few or too many bytes and elements, cut the last descriptor, or set AVOLTAG without sending the field.
 */
export function parseElementStatus(data: Uint8Array): ElementStatusReport {
  const view = new FieldView(data);
  const elements: ElementStatus[] = [];
  const availableBytes = headerBytes + view.uint(5, 3);
  let isCut = view.truncated || data.length < availableBytes;
  let offset: number = headerBytes;
  while (offset + headerBytes <= data.length) {
    const page: Page = {
      type: elementTypeOf(view.bits(offset, 3, 0)),
      hasPrimaryTag: view.bit(offset + 1, 7),
      hasAlternateTag: view.bit(offset + 1, 6),
      descriptorBytes: view.uint(offset + 2, 2),
    };
    const start = offset + headerBytes;
    const end = start + view.uint(offset + 5, 3);
    isCut ||= end > data.length || page.descriptorBytes === 0 || page.type === undefined;
    const found = parsePage(page, data.subarray(start, end));
    elements.push(...found);
    isCut ||= found.some((element) => element.truncated);
    offset = end;
  }
  return {
    firstElement: view.uint(0, 2),
    announcedElements: view.uint(2, 2),
    elements,
    availableBytes,
    truncated: isCut,
  };
}

/** A descriptor is kept as soon as address and flags (3 bytes) are there. */
function parsePage(page: Page, bytes: Uint8Array): ElementStatus[] {
  const { type, descriptorBytes } = page;
  const elements: ElementStatus[] = [];
  // A length under 3 cannot hold an element; length 0 would never end.
  if (type === undefined || descriptorBytes < 3) return elements;
  for (let offset = 0; offset + 3 <= bytes.length; offset += descriptorBytes) {
    elements.push(parseElement(type, page, bytes.subarray(offset, offset + descriptorBytes)));
  }
  return elements;
}

function parseElement(type: ElementType, page: Page, bytes: Uint8Array): ElementStatus {
  const view = new FieldView(bytes);
  const hasSource = view.has(9, 3) && view.bit(9, 7);
  const isCut = bytes.length < page.descriptorBytes || page.descriptorBytes < commonBytes;
  return {
    type,
    address: elementAddress(view.uint(0, 2)),
    full: view.bit(2, 0),
    exception: view.bit(2, 2),
    asc: view.uint(4),
    ascq: view.uint(5),
    accessible: type === 'transport' || view.bit(2, 3),
    ...(type === 'importExport'
      ? { placedByOperator: view.bit(2, 1), exportEnabled: view.bit(2, 4), importEnabled: view.bit(2, 5) }
      : {}),
    ...(type === 'drive' ? busAddress(view) : {}),
    ...(hasSource ? { source: elementAddress(view.uint(10, 2)), inverted: view.bit(9, 6) } : {}),
    ...(view.bit(9, 3) ? { disabled: true } : {}),
    ...(view.bits(9, 2, 0) !== 0 ? { mediumType: view.bits(9, 2, 0) } : {}),
    ...parseTags(page, view),
    ...(isCut ? { truncated: true as const } : {}),
  };
}

function busAddress(view: FieldView): Pick<ElementStatus, 'busAddress'> {
  const [hasLun, hasId] = [view.bit(6, 4), view.bit(6, 5)];
  if (!hasLun && !hasId) return {};
  return { busAddress: { ...(hasLun ? { lun: view.bits(6, 2, 0) } : {}), ...(hasId ? { scsiId: view.uint(7) } : {}) } };
}

type Tags = Pick<ElementStatus, 'primaryVolumeTag' | 'alternateVolumeTag' | 'deviceIdentifier'>;

function parseTags(page: Page, view: FieldView): Tags {
  let offset: number = commonBytes;
  let tags: Tags = {};
  if (page.hasPrimaryTag && isTextWhole(view, offset)) {
    tags = { ...tags, primaryVolumeTag: parseVolumeTag(view, offset) };
    offset += volumeTagBytes;
  }
  if (page.hasAlternateTag && hasAlternateTag(view, offset)) {
    tags = { ...tags, alternateVolumeTag: parseVolumeTag(view, offset) };
    offset += volumeTagBytes;
  }
  const deviceIdentifier = parseIdentifier(view, offset);
  return deviceIdentifier ? { ...tags, deviceIdentifier } : tags;
}

/**
 * Some libraries set AVOLTAG and leave the field out. It is there when 36 bytes are, and they do not begin like a device
 * identifier that fills the descriptor (a volume tag begins with a printable character, a space or zero).
 */
function hasAlternateTag(view: FieldView, offset: number): boolean {
  if (!view.has(offset, volumeTagBytes)) return false;
  return view.uint(offset) >= 0x20 || view.uint(offset) === 0 || parseIdentifier(view, offset) === undefined;
}

/** Of a barcode that is cut a piece would be another barcode: the text is whole where it came wholly, or where padding follows it. */
function isTextWhole(view: FieldView, offset: number): boolean {
  if (!view.has(offset, 1)) return false;
  if (view.has(offset, identifierBytes)) return true;
  const last = view.bytes.at(-1);
  return last === 0x20 || last === 0x00;
}

function parseVolumeTag(view: FieldView, offset: number): VolumeTag {
  return { identifier: view.text(offset, identifierBytes), sequence: view.uint(offset + 34, 2) };
}

/** Undefined where there is none: no room, length 0 (SMC-3 without DVCID has four zeros there), or a length that lies. */
function parseIdentifier(view: FieldView, offset: number): ElementDeviceIdentifier | undefined {
  if (!view.has(offset, identifierHeaderBytes)) return undefined;
  const codeSet = view.bits(offset, 3, 0);
  const lengthBytes = view.uint(offset + 3);
  if (lengthBytes === 0 || !view.has(offset + identifierHeaderBytes, lengthBytes)) return undefined;
  const bytes = Uint8Array.from(view.slice(offset + identifierHeaderBytes, lengthBytes));
  const isText = codeSet === 2 || codeSet === 3;
  const text = isText ? view.text(offset + identifierHeaderBytes, lengthBytes) : undefined;
  return { codeSet, type: view.bits(offset + 1, 3, 0), bytes, ...(text === undefined ? {} : { text }) };
}
