import type { SenseKey } from '#src/scsi/sense-key';
import type { SenseKeySpecific } from '#src/scsi/sense-key-specific';

export interface UnknownSenseDescriptor {
  readonly type: number;
  readonly data: Uint8Array;
}

export interface SenseFields {
  readonly key: SenseKey;
  readonly asc: number;
  readonly ascq: number;
  /** Response code 71h or 73h: it concerns an earlier command, not the one that ended with it (SPC-5, deferred errors). */
  readonly deferred?: boolean;
  /**
   * Present only where VALID is set. Signed: for READ, WRITE and SPACE it is the requested minus the actual count, negative
   * where the block on the medium was longer than the transfer (SSC-5, READ(6)).
   */
  readonly information?: bigint;
  readonly commandSpecific?: bigint;
  readonly filemark?: boolean;
  /** EOM: at or past early warning, or at the beginning or end of the partition. */
  readonly endOfMedium?: boolean;
  /** ILI: the length of the block is not the length asked for. */
  readonly incorrectLength?: boolean;
  readonly fieldReplaceableUnit?: number;
  readonly specific?: SenseKeySpecific;
}

export interface Sense extends SenseFields {
  readonly format: 'fixed' | 'descriptor';
  readonly deferred: boolean;
  readonly filemark: boolean;
  readonly endOfMedium: boolean;
  readonly incorrectLength: boolean;
  /** Descriptors of a type that is not decoded here. */
  readonly otherDescriptors: readonly UnknownSenseDescriptor[];
  /** Fewer bytes than the sense data's own length says; fields that are missing read as absent or zero. */
  readonly truncated: boolean;
}
