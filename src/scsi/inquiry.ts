import { FieldView } from '#src/base/field-view';
import { flagByte, putField, putText } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

/** Peripheral device types that this program meets (SPC-5, PERIPHERAL DEVICE TYPE field). */
export const deviceType = { disk: 0x00, tape: 0x01, changer: 0x08, storageArrayController: 0x0c, none: 0x1f } as const;

export interface InquiryCommand {
  readonly op: 'inquiry';
  /** EVPD: this vital product data page instead of standard data. */
  readonly page?: number;
  readonly allocationBytes: number;
}

/** Standard INQUIRY data (SPC-5). Texts are trimmed. */
export interface InquiryData {
  /** 0: a device is there; 1: it could be but is not; 3: it can never be. */
  readonly peripheralQualifier: number;
  readonly deviceType: number;
  readonly removable: boolean;
  /** VERSION: 3 SPC, 4 SPC-2, 5 SPC-3, 6 SPC-4, 7 SPC-5. */
  readonly version: number;
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  /** The first bytes of the vendor-specific area, bytes 36 to 55; some libraries put a serial number there. */
  readonly vendorSpecific: string;
  /** Codes of the standards that the device says it follows (bytes 58–73), without zeros. */
  readonly versionDescriptors: readonly number[];
}

export interface ParsedInquiryData extends InquiryData {
  readonly truncated: boolean;
}

/** 36 bytes of standard data are mandatory; 96 reach to the end of the version descriptors. */
export function encodeInquiryCdb({
  page,
  allocationBytes = 96,
}: {
  readonly page?: number;
  readonly allocationBytes?: number;
} = {}): Uint8Array {
  const cdb = newCdb('inquiry');
  cdb[1] = flagByte({ 0: page !== undefined });
  putField(cdb, 2, 1, page ?? 0);
  putField(cdb, 3, 2, allocationBytes);
  return cdb;
}

/** A page code without EVPD is 5/24/00 (SPC-5, INQUIRY command). */
export const parseInquiryCdb = (cdb: Uint8Array): CdbResult<InquiryCommand> =>
  readCdb('inquiry', cdb, (fields) => {
    const page = fields.uint(2);
    if (!fields.bit(1, 0) && page !== 0) return invalidField(2);
    return { op: 'inquiry', ...(fields.bit(1, 0) ? { page } : {}), allocationBytes: fields.uint(3, 2) };
  });

export function parseInquiry(data: Uint8Array): ParsedInquiryData {
  const announced = data.length > 4 ? 5 + (data[4] as number) : 36;
  const view = new FieldView(data.subarray(0, announced));
  const versionDescriptors: number[] = [];
  for (let offset = 58; offset + 2 <= Math.min(74, view.lengthBytes); offset += 2) {
    if (view.uint(offset, 2) !== 0) versionDescriptors.push(view.uint(offset, 2));
  }
  return {
    peripheralQualifier: view.bits(0, 7, 5),
    deviceType: view.bits(0, 4, 0),
    removable: view.bit(1, 7),
    version: view.uint(2),
    vendor: view.text(8, 8),
    product: view.text(16, 16),
    revision: view.text(32, 4),
    // Slicing past the end is no doubt here: the area is optional.
    vendorSpecific: new FieldView(view.bytes.subarray(36, 56)).text(
      0,
      Math.max(0, Math.min(56, view.lengthBytes) - 36),
    ),
    versionDescriptors,
    truncated: view.truncated,
  };
}

/** 96 bytes; response data format 2, as SPC-5 demands. */
export function encodeInquiry(inquiry: InquiryData): Uint8Array {
  const data = new Uint8Array(96);
  data[0] = ((inquiry.peripheralQualifier & 0x07) << 5) | (inquiry.deviceType & 0x1f);
  data[1] = flagByte({ 7: inquiry.removable });
  putField(data, 2, 1, inquiry.version);
  data[3] = 0x02;
  data[4] = data.length - 5;
  data[7] = 0x02; // CMDQUE
  putText(data, 8, 8, inquiry.vendor);
  putText(data, 16, 16, inquiry.product);
  putText(data, 32, 4, inquiry.revision);
  putText(data, 36, 20, inquiry.vendorSpecific);
  inquiry.versionDescriptors.slice(0, 8).forEach((code, index) => {
    putField(data, 58 + 2 * index, 2, code);
  });
  return data;
}
