import { FieldView } from '#src/base/field-view';
import { putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

export interface ReportLunsCommand {
  readonly op: 'reportLuns';
  /** 00h: addressable logical units; 01h: well known ones; 02h: all. */
  readonly selectReport: number;
  readonly allocationBytes: number;
}

export interface LunList {
  /** Eight-byte LUNs (SAM-5, LUN format) as numbers; see `simpleLun`. */
  readonly luns: readonly bigint[];
  /** Length of the whole answer with a large enough allocation length. */
  readonly availableBytes: number;
  readonly truncated: boolean;
}

export function encodeReportLunsCdb({ selectReport = 0x00, allocationBytes = 2056 } = {}): Uint8Array {
  const cdb = newCdb('reportLuns');
  putField(cdb, 2, 1, selectReport);
  putField(cdb, 6, 4, allocationBytes);
  return cdb;
}

/** An allocation length under 16 is 5/24/00 (SPC-5, REPORT LUNS command). */
export const parseReportLunsCdb = (cdb: Uint8Array): CdbResult<ReportLunsCommand> =>
  readCdb('reportLuns', cdb, (fields) => {
    const [selectReport, allocationBytes] = [fields.uint(2), fields.uint(6, 4)];
    if (selectReport > 2) return invalidField(2, 7);
    if (allocationBytes < 16) return invalidField(6);
    return { op: 'reportLuns', selectReport, allocationBytes };
  });

export function parseReportLuns(data: Uint8Array): LunList {
  const view = new FieldView(data);
  const availableBytes = 8 + view.uint(0, 4);
  const luns: bigint[] = [];
  for (let offset = 8; offset + 8 <= Math.min(availableBytes, data.length); offset += 8)
    luns.push(view.bigUint(offset));
  return {
    luns,
    availableBytes,
    truncated: view.truncated || data.length < availableBytes || availableBytes % 8 !== 0,
  };
}

export function encodeReportLuns(luns: readonly bigint[]): Uint8Array {
  const data = new Uint8Array(8 + 8 * luns.length);
  putField(data, 0, 4, 8 * luns.length);
  luns.forEach((lun, index) => {
    const unsigned = BigInt.asUintN(64, lun);
    putField(data, 8 + 8 * index, 8, unsigned);
  });
  return data;
}

/**
 * The logical unit number of a single-level LUN: peripheral addressing with bus 0 (0 to 255), or flat space addressing
 * (0 to 16,383). Undefined for a LUN of more levels or another address method (SAM-5, single level LUN structure).
 */
export function simpleLun(lun: bigint): number | undefined {
  if ((lun & 0xffff_ffff_ffffn) !== 0n) return undefined;
  const [first, second] = [Number(lun >> 56n), Number((lun >> 48n) & 0xffn)];
  if (first === 0) return second;
  return first >> 6 === 0b01 ? ((first & 0x3f) << 8) | second : undefined;
}

/** The eight-byte form of a logical unit number from 0 to 16,383: peripheral addressing up to 255, flat space above. */
export const encodeSimpleLun = (lun: number): bigint => BigInt(lun < 256 ? lun : 0x4000 | (lun & 0x3fff)) << 48n;
