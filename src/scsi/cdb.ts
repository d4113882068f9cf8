import { FieldView } from '#src/base/field-view';
import {
  cdbLengthBytes,
  cdbUsage,
  definitionOf,
  findOperation,
  isKnownOperationCode,
  type OperationName,
} from '#src/scsi/operation-codes';

/** Why a target refuses a CDB: ILLEGAL REQUEST with this code, and the field at fault (SPC-5, field pointer sense key specific data). */
export interface CdbFault {
  readonly senseKey: 0x05;
  readonly asc: 0x20 | 0x24;
  readonly ascq: 0x00;
  /** Byte of the CDB, and its most significant bit at fault where one bit is meant. */
  readonly field?: { readonly byte: number; readonly bit?: number };
}

export type CdbResult<T> =
  | { readonly ok: true; readonly command: T }
  | { readonly ok: false; readonly fault: CdbFault };

/** INVALID FIELD IN CDB (5/24/00) at a byte, and a bit of it. */
export function invalidField(byte: number, bit?: number): { readonly ok: false; readonly fault: CdbFault } {
  const field = bit === undefined ? { byte } : { byte, bit };
  return { ok: false, fault: { senseKey: 0x05, asc: 0x24, ascq: 0x00, field } };
}

/** INVALID COMMAND OPERATION CODE (5/20/00); the field pointer names byte 0. */
export function invalidOperationCode(): { readonly ok: false; readonly fault: CdbFault } {
  return { ok: false, fault: { senseKey: 0x05, asc: 0x20, ascq: 0x00, field: { byte: 0 } } };
}

/** A CDB of zeros with operation code and service action set. */
export function newCdb(name: OperationName): Uint8Array {
  const { operationCode, serviceAction } = definitionOf(name);
  const cdb = new Uint8Array(cdbLengthBytes(name));
  cdb[0] = operationCode;
  if (serviceAction !== undefined) cdb[1] = serviceAction;
  return cdb;
}

/**
 * What every target does first: the CDB is long enough and no reserved bit is set. Bytes after the CDB are padding of the
 * transport (iSCSI carries 16 bytes always, RFC 7143 11.3) and are not looked at.
 */
export function readCdb<T extends object>(
  name: OperationName,
  cdb: Uint8Array,
  read: (fields: FieldView) => T | { readonly ok: false; readonly fault: CdbFault },
): CdbResult<T> {
  if (findOperation(cdb) !== name) return wrongOperation(cdb);
  const usage = cdbUsage(name);
  if (cdb.length < usage.length) return invalidField(cdb.length);
  for (let index = 1; index < usage.length; index++) {
    const reserved = (cdb[index] as number) & ~(usage[index] as number);
    const isServiceAction = index === 1 && definitionOf(name).serviceAction !== undefined;
    const wrong = isServiceAction ? reserved & 0xe0 : reserved;
    if (wrong !== 0) return invalidField(index, 31 - Math.clz32(wrong));
  }
  const result = read(new FieldView(cdb.subarray(0, usage.length)));
  return 'fault' in result ? result : { ok: true, command: result };
}

function wrongOperation(cdb: Uint8Array): { readonly ok: false; readonly fault: CdbFault } {
  const operationCode = cdb[0];
  return operationCode !== undefined && isKnownOperationCode(operationCode)
    ? invalidField(1, 4)
    : invalidOperationCode();
}

export interface ExpectedTransfer {
  readonly direction: 'none' | 'in' | 'out';
  /** Most that the device may send, or exactly what it is sent. */
  readonly lengthBytes: number;
}

const none: ExpectedTransfer = { direction: 'none', lengthBytes: 0 };

/**
 * The data phase that a CDB asks for, so that a transport can give it a buffer; undefined for a command that is not in `operations`. `blockLengthBytes` is the
 * block length in force for READ(6) and WRITE(6) with FIXED.
 */
export function expectedTransferOf(cdb: Uint8Array, blockLengthBytes = 0): ExpectedTransfer | undefined {
  const name = findOperation(cdb);
  if (name === undefined) return undefined;
  const { direction, transfer, fixedBytes } = definitionOf(name);
  if (direction === 'none') return none;
  const fields = new FieldView(cdb);
  // READ POSITION has an allocation length in its extended form only (SSC-5, READ POSITION).
  if (name === 'readPosition' && fields.uint(7, 2) === 0)
    return { direction, lengthBytes: readPositionBytes(fields.bits(1, 4, 0)) };
  if (transfer === undefined) return { direction, lengthBytes: fixedBytes ?? 0 };
  const count = fields.uint(transfer.offset, transfer.widthBytes);
  const lengthBytes = transfer.unit === 'blocks' && fields.bit(1, 0) ? count * blockLengthBytes : count;
  return lengthBytes === 0 ? none : { direction, lengthBytes };
}

/** Length of the answer by service action: short form 20, long form 32 (SSC-5, READ POSITION data). */
const readPositionBytes = (serviceAction: number): number => (serviceAction === 0x06 ? 32 : 20);
