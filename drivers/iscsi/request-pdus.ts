import { headerBytes, opcode } from '#drivers/iscsi/pdu';

/** Where the initiator stands: fields of every request (RFC 7143 4.2.2). */
export interface RequestSequence {
  readonly cmdSn: number;
  readonly expStatSn: number;
}

/** Delivered before what waits for its turn; CmdSN is not advanced (RFC 7143 11.2.1.1). */
const immediate = 0x40;
const finalBit = 0x80;

function newHeader(operation: number, flags: number, dataBytes = 0): Buffer {
  const header = Buffer.alloc(headerBytes);
  header[0] = operation;
  header[1] = flags;
  header.writeUIntBE(dataBytes, 5, 3);
  return header;
}

function putSequence(header: Buffer, { cmdSn, expStatSn }: RequestSequence): void {
  header.writeUInt32BE(cmdSn, 24);
  header.writeUInt32BE(expStatSn, 28);
}

export interface ScsiCommandFields extends RequestSequence {
  readonly lun: bigint;
  readonly initiatorTaskTag: number;
  readonly cdb: Uint8Array;
  readonly direction: 'none' | 'in' | 'out';
  readonly expectedBytes: number;
  readonly immediateBytes: number;
  /** No unsolicited Data-Out PDUs follow. */
  readonly final: boolean;
}

/** Task attribute ORDERED (RFC 7143 11.3.1): what is in flight is carried out in the order of CmdSN. */
const orderedTask = 2;

/** RFC 7143 11.3. A CDB has at most 16 bytes here; longer ones would need an additional header segment. */
export function encodeScsiCommand(fields: ScsiCommandFields): Buffer {
  const read = fields.direction === 'in' ? 0x40 : 0;
  const write = fields.direction === 'out' ? 0x20 : 0;
  const flags = (fields.final ? finalBit : 0) | read | write | orderedTask;
  const header = newHeader(opcode.scsiCommand, flags, fields.immediateBytes);
  header.writeBigUInt64BE(fields.lun, 8);
  header.writeUInt32BE(fields.initiatorTaskTag, 16);
  header.writeUInt32BE(fields.expectedBytes, 20);
  putSequence(header, fields);
  header.set(fields.cdb, 32);
  return header;
}

/** RFC 7143 11.7, without what is different in each PDU of a sequence and without what the target's request tells. */
export function encodeDataOut({ lun, initiatorTaskTag }: { lun: bigint; initiatorTaskTag: number }): Buffer {
  const header = newHeader(opcode.dataOut, 0);
  header.writeBigUInt64BE(lun, 8);
  header.writeUInt32BE(initiatorTaskTag, 16);
  return header;
}

export interface DataOutPiece {
  readonly dataSn: number;
  readonly bufferOffset: number;
  readonly dataBytes: number;
  readonly final: boolean;
}

/** Makes it the header of this PDU of its sequence: a block can be a hundred of them. */
export function putDataOutPiece(header: Buffer, { dataSn, bufferOffset, dataBytes, final }: DataOutPiece): void {
  header[1] = final ? finalBit : 0;
  header.writeUIntBE(dataBytes, 5, 3);
  header.writeUInt32BE(dataSn, 36);
  header.writeUInt32BE(bufferOffset, 40);
}

export interface DataOutRequest {
  /** Of the R2T that is answered; reserved for unsolicited data. */
  readonly targetTransferTag: number;
  readonly expStatSn: number;
}

/** Completes the Data-Out header that begins at `at`. */
export function putDataOutRequest(memory: Buffer, at: number, { targetTransferTag, expStatSn }: DataOutRequest): void {
  memory.writeUInt32BE(targetTransferTag, at + 20);
  memory.writeUInt32BE(expStatSn, at + 28);
}

export interface AbortTaskFields extends RequestSequence {
  readonly lun: bigint;
  readonly initiatorTaskTag: number;
  readonly referencedTaskTag: number;
  /** CmdSN of the task to abort. */
  readonly refCmdSn: number;
}

/** Task management function ABORT TASK (RFC 7143 11.5). */
export function encodeAbortTask(fields: AbortTaskFields): Buffer {
  const header = newHeader(opcode.taskManagementRequest | immediate, finalBit | 1);
  header.writeBigUInt64BE(fields.lun, 8);
  header.writeUInt32BE(fields.initiatorTaskTag, 16);
  header.writeUInt32BE(fields.referencedTaskTag, 20);
  putSequence(header, fields);
  header.writeUInt32BE(fields.refCmdSn, 32);
  return header;
}

export interface NopOutFields extends RequestSequence {
  readonly lun: bigint;
  /** Reserved in an answer to the target's ping. */
  readonly initiatorTaskTag: number;
  /** Of the target's ping that is answered; reserved in a ping of ours. */
  readonly targetTransferTag: number;
}

/** RFC 7143 11.18. */
export function encodeNopOut(fields: NopOutFields): Buffer {
  const header = newHeader(opcode.nopOut | immediate, finalBit);
  header.writeBigUInt64BE(fields.lun, 8);
  header.writeUInt32BE(fields.initiatorTaskTag, 16);
  header.writeUInt32BE(fields.targetTransferTag, 20);
  putSequence(header, fields);
  return header;
}

/** Stages of the login (RFC 7143 6.3). */
export const loginStage = { security: 0, operational: 1, fullFeature: 3 } as const;
export type LoginStage = (typeof loginStage)[keyof typeof loginStage];

export interface LoginRequestFields extends RequestSequence {
  readonly initiatorTaskTag: number;
  readonly currentStage: LoginStage;
  /** Where to go from here; undefined: stay. */
  readonly nextStage: LoginStage | undefined;
  /** Initiator part of the session's identifier, 6 bytes. */
  readonly isid: Uint8Array;
  /** 0 for a new session. */
  readonly tsih: number;
  readonly dataBytes: number;
}

/** RFC 7143 11.12; connection id 0, version 0 (the only one). */
export function encodeLoginRequest(fields: LoginRequestFields): Buffer {
  const { currentStage, nextStage } = fields;
  const transit = nextStage === undefined ? 0 : finalBit | nextStage;
  const header = newHeader(opcode.loginRequest | immediate, transit | (currentStage << 2), fields.dataBytes);
  header.set(fields.isid, 8);
  header.writeUInt16BE(fields.tsih, 14);
  header.writeUInt32BE(fields.initiatorTaskTag, 16);
  putSequence(header, fields);
  return header;
}

export interface TextRequestFields extends RequestSequence {
  readonly initiatorTaskTag: number;
  /** Of the answer that is to be continued, as its LUN; reserved at the beginning. */
  readonly targetTransferTag: number;
  readonly lun: bigint;
  readonly dataBytes: number;
}

/** RFC 7143 11.10. */
export function encodeTextRequest(fields: TextRequestFields): Buffer {
  const header = newHeader(opcode.textRequest | immediate, finalBit, fields.dataBytes);
  header.writeBigUInt64BE(fields.lun, 8);
  header.writeUInt32BE(fields.initiatorTaskTag, 16);
  header.writeUInt32BE(fields.targetTransferTag, 20);
  putSequence(header, fields);
  return header;
}

/** Closes the session (RFC 7143 11.14, reason code 0). */
export function encodeLogoutRequest(fields: RequestSequence & { readonly initiatorTaskTag: number }): Buffer {
  const header = newHeader(opcode.logoutRequest | immediate, finalBit);
  header.writeUInt32BE(fields.initiatorTaskTag, 16);
  putSequence(header, fields);
  return header;
}
