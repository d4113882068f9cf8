import {
  buildPdu,
  type Fields,
  type Request,
  type TargetKind,
  textOf,
  type Wrapping,
} from '#test/drivers/iscsi/figures';
import type { Random } from '#test/drivers/iscsi/random';
import { agreement } from '#test/drivers/iscsi/scripted-target';

const interesting = [0, 1, 2, 47, 48, 255, 256, 512, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff] as const;
const kinds = [
  'dataIn',
  'dataIn',
  'dataIn',
  'scsiResponse',
  'readyToTransfer',
  'readyToTransfer',
  'nopIn',
  'taskManagementResponse',
  'textResponse',
  'asynchronousMessage',
  'reject',
  'logoutResponse',
  'loginResponse',
] as const satisfies readonly TargetKind[];

/** What a target knows of a command. */
interface Known {
  readonly command: Request;
  moved: number;
  sn: number;
}

/** Makes PDUs that fit what the initiator has asked, and spoils them. */
export class FuzzedPdus {
  statSn = 1;
  wrapping: Wrapping = {};
  #expCmdSn = 1;
  readonly #random: Random;
  readonly #known: Known[] = [];
  /** Tags of requests that are not commands. */
  readonly #tags: number[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  heard(request: Request): void {
    if (request.kind === 'dataOut') return;
    if (request.kind === 'scsiCommand') {
      this.#known.push({ command: request, moved: request.data.length, sn: 0 });
      this.#expCmdSn = (request.field('cmdSn') + 1) >>> 0;
    } else this.#tags.push(request.field('itt'));
  }

  /** An answer to a login request, most often one that a target could give. */
  login(request: Request): Buffer {
    const stage = (request.flags >> 2) & 3;
    const next = request.flags & 3;
    const flags = (stage << 2) | (request.flags & 0x80 ? 0x80 | next : 0);
    const offered = stage === 1 ? agreement : { AuthMethod: 'None', TargetAlias: 'a' };
    const keys = this.#random.oneIn(8) ? { ...offered, [this.#key()]: this.#value() } : offered;
    const data = this.#random.oneIn(12) ? this.#spoil(textOf(keys)) : textOf(keys);
    const sequence = { statSn: this.statSn++, expCmdSn: 1, maxCmdSn: this.#random.oneIn(10) ? this.#number() : 64 };
    const pdu = buildPdu('loginResponse', { itt: request.field('itt'), flags, tsih: 1, ...sequence }, data);
    return this.#random.oneIn(6) ? this.#spoil(pdu) : pdu;
  }

  /** Anything of the full feature phase. */
  next(): Buffer {
    const random = this.#random;
    if (random.oneIn(60)) return random.bytes(4 * (1 + random.below(40)));
    const pdu = random.oneIn(10) ? this.#odd(random.pick(kinds)) : this.#plausible();
    return random.oneIn(20) ? this.#spoil(pdu) : pdu;
  }

  #plausible(): Buffer {
    const random = this.#random;
    const known = this.#known[random.below(this.#known.length)];
    if (!known || random.oneIn(6)) return random.oneIn(2) ? this.#build('nopIn', {}) : this.#ping();
    const { command } = known;
    const itt = command.field('itt');
    const left = command.field('expectedBytes') - known.moved;
    const isLast = random.oneIn(8);
    if (isLast) this.#known.splice(this.#known.indexOf(known), 1);
    if (isLast && random.oneIn(2)) {
      const residual = { residual: random.pick(interesting), flags: random.pick([0x80, 0x82, 0x84]) };
      return this.#build(
        'scsiResponse',
        { itt, status: random.pick([0, 2, 8]), ...residual },
        random.bytes(4 * random.below(8)),
      );
    }
    const length = Math.min(left, random.below(3000));
    const place = { bufferOffset: known.moved, itt };
    if ((command.flags & 0x40) !== 0) {
      known.moved += length;
      const dataSn = known.sn++;
      return this.#build('dataIn', { ...place, dataSn, flags: isLast ? 0x81 : 0 }, random.bytes(length));
    }
    if ((command.flags & 0x20) !== 0 && length > 0) {
      known.moved += length;
      return this.#build('readyToTransfer', { ...place, ttt: random.below(99), r2tSn: known.sn++, desired: length });
    }
    return this.#ping();
  }

  /** Of this kind, with fields that are their own masters. */
  #odd(kind: TargetKind): Buffer {
    const random = this.#random;
    const tag = this.#tags[random.below(this.#tags.length)] ?? this.#known[0]?.command.field('itt');
    const itt = random.oneIn(3) || tag === undefined ? this.#number() : tag;
    const extra: Record<string, Fields> = {
      taskManagementResponse: { response: random.below(7) },
      asynchronousMessage: { event: random.pick([0, 1, 2, 3, 4, 5, 255]), lun: BigInt(random.below(3)) << 48n },
      reject: { reason: random.below(14) },
      readyToTransfer: { ttt: 1, bufferOffset: this.#number(), desired: this.#number() },
      dataIn: { bufferOffset: this.#number(), dataSn: random.below(3) },
    };
    const data = random.oneIn(2) ? random.bytes(random.below(200)) : Buffer.alloc(0);
    return this.#build(kind, { itt, flags: random.below(256), ...extra[kind] }, data);
  }

  #ping(): Buffer {
    return this.#build('nopIn', { ttt: this.#random.below(100), lun: 1n << 48n });
  }

  #build(kind: TargetKind, fields: Fields, data?: Buffer): Buffer {
    const flags = Number(fields.flags ?? 0x80);
    const isNumbered =
      kind === 'dataIn' ? (flags & 1) !== 0 : kind === 'nopIn' ? fields.itt !== undefined : kind !== 'readyToTransfer';
    const sequence = { statSn: this.statSn, expCmdSn: this.#expCmdSn, maxCmdSn: (this.#expCmdSn + 64) >>> 0 };
    if (isNumbered) this.statSn = (this.statSn + 1) >>> 0;
    return buildPdu(kind, { ...sequence, ...fields }, data, this.wrapping);
  }

  #spoil(bytes: Buffer): Buffer {
    const random = this.#random;
    const spoiled = Buffer.from(bytes);
    if (spoiled.length === 0) return spoiled;
    switch (random.below(5)) {
      case 0:
        return spoiled.subarray(0, random.below(spoiled.length));
      case 1:
        return Buffer.concat([spoiled, random.bytes(4 * random.below(20))]);
      case 2:
        if (spoiled.length >= 48) spoiled.writeUInt32BE(this.#number(), 4 * random.below(12));
        return spoiled;
      default:
        for (let count = 1 + random.below(4); count > 0; count--)
          spoiled[random.below(spoiled.length)] = random.below(256);
        return spoiled;
    }
  }

  #number(): number {
    return this.#random.oneIn(3) ? this.#random.below(2 ** 32) : this.#random.pick(interesting);
  }

  #key(): string {
    return this.#random.pick(['MaxBurstLength', 'InitialR2T', 'X-y', '__proto__', 'constructor', '', 'a'.repeat(64)]);
  }

  #value(): string {
    return this.#random.pick(['', 'Yes', 'No', 'Reject', '0', '99999999999999999999', 'Irrelevant', '0x']);
  }
}
