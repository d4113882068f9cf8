import { FieldView } from '#src/base/field-view';
import { flagByte, putField, putText } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

export interface ReportDensitySupportCommand {
  readonly op: 'reportDensitySupport';
  /** MEDIA: of the medium that is loaded, else of the drive. */
  readonly ofMedium: boolean;
  readonly allocationBytes: number;
}

/** Density support data block descriptor (SSC-5, REPORT DENSITY SUPPORT). */
export interface Density {
  readonly primaryDensityCode: number;
  readonly secondaryDensityCode: number;
  readonly writable: boolean;
  /** DUP: the same densities in another descriptor too. */
  readonly duplicate: boolean;
  readonly isDefault: boolean;
  readonly bitsPerMillimetre: number;
  readonly mediaWidthTenthsOfMillimetre: number;
  readonly tracks: number;
  /** 10⁶ bytes, uncompressed. */
  readonly capacityMegabytes: number;
  readonly organization: string;
  readonly densityName: string;
  readonly description: string;
}

export interface DensitySupport {
  readonly densities: readonly Density[];
  /** Length of the whole answer with a large enough allocation length. */
  readonly availableBytes: number;
  readonly truncated: boolean;
}

const descriptorBytes = 52;

export function encodeReportDensitySupportCdb({ ofMedium = false, allocationBytes = 4096 } = {}): Uint8Array {
  const cdb = newCdb('reportDensitySupport');
  cdb[1] = flagByte({ 0: ofMedium });
  putField(cdb, 7, 2, allocationBytes);
  return cdb;
}

/** MEDIUM TYPE descriptors are not supported and refused. */
export const parseReportDensitySupportCdb = (cdb: Uint8Array): CdbResult<ReportDensitySupportCommand> =>
  readCdb('reportDensitySupport', cdb, (fields) => {
    if (fields.bit(1, 1)) return invalidField(1, 1);
    return { op: 'reportDensitySupport', ofMedium: fields.bit(1, 0), allocationBytes: fields.uint(7, 2) };
  });

/** A descriptor that is cut short is kept only when its numbers (20 bytes) are there. */
export function parseDensitySupport(data: Uint8Array): DensitySupport {
  const header = new FieldView(data);
  // AVAILABLE DENSITY SUPPORT LENGTH does not count its own two bytes.
  const availableBytes = 2 + header.uint(0, 2);
  const densities: Density[] = [];
  let offset = 4;
  const end = Math.min(availableBytes, data.length);
  while (offset + 20 <= end) {
    const view = new FieldView(data.subarray(offset, Math.min(end, offset + descriptorBytes)));
    densities.push(parseDensity(view));
    // DLV: the descriptor says how long it is (counted from byte 5); older drives leave it at zero.
    offset += view.bit(2, 0) ? Math.max(descriptorBytes, 5 + view.uint(3, 2)) : descriptorBytes;
  }
  return { densities, availableBytes, truncated: header.truncated || offset > end || data.length < availableBytes };
}

function parseDensity(view: FieldView): Density {
  return {
    primaryDensityCode: view.uint(0),
    secondaryDensityCode: view.uint(1),
    writable: view.bit(2, 7),
    duplicate: view.bit(2, 6),
    isDefault: view.bit(2, 5),
    bitsPerMillimetre: view.uint(5, 3),
    mediaWidthTenthsOfMillimetre: view.uint(8, 2),
    tracks: view.uint(10, 2),
    capacityMegabytes: view.uint(12, 4),
    organization: view.text(16, 8),
    densityName: view.text(24, 8),
    description: view.text(32, 20),
  };
}

export function encodeDensitySupport(densities: readonly Density[]): Uint8Array {
  const data = new Uint8Array(4 + descriptorBytes * densities.length);
  putField(data, 0, 2, data.length - 2);
  densities.forEach((density, index) => {
    data.set(encodeDensity(density), 4 + descriptorBytes * index);
  });
  return data;
}

function encodeDensity(density: Density): Uint8Array {
  const bytes = new Uint8Array(descriptorBytes);
  putField(bytes, 0, 1, density.primaryDensityCode);
  putField(bytes, 1, 1, density.secondaryDensityCode);
  bytes[2] = flagByte({ 7: density.writable, 6: density.duplicate, 5: density.isDefault });
  putField(bytes, 5, 3, density.bitsPerMillimetre);
  putField(bytes, 8, 2, density.mediaWidthTenthsOfMillimetre);
  putField(bytes, 10, 2, density.tracks);
  putField(bytes, 12, 4, density.capacityMegabytes);
  putText(bytes, 16, 8, density.organization);
  putText(bytes, 24, 8, density.densityName);
  putText(bytes, 32, 20, density.description);
  return bytes;
}
