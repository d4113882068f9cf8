import { FieldView } from '#src/base/field-view';
import { flagByte, putField, putText } from '#src/base/put-field';
import { type ElementStatus, elementLayout, type VolumeTag } from '#src/scsi/element-status';
import { type ElementType, elementType } from '#src/scsi/read-element-status';

const { headerBytes, commonBytes, volumeTagBytes, identifierHeaderBytes } = elementLayout;

export interface ElementStatusOptions {
  /** VOLTAG of the CDB: with primary volume tags. Alternate ones come when an element of the page has one. */
  readonly volumeTags: boolean;
  /** DVCID of the CDB. */
  readonly deviceIdentifiers: boolean;
}

/**
 * READ ELEMENT STATUS data: one page for each element type, in the order in which the types come. The caller has chosen the
 * elements (type, starting address, number) and cuts the result to the allocation length.
 */
export function encodeElementStatus(elements: readonly ElementStatus[], options: ElementStatusOptions): Uint8Array {
  const types = [...new Set(elements.map((element) => element.type))];
  const pages = types.map((type) =>
    encodePage(
      type,
      elements.filter((element) => element.type === type),
      options,
    ),
  );
  const body = Buffer.concat(pages);
  const data = new Uint8Array(headerBytes + body.length);
  const lowest = elements.reduce((least, { address }) => Math.min(least, address), 0xffff);
  putField(data, 0, 2, elements.length === 0 ? 0 : lowest);
  putField(data, 2, 2, elements.length);
  putField(data, 5, 3, body.length);
  data.set(body, headerBytes);
  return data;
}

function encodePage(type: ElementType, elements: readonly ElementStatus[], options: ElementStatusOptions): Uint8Array {
  const hasAlternate = options.volumeTags && elements.some((element) => element.alternateVolumeTag !== undefined);
  const tags = (options.volumeTags ? 1 : 0) + (hasAlternate ? 1 : 0);
  const identifierBytes = options.deviceIdentifiers
    ? Math.max(0, ...elements.map(({ deviceIdentifier }) => deviceIdentifier?.bytes.length ?? 0))
    : 0;
  const lengthBytes = commonBytes + tags * volumeTagBytes + identifierHeaderBytes + identifierBytes;
  const page = new Uint8Array(headerBytes + lengthBytes * elements.length);
  page[0] = elementType[type];
  page[1] = flagByte({ 7: options.volumeTags, 6: hasAlternate });
  putField(page, 2, 2, lengthBytes);
  putField(page, 5, 3, page.length - headerBytes);
  elements.forEach((element, index) => {
    const start = headerBytes + index * lengthBytes;
    const descriptor = page.subarray(start, start + lengthBytes);
    putCommon(descriptor, element);
    if (options.volumeTags) putVolumeTag(descriptor, commonBytes, element.primaryVolumeTag);
    if (hasAlternate) putVolumeTag(descriptor, commonBytes + volumeTagBytes, element.alternateVolumeTag);
    if (options.deviceIdentifiers) putIdentifier(descriptor, commonBytes + tags * volumeTagBytes, element);
  });
  return page;
}

function putCommon(bytes: Uint8Array, element: ElementStatus): void {
  putField(bytes, 0, 2, element.address);
  bytes[2] = flagByte({
    0: element.full,
    1: element.placedByOperator,
    2: element.exception,
    3: element.accessible && element.type !== 'transport',
    4: element.exportEnabled,
    5: element.importEnabled,
  });
  putField(bytes, 4, 1, element.asc);
  putField(bytes, 5, 1, element.ascq);
  const { busAddress } = element;
  if (busAddress) {
    const flags = flagByte({ 4: busAddress.lun !== undefined, 5: busAddress.scsiId !== undefined });
    bytes[6] = flags | ((busAddress.lun ?? 0) & 0x07);
    putField(bytes, 7, 1, busAddress.scsiId ?? 0);
  }
  const hasSource = element.source !== undefined;
  bytes[9] = flagByte({ 7: hasSource, 6: element.inverted, 3: element.disabled }) | ((element.mediumType ?? 0) & 0x07);
  putField(bytes, 10, 2, element.source ?? 0);
}

/** An element without a tag sends 36 zeros. */
function putVolumeTag(bytes: Uint8Array, offset: number, tag: VolumeTag | undefined): void {
  if (!tag) return;
  putText(bytes, offset, 32, tag.identifier);
  putField(bytes, offset + 34, 2, tag.sequence);
}

function putIdentifier(bytes: Uint8Array, offset: number, { deviceIdentifier }: ElementStatus): void {
  if (!deviceIdentifier) return;
  bytes[offset] = deviceIdentifier.codeSet & 0x0f;
  bytes[offset + 1] = deviceIdentifier.type & 0x0f;
  putField(bytes, offset + 3, 1, deviceIdentifier.bytes.length);
  bytes.set(deviceIdentifier.bytes, offset + identifierHeaderBytes);
}

/**
 * What of the data goes into an allocation length: only whole descriptors (SMC-3, READ ELEMENT STATUS, ALLOCATION LENGTH).
 * The counts in the headers stay those of the whole answer.
 */
export function cutElementStatus(data: Uint8Array, allocationBytes: number): Uint8Array {
  if (data.length <= allocationBytes || allocationBytes < headerBytes) return data.subarray(0, allocationBytes);
  const view = new FieldView(data);
  let end: number = headerBytes;
  while (end + headerBytes <= allocationBytes) {
    const [lengthBytes, pageBytes] = [view.uint(end + 2, 2), view.uint(end + 5, 3)];
    const start = end + headerBytes;
    if (start + pageBytes > allocationBytes)
      return data.subarray(0, allocationBytes - ((allocationBytes - start) % lengthBytes));
    end = start + pageBytes;
  }
  return data.subarray(0, end);
}
