import assert from 'node:assert/strict';
import type { SessionParameters } from '#drivers/iscsi/negotiation';
import { buildPdu, type Fields, type Request, type TargetKind } from '#test/drivers/iscsi/figures';
import type { Random } from '#test/drivers/iscsi/random';

/** A command under way. */
interface Open {
  readonly command: Request;
  readonly total: number;
  readonly isRead: boolean;
  readonly parts: Buffer[];
  moved: number;
  /** DataSN or R2TSN to come. */
  sn: number;
  /** Ends of what may be sent without being asked again. */
  solicitedTo: number;
}

/**
 * A target that keeps what is written under the number in the CDB and gives it back, in pieces and in an order of its own choice, as RFC 7143
 * chapter 4 lets it: several commands at once, R2Ts and Data-In PDUs of any size that was agreed on, status with data or apart.
 */
export class ModelTarget {
  readonly kept = new Map<number, Buffer>();
  readonly #parameters: SessionParameters;
  readonly #random: Random;
  readonly #open: Open[] = [];
  #statSn = 1;
  #expCmdSn = 1;

  constructor(parameters: SessionParameters, random: Random) {
    this.#parameters = parameters;
    this.#random = random;
  }

  get isIdle(): boolean {
    return this.#open.length === 0;
  }

  take(request: Request): void {
    if (request.kind === 'dataOut') this.#takeData(request);
    else this.#takeCommand(request);
  }

  #takeCommand(request: Request): void {
    assert.equal(request.kind, 'scsiCommand');
    assert.equal(request.field('cmdSn'), this.#expCmdSn);
    this.#expCmdSn += 1;
    const [total, isWrite] = [request.field('expectedBytes'), (request.flags & 0x20) !== 0];
    const { initialR2T, immediateData, firstBurstBytes } = this.#parameters;
    assert.ok(immediateData || request.data.length === 0);
    const unsolicited = isWrite && !initialR2T ? Math.min(total, firstBurstBytes) : request.data.length;
    assert.ok(request.data.length <= firstBurstBytes);
    assert.equal((request.flags & 0x80) !== 0, unsolicited === request.data.length);
    this.#open.push({
      command: request,
      total,
      isRead: (request.flags & 0x40) !== 0,
      parts: [request.data],
      moved: request.data.length,
      sn: 0,
      solicitedTo: unsolicited,
    });
  }

  /** The next PDU of any command that can go on; undefined: all wait for the initiator. */
  next(): Buffer | undefined {
    const ready = this.#open.filter((open) => open.isRead || open.moved === open.solicitedTo);
    const open = ready[this.#random.below(ready.length)];
    if (!open) return undefined;
    if (!open.isRead) return open.moved < open.total ? this.#ask(open) : this.#finishWrite(open);
    return this.#give(open);
  }

  #takeData(request: Request): void {
    const open = this.#open.find(({ command }) => command.field('itt') === request.field('itt'));
    assert.ok(open, 'data of no command');
    assert.equal(request.field('bufferOffset'), open.moved);
    assert.ok(request.data.length <= this.#parameters.maxSendDataBytes);
    open.parts.push(request.data);
    open.moved += request.data.length;
    assert.ok(open.moved <= open.solicitedTo, 'more than was asked for');
    assert.equal(request.flags === 0x80, open.moved === open.solicitedTo);
  }

  #ask(open: Open): Buffer {
    const most = Math.min(open.total - open.moved, this.#parameters.maxBurstBytes);
    const desired = 1 + this.#random.below(most);
    open.solicitedTo = open.moved + desired;
    const fields = { bufferOffset: open.moved, desired, r2tSn: open.sn++, ttt: this.#random.below(1000) };
    return this.#pdu('readyToTransfer', { itt: open.command.field('itt'), ...fields });
  }

  #finishWrite(open: Open): Buffer {
    this.#close(open);
    this.kept.set(open.command.cdb.readUInt32BE(1), Buffer.concat(open.parts));
    return this.#pdu('scsiResponse', { itt: open.command.field('itt') });
  }

  #give(open: Open): Buffer {
    const stored = this.kept.get(open.command.cdb.readUInt32BE(1)) ?? Buffer.alloc(0);
    const end = Math.min(stored.length, open.total);
    const itt = open.command.field('itt');
    const isShort = end < open.total;
    const residual = { residual: isShort ? open.total - end : stored.length - end };
    const residualFlag = isShort ? 0x02 : stored.length > end ? 0x04 : 0;
    if (open.moved === end) {
      this.#close(open);
      return this.#pdu('scsiResponse', { itt, ...residual, flags: 0x80 | residualFlag });
    }
    const bytes = stored.subarray(open.moved, Math.min(end, open.moved + 1 + this.#random.below(70_000)));
    const fields = { itt, bufferOffset: open.moved, dataSn: open.sn++ };
    open.moved += bytes.length;
    const isWithStatus = open.moved === end && this.#random.oneIn(2);
    if (!isWithStatus) return this.#pdu('dataIn', { ...fields, flags: open.moved === end ? 0x80 : 0 }, bytes);
    this.#close(open);
    return this.#pdu('dataIn', { ...fields, ...residual, flags: 0x81 | residualFlag }, bytes);
  }

  #close(open: Open): void {
    this.#open.splice(this.#open.indexOf(open), 1);
  }

  #pdu(kind: TargetKind, fields: Fields, data?: Buffer): Buffer {
    const isNumbered = kind === 'scsiResponse' || (kind === 'dataIn' && (Number(fields.flags) & 1) !== 0);
    const sequence = {
      statSn: this.#statSn,
      expCmdSn: this.#expCmdSn,
      maxCmdSn: this.#expCmdSn + this.#random.below(4),
    };
    if (isNumbered) this.#statSn += 1;
    const { headerDigest, dataDigest } = this.#parameters;
    return buildPdu(kind, { ...sequence, ...fields }, data, { headerDigest, dataDigest });
  }
}
