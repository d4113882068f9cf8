import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

export type OperationCodesQuery =
  | { readonly kind: 'all' }
  /** Reporting options 001b: one operation code that has no service actions. */
  | { readonly kind: 'one'; readonly operationCode: number }
  /** Reporting options 010b. */
  | { readonly kind: 'one-service-action'; readonly operationCode: number; readonly serviceAction: number };

export interface ReportSupportedOperationCodesCommand {
  readonly op: 'reportSupportedOperationCodes';
  readonly query: OperationCodesQuery;
  /** RCTD: with command timeouts descriptors. */
  readonly timeouts: boolean;
  readonly allocationBytes: number;
}

export interface SupportedOperation {
  readonly operationCode: number;
  /** Absent where the operation code has none (SERVACTV is zero). */
  readonly serviceAction?: number;
  readonly cdbLengthBytes: number;
}

export interface SupportedOperations {
  readonly operations: readonly SupportedOperation[];
  readonly availableBytes: number;
  readonly truncated: boolean;
}

/** SUPPORT field of the one_command format (SPC-5). */
const supportValues = { unknown: 0b000, no: 0b001, standard: 0b011, vendor: 0b101 } as const;

export type OperationSupport = keyof typeof supportValues;

export interface OneOperation {
  readonly support: OperationSupport;
  /** CDB usage data; empty unless supported. */
  readonly usage: Uint8Array;
}

export function encodeReportSupportedOperationCodesCdb({
  query,
  timeouts,
  allocationBytes,
}: {
  readonly query: OperationCodesQuery;
  readonly timeouts?: boolean;
  readonly allocationBytes: number;
}): Uint8Array {
  const cdb = newCdb('reportSupportedOperationCodes');
  const options = { all: 0, one: 1, 'one-service-action': 2 } as const;
  cdb[2] = options[query.kind] | flagByte({ 7: timeouts });
  if (query.kind !== 'all') putField(cdb, 3, 1, query.operationCode);
  if (query.kind === 'one-service-action') putField(cdb, 4, 2, query.serviceAction);
  putField(cdb, 6, 4, allocationBytes);
  return cdb;
}

export const parseReportSupportedOperationCodesCdb = (
  cdb: Uint8Array,
): CdbResult<ReportSupportedOperationCodesCommand> =>
  readCdb('reportSupportedOperationCodes', cdb, (fields) => {
    const [option, operationCode, serviceAction] = [fields.bits(2, 2, 0), fields.uint(3), fields.uint(4, 2)];
    if (option > 2) return invalidField(2, 2);
    const query: OperationCodesQuery =
      option === 0
        ? { kind: 'all' }
        : option === 1
          ? { kind: 'one', operationCode }
          : { kind: 'one-service-action', operationCode, serviceAction };
    return {
      op: 'reportSupportedOperationCodes',
      query,
      timeouts: fields.bit(2, 7),
      allocationBytes: fields.uint(6, 4),
    };
  });

/** All_commands parameter data (SPC-5). A command descriptor with CTDP is followed by twelve bytes of timeouts. */
export function parseSupportedOperations(data: Uint8Array): SupportedOperations {
  const view = new FieldView(data);
  const availableBytes = 4 + view.uint(0, 4);
  const end = Math.min(availableBytes, data.length);
  const operations: SupportedOperation[] = [];
  let offset = 4;
  while (offset + 8 <= end) {
    operations.push({
      operationCode: view.uint(offset),
      ...(view.bit(offset + 5, 0) ? { serviceAction: view.uint(offset + 2, 2) } : {}),
      cdbLengthBytes: view.uint(offset + 6, 2),
    });
    offset += view.bit(offset + 5, 1) ? 20 : 8;
  }
  return { operations, availableBytes, truncated: view.truncated || data.length < availableBytes || offset !== end };
}

export function encodeSupportedOperations(operations: readonly SupportedOperation[]): Uint8Array {
  const data = new Uint8Array(4 + 8 * operations.length);
  putField(data, 0, 4, 8 * operations.length);
  operations.forEach(({ operationCode, serviceAction, cdbLengthBytes }, index) => {
    const at = 4 + 8 * index;
    putField(data, at, 1, operationCode);
    putField(data, at + 2, 2, serviceAction ?? 0);
    data[at + 5] = flagByte({ 0: serviceAction !== undefined });
    putField(data, at + 6, 2, cdbLengthBytes);
  });
  return data;
}

/** One_command parameter data (SPC-5); a SUPPORT value that is reserved counts as unknown. */
export function parseOneOperation(data: Uint8Array): OneOperation & { readonly truncated: boolean } {
  const view = new FieldView(data);
  const value = view.bits(1, 2, 0);
  const found = (Object.keys(supportValues) as OperationSupport[]).find((key) => supportValues[key] === value);
  const isSupported = found === 'standard' || found === 'vendor';
  const usage = isSupported ? Uint8Array.from(view.slice(4, view.uint(2, 2))) : new Uint8Array(0);
  return { support: found ?? 'unknown', usage, truncated: view.truncated };
}

export function encodeOneOperation({ support, usage }: OneOperation): Uint8Array {
  const data = new Uint8Array(4 + usage.length);
  data[1] = supportValues[support];
  putField(data, 2, 2, usage.length);
  data.set(usage, 4);
  return data;
}
