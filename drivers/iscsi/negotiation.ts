import { protocolViolation } from '#drivers/iscsi/pdu';
import { parseTextNumber, type TextKey } from '#drivers/iscsi/text-keys';
import { DeviceError } from '#src/base/errors';

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
}

/** The longest data segment that we take: a block of a mebibyte comes in a quarter of the PDUs that the peers' 256 KiB would need. */
export const maxRecvDataBytes = 1 << 20;
const maxBurstBytes = 4 << 20;
const firstBurstBytes = 256 * 1024;

/** Limits of RFC 7143 13.12 to 13.14. */
const lengths = { least: 512, most: 0xff_ffff } as const;
/** What holds for a key that the target leaves without an answer (RFC 7143 13.10 to 13.14). */
const defaults = { maxDataBytes: 8192, maxBurstBytes: 262_144, firstBurstBytes: 65_536 } as const;
/** Keys that need not be answered otherwise in a discovery session, which moves no data (RFC 7143 13). */
const irrelevantInDiscovery = new Set(['DefaultTime2Wait', 'DefaultTime2Retain', 'ErrorRecoveryLevel']);

/** What the target tells of itself, without asking for anything. */
const declarations = new Set(['TargetAlias', 'TargetAddress', 'TargetPortalGroupTag']);

/** Values that end the negotiation of a key (RFC 7143 6.2). */
const noAnswers = new Set(['NotUnderstood', 'Reject', 'Irrelevant']);

type Answer = (value: string) => void;

/**
 * Operational parameters: what we offer, and the results of the target's answers. ErrorRecoveryLevel 0 and one connection leave little to choose;
 * a target that answers otherwise than it was allowed to ends the login (`device.protocol`).
 */
export class Negotiation {
  readonly #digests: DigestWish;
  readonly #sessionType: 'normal' | 'discovery';
  #headerDigest: boolean | undefined;
  #dataDigest: boolean | undefined;
  #maxSendDataBytes: number = defaults.maxDataBytes;
  #maxBurstBytes: number = defaults.maxBurstBytes;
  #firstBurstBytes: number = defaults.firstBurstBytes;
  #initialR2T = true;
  #immediateData = true;

  constructor(digests: DigestWish, sessionType: 'normal' | 'discovery') {
    this.#digests = digests;
    this.#sessionType = sessionType;
  }

  get offers(): readonly TextKey[] {
    const digest = this.#digests === 'preferred' ? 'CRC32C' : 'None,CRC32C';
    const always: readonly TextKey[] = [
      ['HeaderDigest', digest],
      ['DataDigest', digest],
      ['MaxRecvDataSegmentLength', String(maxRecvDataBytes)],
      ['DefaultTime2Wait', '2'],
      ['DefaultTime2Retain', '0'],
      ['ErrorRecoveryLevel', '0'],
    ];
    if (this.#sessionType === 'discovery') return always;
    return [
      ...always,
      ['InitialR2T', 'No'],
      ['ImmediateData', 'Yes'],
      ['MaxBurstLength', String(maxBurstBytes)],
      ['FirstBurstLength', String(firstBurstBytes)],
      ['MaxOutstandingR2T', '1'],
      ['MaxConnections', '1'],
      ['DataPDUInOrder', 'Yes'],
      ['DataSequenceInOrder', 'Yes'],
    ];
  }

  /** Takes answers, offers and declarations of the target. Returns what is to be answered to offers. */
  takeAll(keys: readonly TextKey[]): TextKey[] {
    return keys.map((key) => this.#take(key)).filter((reply) => reply !== undefined);
  }

  #take([key, value]: TextKey): TextKey | undefined {
    if (this.#sessionType === 'discovery' && value === 'Irrelevant' && irrelevantInDiscovery.has(key)) return undefined;
    const answer = Object.hasOwn(this.#answers, key) ? this.#answers[key] : undefined;
    if (answer && this.offers.some(([offered]) => offered === key)) {
      answer(value);
      return undefined;
    }
    // Answers to offers are never answered again.
    if (declarations.has(key) || noAnswers.has(value)) return undefined;
    // What moves data is no affair of a discovery session.
    return [key, answer ? 'Irrelevant' : 'NotUnderstood'];
  }

  get result(): SessionParameters {
    const [headerDigest, dataDigest] = [this.#headerDigest ?? false, this.#dataDigest ?? false];
    if (this.#digests === 'preferred' && !(headerDigest && dataDigest)) throw noDigests();
    return {
      headerDigest,
      dataDigest,
      maxSendDataBytes: this.#maxSendDataBytes,
      maxBurstBytes: this.#maxBurstBytes,
      firstBurstBytes: Math.min(this.#firstBurstBytes, this.#maxBurstBytes),
      initialR2T: this.#initialR2T,
      immediateData: this.#immediateData,
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
  };

  #digest(key: string, value: string): boolean {
    if (value === 'CRC32C') return true;
    if (this.#digests === 'preferred') throw noDigests();
    if (value === 'None') return false;
    throw protocolViolation(`${key}=${value.slice(0, 40)} where None,CRC32C were offered`);
  }
}

const noDigests = (): DeviceError =>
  new DeviceError('device.login-refused', {
    message: 'the target does not do digests of headers and data, and `digests: true` wants both',
    remedy: 'Switch CRC32C digests on in the library, or remove `digests` from its settings in grandsire.yaml.',
    usable: true,
  });

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
