import type { LoggedIn } from '#drivers/iscsi/login';
import { isBefore, nextSerial, protocolViolation, reservedTag } from '#drivers/iscsi/pdu';
import type { RequestSequence } from '#drivers/iscsi/request-pdus';
import type { TargetPdu } from '#drivers/iscsi/target-pdus';

/** Numbers of commands, of answers and of tasks on one connection (RFC 7143 4.2.2). */
export class Numbering {
  #cmdSn: number;
  #expStatSn: number;
  #maxCmdSn: number;
  #nextTag = 1;

  constructor({ cmdSn, expStatSn, maxCmdSn }: Pick<LoggedIn, 'cmdSn' | 'expStatSn' | 'maxCmdSn'>) {
    this.#cmdSn = cmdSn;
    this.#expStatSn = expStatSn;
    this.#maxCmdSn = maxCmdSn;
  }

  /** For a request that is immediate. */
  get here(): RequestSequence {
    return { cmdSn: this.#cmdSn, expStatSn: this.#expStatSn };
  }

  /** Whether the target takes another command now. */
  get isWindowOpen(): boolean {
    return !isBefore(this.#maxCmdSn, this.#cmdSn);
  }

  takeCmdSn(): number {
    const cmdSn = this.#cmdSn;
    this.#cmdSn = nextSerial(cmdSn);
    return cmdSn;
  }

  /** An initiator task tag that nothing else has. */
  takeTag(): number {
    const tag = this.#nextTag;
    this.#nextTag = nextSerial(tag) === reservedTag ? 1 : nextSerial(tag);
    return tag;
  }

  /** Takes StatSN and the command window (RFC 7143 4.2.2.1, 4.2.2.2). Throws `device.protocol` where an answer was lost. */
  advance(pdu: TargetPdu): void {
    if (isNumbered(pdu)) {
      if (pdu.statSn !== this.#expStatSn) {
        throw protocolViolation(`status ${pdu.statSn} where ${this.#expStatSn} is due: an answer was lost`);
      }
      this.#expStatSn = nextSerial(pdu.statSn);
    }
    const isWindow = !isBefore(pdu.maxCmdSn, (pdu.expCmdSn - 1) >>> 0);
    if (isWindow && isBefore(this.#maxCmdSn, pdu.maxCmdSn)) this.#maxCmdSn = pdu.maxCmdSn;
  }
}

/** R2T, data without status and pings of the target carry the next StatSN without taking it. */
function isNumbered(pdu: TargetPdu): boolean {
  switch (pdu.kind) {
    case 'ready-to-transfer':
      return false;
    case 'data-in':
      return pdu.status !== undefined;
    case 'nop-in':
      return pdu.initiatorTaskTag !== reservedTag;
    default:
      return true;
  }
}
