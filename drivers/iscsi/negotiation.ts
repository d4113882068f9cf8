import { protocolViolation } from '#drivers/iscsi/pdu';
import { parseTextNumber, type TextKey } from '#drivers/iscsi/text-keys';

/** `preferred`: only with digests; `accepted`: only where the target insists. */
export type DigestWish = 'preferred' | 'accepted';

/** What both sides agreed on for a session with one connection (RFC 7143 13). */
export interface SessionParameters {
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
  /** The longest data segment that the target takes. */
  readonly maxSendDataBytes: number;
  /** Of one sequence of Data-In or of solicited Data-Out PDUs. */
  readonly maxBurstBytes: number;
  /** Unsolicited data of one command, immediate data included. */
  readonly firstBurstBytes: number;
  /** All data but the immediate one waits for an R2T. */
  readonly initialR2T: boolean;
  readonly immediateData: boolean;
  readonly targetPortalGroup: number | undefined;
}

/** The longest data segment that we take: a block of a mebibyte comes in a quarter of the PDUs that the peers' 256 KiB would need. */
export const maxRecvDataBytes = 1 << 20;
const maxBurstBytes = 4 << 20;
const firstBurstBytes = 256 * 1024;

/** Limits of RFC 7143 13.12 to 13.14. */
const lengths = { least: 512, most: 0xff_ffff } as const;
/** MaxRecvDataSegmentLength of a target that declares none (RFC 7143 13.12). */
const defaultMaxDataBytes = 8192;

type Answer = (value: string) => void;

/**
 * Operational parameters: what we offer, and the results of the target's answers. ErrorRecoveryLevel 0 and one connection leave little to choose;
 * a target that answers otherwise than it was allowed to ends the login (`device.protocol`).
 */
export class Negotiation {
  readonly #digests: DigestWish;
  #headerDigest = false;
  #dataDigest = false;
  #maxSendDataBytes = defaultMaxDataBytes;
  #maxBurstBytes = maxBurstBytes;
  #firstBurstBytes = firstBurstBytes;
  #initialR2T = false;
  #immediateData = true;
  #targetPortalGroup: number | undefined;

  constructor(digests: DigestWish) {
    this.#digests = digests;
  }

  get offers(): readonly TextKey[] {
    const digest = this.#digests === 'preferred' ? 'CRC32C' : 'None,CRC32C';
    return [
      ['HeaderDigest', digest],
      ['DataDigest', digest],
      ['MaxRecvDataSegmentLength', String(maxRecvDataBytes)],
      ['InitialR2T', 'No'],
      ['ImmediateData', 'Yes'],
      ['MaxBurstLength', String(maxBurstBytes)],
      ['FirstBurstLength', String(firstBurstBytes)],
      ['MaxOutstandingR2T', '1'],
      ['MaxConnections', '1'],
      ['DataPDUInOrder', 'Yes'],
      ['DataSequenceInOrder', 'Yes'],
      ['DefaultTime2Wait', '2'],
      ['DefaultTime2Retain', '0'],
      ['ErrorRecoveryLevel', '0'],
    ];
  }

  /** Takes an answer or a declaration of the target. Returns what is to be answered to an offer of its own. */
  take([key, value]: TextKey): TextKey | undefined {
    const answer = this.#answers[key];
    if (answer) {
      answer(value);
      return undefined;
    }
    if (key === 'TargetAlias' || key === 'TargetAddress') return undefined;
    // Answers to offers are never answered again.
    return value === 'NotUnderstood' || value === 'Reject' || value === 'Irrelevant'
      ? undefined
      : [key, 'NotUnderstood'];
  }

  get result(): SessionParameters {
    return {
      headerDigest: this.#headerDigest,
      dataDigest: this.#dataDigest,
      maxSendDataBytes: this.#maxSendDataBytes,
      maxBurstBytes: this.#maxBurstBytes,
      firstBurstBytes: Math.min(this.#firstBurstBytes, this.#maxBurstBytes),
      initialR2T: this.#initialR2T,
      immediateData: this.#immediateData,
      targetPortalGroup: this.#targetPortalGroup,
    };
  }

  readonly #answers: Readonly<Record<string, Answer>> = {
    HeaderDigest: (value) => (this.#headerDigest = this.#digest('HeaderDigest', value)),
    DataDigest: (value) => (this.#dataDigest = this.#digest('DataDigest', value)),
    MaxRecvDataSegmentLength: (value) =>
      (this.#maxSendDataBytes = length('MaxRecvDataSegmentLength', value, lengths.most)),
    InitialR2T: (value) => (this.#initialR2T = isYes('InitialR2T', value)),
    ImmediateData: (value) => (this.#immediateData = isYes('ImmediateData', value)),
    MaxBurstLength: (value) => (this.#maxBurstBytes = length('MaxBurstLength', value, maxBurstBytes)),
    // Irrelevant where InitialR2T=Yes and ImmediateData=No (RFC 7143 13.14).
    FirstBurstLength: (value) => {
      if (value !== 'Irrelevant') this.#firstBurstBytes = length('FirstBurstLength', value, firstBurstBytes);
    },
    MaxOutstandingR2T: (value) => mustBe('MaxOutstandingR2T', value, '1'),
    MaxConnections: (value) => mustBe('MaxConnections', value, '1'),
    DataPDUInOrder: (value) => mustBe('DataPDUInOrder', value, 'Yes'),
    DataSequenceInOrder: (value) => mustBe('DataSequenceInOrder', value, 'Yes'),
    ErrorRecoveryLevel: (value) => mustBe('ErrorRecoveryLevel', value, '0'),
    // The time that a target keeps a lost session is of no use at ErrorRecoveryLevel 0: tasks are not taken up again.
    DefaultTime2Wait: () => undefined,
    DefaultTime2Retain: () => undefined,
    TargetPortalGroupTag: (value) => (this.#targetPortalGroup = parseTextNumber(value)),
  };

  #digest(key: string, value: string): boolean {
    if (value === 'CRC32C') return true;
    if (value === 'None' && this.#digests === 'accepted') return false;
    throw protocolViolation(
      `${key}=${value} where ${this.#digests === 'preferred' ? 'CRC32C was' : 'None,CRC32C were'} offered`,
    );
  }
}

function length(key: string, value: string, most: number): number {
  const number = parseTextNumber(value);
  if (number !== undefined && number >= lengths.least && number <= most) return number;
  throw protocolViolation(`${key}=${value.slice(0, 40)} (from ${lengths.least} to ${most} was possible)`);
}

function isYes(key: string, value: string): boolean {
  if (value === 'Yes') return true;
  if (value === 'No') return false;
  throw protocolViolation(`${key}=${value.slice(0, 40)}`);
}

function mustBe(key: string, value: string, possible: string): void {
  if (value !== possible) throw protocolViolation(`${key}=${value.slice(0, 40)} where ${possible} was offered`);
}
