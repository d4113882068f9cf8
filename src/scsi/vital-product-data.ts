import { FieldView } from '#src/base/field-view';
import { flagByte, putField, putText } from '#src/base/put-field';

/** Vital product data pages (SPC-5; B0h and B1h SSC-5) that are decoded here. */
export const vitalProductDataPage = {
  supportedPages: 0x00,
  unitSerialNumber: 0x80,
  deviceIdentification: 0x83,
  sequentialAccessCapabilities: 0xb0,
  manufacturerSerialNumber: 0xb1,
} as const;

/** Designation descriptor (SPC-5, device identification VPD page). */
export interface Designator {
  /** 1 binary, 2 ASCII, 3 UTF-8. */
  readonly codeSet: number;
  /** 0 the logical unit, 1 the target port, 2 the target device. */
  readonly association: number;
  /** 0 vendor-specific, 1 T10 vendor identification, 2 EUI-64, 3 NAA, 4 relative port, 8 SCSI name string, … */
  readonly type: number;
  readonly bytes: Uint8Array;
  /** The designator as text where the code set is ASCII or UTF-8, trimmed. */
  readonly text?: string;
}

interface Header {
  readonly page: number;
  readonly body: FieldView;
  readonly truncated: boolean;
}

function openPage(data: Uint8Array): Header {
  const view = new FieldView(data);
  const lengthBytes = view.uint(2, 2);
  const body = new FieldView(data.subarray(4, 4 + lengthBytes));
  return { page: view.uint(1), body, truncated: view.truncated || body.lengthBytes < lengthBytes };
}

function encodePage(deviceType: number, page: number, body: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 + body.length);
  data[0] = deviceType & 0x1f;
  data[1] = page;
  putField(data, 2, 2, body.length);
  data.set(body, 4);
  return data;
}

export interface PageList {
  readonly pages: readonly number[];
  readonly truncated: boolean;
}

/** Page 00h. A device that does not know it sometimes answers with standard data: `pages` is then empty. */
export function parseSupportedPages(data: Uint8Array): PageList {
  const { page, body, truncated } = openPage(data);
  return page === 0x00 ? { pages: [...body.bytes], truncated } : { pages: [], truncated: true };
}

export const encodeSupportedPages = (deviceType: number, pages: readonly number[]): Uint8Array =>
  encodePage(deviceType, 0x00, Uint8Array.from(pages));

/**
 * Page 80h (and B1h): the serial number, trimmed. Undefined where there is none, where it is cut (half a serial number would be
 * another device's), or where the answer is another page; standard data of a removable device has 80h in the same place.
 */
export function parseUnitSerialNumber(data: Uint8Array): string | undefined {
  const { page, body, truncated } = openPage(data);
  if (truncated) return undefined;
  if (page !== vitalProductDataPage.unitSerialNumber && page !== vitalProductDataPage.manufacturerSerialNumber) {
    return undefined;
  }
  const text = body.text(0, body.lengthBytes);
  return text === '' ? undefined : text;
}

export function encodeUnitSerialNumber(deviceType: number, serial: string): Uint8Array {
  const body = new Uint8Array(serial.length);
  putText(body, 0, serial.length, serial);
  return encodePage(deviceType, vitalProductDataPage.unitSerialNumber, body);
}

export interface DeviceIdentification {
  readonly designators: readonly Designator[];
  readonly truncated: boolean;
}

/** Page 83h; a designator that is cut short is kept as far as it goes. */
export function parseDeviceIdentification(data: Uint8Array): DeviceIdentification {
  const { page, body, truncated } = openPage(data);
  const designators: Designator[] = [];
  if (page !== vitalProductDataPage.deviceIdentification) return { designators, truncated: true };
  let offset = 0;
  while (offset + 4 <= body.lengthBytes) {
    const lengthBytes = body.uint(offset + 3);
    const codeSet = body.bits(offset, 3, 0);
    const isText = codeSet === 2 || codeSet === 3;
    designators.push({
      codeSet,
      association: body.bits(offset + 1, 5, 4),
      type: body.bits(offset + 1, 3, 0),
      bytes: Uint8Array.from(body.slice(offset + 4, lengthBytes)),
      ...(isText ? { text: body.text(offset + 4, lengthBytes) } : {}),
    });
    offset += 4 + lengthBytes;
  }
  return { designators, truncated: truncated || body.truncated || offset !== body.lengthBytes };
}

function encodeDesignator({ codeSet, association, type, bytes }: Designator): Uint8Array {
  const head = Uint8Array.of(codeSet & 0x0f, ((association & 0x03) << 4) | (type & 0x0f), 0, 0);
  putField(head, 3, 1, bytes.length);
  return Buffer.concat([head, bytes]);
}

export const encodeDeviceIdentification = (deviceType: number, designators: readonly Designator[]): Uint8Array =>
  encodePage(deviceType, vitalProductDataPage.deviceIdentification, Buffer.concat(designators.map(encodeDesignator)));

/**
 * The T10 vendor identification designator of a logical unit: eight characters of vendor, then by the habit of the makers of
 * drives the product (16) and the serial number. Undefined where the designator has another form.
 */
export function serialInT10Designator(designator: Pick<Designator, 'type' | 'codeSet' | 'bytes'>): string | undefined {
  if (designator.type !== 1 || designator.codeSet !== 2 || designator.bytes.length <= 24) return undefined;
  const view = new FieldView(designator.bytes);
  const serial = view.text(24, designator.bytes.length - 24);
  return serial === '' ? undefined : serial;
}

/** The form that `serialInT10Designator` reads. */
export function t10Designator({
  vendor,
  product,
  serial,
}: Record<'vendor' | 'product' | 'serial', string>): Designator {
  const bytes = new Uint8Array(24 + serial.length);
  putText(bytes, 0, 8, vendor);
  putText(bytes, 8, 16, product);
  putText(bytes, 24, serial.length, serial);
  return { codeSet: 2, association: 0, type: 1, bytes };
}

export interface SequentialAccessCapabilities {
  /** WORM: the drive can work with WORM media (not: such a medium is loaded). */
  readonly worm: boolean;
  readonly truncated: boolean;
}

/** Page B0h of a tape drive (SSC-5, sequential-access device capabilities VPD page). */
export function parseSequentialAccessCapabilities(data: Uint8Array): SequentialAccessCapabilities {
  const { page, body, truncated } = openPage(data);
  const isPage = page === vitalProductDataPage.sequentialAccessCapabilities;
  return { worm: isPage && body.bit(0, 0), truncated: truncated || !isPage || body.truncated };
}

export const encodeSequentialAccessCapabilities = (
  deviceType: number,
  { worm }: { readonly worm: boolean },
): Uint8Array =>
  encodePage(deviceType, vitalProductDataPage.sequentialAccessCapabilities, Uint8Array.of(flagByte({ 0: worm }), 0));
