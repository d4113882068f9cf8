import { opcode } from '#drivers/iscsi/pdu';

/** Where the target stands: fields of every PDU that it sends (RFC 7143 4.2.2). */
export interface TargetSequence {
  readonly statSn: number;
  readonly expCmdSn: number;
  readonly maxCmdSn: number;
}

/** Bytes that were not moved, or that could not be (RFC 7143 11.4.5). */
export interface Residual {
  readonly kind: 'none' | 'underflow' | 'overflow';
  readonly bytes: number;
}

interface Common extends TargetSequence {
  readonly initiatorTaskTag: number;
}

export interface DataInPdu extends Common {
  readonly kind: 'data-in';
  readonly dataSn: number;
  readonly bufferOffset: number;
  readonly final: boolean;
  /** Present where the status came with the last data (S bit); `statSn` counts only then. */
  readonly status: number | undefined;
  readonly residual: Residual;
}

export interface ScsiResponsePdu extends Common {
  readonly kind: 'scsi-response';
  /** 00h: completed at the target; all others are target failures. */
  readonly response: number;
  readonly status: number;
  readonly residual: Residual;
}

export interface ReadyToTransferPdu extends Common {
  readonly kind: 'ready-to-transfer';
  readonly targetTransferTag: number;
  readonly r2tSn: number;
  readonly bufferOffset: number;
  readonly desiredBytes: number;
}

export interface NopInPdu extends Common {
  readonly kind: 'nop-in';
  readonly targetTransferTag: number;
  readonly lun: bigint;
}

export interface TextResponsePdu extends Common {
  readonly kind: 'text-response';
  readonly final: boolean;
  readonly targetTransferTag: number;
  readonly lun: bigint;
}

export interface AsynchronousMessagePdu extends Common {
  readonly kind: 'asynchronous-message';
  readonly lun: bigint;
  /** RFC 7143 11.9.1. */
  readonly event: number;
}

export type TargetPdu =
  | DataInPdu
  | ScsiResponsePdu
  | ReadyToTransferPdu
  | NopInPdu
  | TextResponsePdu
  | AsynchronousMessagePdu
  | (Common & { readonly kind: 'task-management-response'; readonly response: number })
  | (Common & { readonly kind: 'logout-response'; readonly response: number })
  | (Common & { readonly kind: 'reject'; readonly reason: number });

/** A PDU of the full feature phase by its basic header segment; undefined where the operation code is not one of a target's. */
export function parseTargetPdu(header: Buffer): TargetPdu | undefined {
  const common: Common = {
    initiatorTaskTag: header.readUInt32BE(16),
    statSn: header.readUInt32BE(24),
    expCmdSn: header.readUInt32BE(28),
    maxCmdSn: header.readUInt32BE(32),
  };
  const flags = header[1] ?? 0;
  const final = (flags & 0x80) !== 0;
  const third = header[2] ?? 0;
  switch ((header[0] ?? 0) & 0x3f) {
    case opcode.dataIn:
      return {
        kind: 'data-in',
        ...common,
        dataSn: header.readUInt32BE(36),
        bufferOffset: header.readUInt32BE(40),
        final,
        status: (flags & 0x01) !== 0 ? header[3] : undefined,
        residual: residualOf(header),
      };
    case opcode.scsiResponse:
      return {
        kind: 'scsi-response',
        ...common,
        response: third,
        status: header[3] ?? 0,
        residual: residualOf(header),
      };
    case opcode.readyToTransfer:
      return {
        kind: 'ready-to-transfer',
        ...common,
        targetTransferTag: header.readUInt32BE(20),
        r2tSn: header.readUInt32BE(36),
        bufferOffset: header.readUInt32BE(40),
        desiredBytes: header.readUInt32BE(44),
      };
    case opcode.nopIn: {
      const lun = header.readBigUInt64BE(8);
      return { kind: 'nop-in', ...common, targetTransferTag: header.readUInt32BE(20), lun };
    }
    case opcode.textResponse: {
      const lun = header.readBigUInt64BE(8);
      return { kind: 'text-response', ...common, final, targetTransferTag: header.readUInt32BE(20), lun };
    }
    case opcode.asynchronousMessage:
      return { kind: 'asynchronous-message', ...common, lun: header.readBigUInt64BE(8), event: header[36] ?? 0 };
    case opcode.taskManagementResponse:
      return { kind: 'task-management-response', ...common, response: third };
    case opcode.logoutResponse:
      return { kind: 'logout-response', ...common, response: third };
    case opcode.reject:
      return { kind: 'reject', ...common, reason: third };
    default:
      return undefined;
  }
}

function residualOf(header: Buffer): Residual {
  const flags = header[1] ?? 0;
  const bytes = header.readUInt32BE(44);
  if ((flags & 0x02) !== 0) return { kind: 'underflow', bytes };
  if ((flags & 0x04) !== 0) return { kind: 'overflow', bytes };
  return { kind: 'none', bytes: 0 };
}

export interface LoginResponsePdu extends TargetSequence {
  /** The target agrees to go on to `nextStage`. */
  readonly transit: boolean;
  /** More text follows. */
  readonly continues: boolean;
  readonly currentStage: number;
  readonly nextStage: number;
  /** Version-active: the version of the protocol from here on. */
  readonly version: number;
  readonly statusClass: number;
  readonly statusDetail: number;
}

/** RFC 7143 11.13; undefined where it is another PDU. */
export function parseLoginResponse(header: Buffer): LoginResponsePdu | undefined {
  if (((header[0] ?? 0) & 0x3f) !== opcode.loginResponse) return undefined;
  const flags = header[1] ?? 0;
  return {
    transit: (flags & 0x80) !== 0,
    continues: (flags & 0x40) !== 0,
    currentStage: (flags >> 2) & 3,
    nextStage: flags & 3,
    version: header[3] ?? 0,
    statSn: header.readUInt32BE(24),
    expCmdSn: header.readUInt32BE(28),
    maxCmdSn: header.readUInt32BE(32),
    statusClass: header[36] ?? 0,
    statusDetail: header[37] ?? 0,
  };
}
