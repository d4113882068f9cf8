import { setImmediate as nextTurn } from 'node:timers/promises';
import { type LogicalUnit, type Nexus, newNexus } from '#drivers/virtual/logical-unit';
import { answerInquiry, answerReportLuns, answerSupportedOperations } from '#drivers/virtual/primary-commands';
import { check, good, type Reply, sense } from '#drivers/virtual/reply';
import { DeviceError } from '#src/base/errors';
import type { DataPhase, ExecuteOptions, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';
import { encodeSense } from '#src/scsi/encode-sense';
import { parseCdb } from '#src/scsi/parse-cdb';
import type { RequestSenseCommand } from '#src/scsi/request-sense';
import { status } from '#src/scsi/status';

const noBytes = new Uint8Array(0);

/** Commands work synchronously; after so many bytes the event loop gets a turn, so that timers and signals are heard. */
const bytesPerTurn = 16 * 2 ** 20;
/** What a command without data counts for: a few hundred of them take as long as moving the bytes. */
const bytesPerCommand = 64 * 1024;

/** Operation codes that are answered while a unit attention waits (SAM-5 5.14, SPC-5): INQUIRY, REPORT LUNS. */
const exempt = new Set([0x12, 0xa0]);
const requestSenseCode = 0x03;

/** One opening of a device of the virtual library. */
export class VirtualTransport implements ScsiTransport {
  readonly #unit: LogicalUnit;
  readonly #unitCount: number;
  readonly #nexus: Nexus = newNexus();
  /** Settles with the last command that waits for its turn; undefined where none does. */
  #tail: Promise<void> | undefined;
  #untilTurn = bytesPerTurn;
  #closed = false;
  #parsed: { readonly cdb: Uint8Array; readonly result: ReturnType<typeof parseCdb> } | undefined;

  constructor(unit: LogicalUnit, unitCount: number) {
    this.#unit = unit;
    this.#unitCount = unitCount;
    unit.nexuses.add(this.#nexus);
  }

  get address(): string {
    return this.#unit.address;
  }

  get maxTransferBytes(): number {
    return this.#unit.maxTransferBytes;
  }

  async execute(cdb: Uint8Array, data: DataPhase, { signal }: ExecuteOptions): Promise<ScsiResult> {
    if (this.#tail !== undefined || this.#untilTurn <= 0) {
      const before = this.#tail;
      const turn = withResolvers();
      this.#tail = turn.promise;
      try {
        await before;
        if (this.#untilTurn <= 0) {
          this.#untilTurn = bytesPerTurn;
          await nextTurn();
        }
        return this.#run(cdb, data, signal);
      } finally {
        turn.resolve();
        if (this.#tail === turn.promise) this.#tail = undefined;
      }
    }
    return this.#run(cdb, data, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#unit.nexuses.delete(this.#nexus);
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new DeviceError('device.closed', {
      message: `${this.address} was closed.`,
      remedy: 'Run the command again.',
      usable: true,
    });
  }

  #run(cdb: Uint8Array, data: DataPhase, signal: AbortSignal | undefined): ScsiResult {
    signal?.throwIfAborted();
    this.#assertOpen();
    const result = this.#answer(cdb, data);
    this.#untilTurn -= result.transferredBytes + bytesPerCommand;
    return result;
  }

  #answer(cdb: Uint8Array, data: DataPhase): ScsiResult {
    const reply = this.#reply(cdb, data);
    if (reply.status === 'check') {
      const { transferredBytes = 0 } = reply;
      const bytes = encodeSense(reply.sense, this.#nexus.descriptorSense ? 'descriptor' : 'fixed');
      return { status: status.checkCondition, sense: bytes, transferredBytes };
    }
    let { transferredBytes = 0 } = reply;
    if (reply.data && data.direction === 'in') {
      transferredBytes = Math.min(reply.data.length, data.buffer.length);
      data.buffer.set(reply.data.subarray(0, transferredBytes));
    }
    return { status: status.good, sense: noBytes, transferredBytes };
  }

  #reply(cdb: Uint8Array, data: DataPhase): Reply {
    const unit = this.#unit;
    unit.refresh();
    const operationCode = cdb[0] ?? 0;
    if (!exempt.has(operationCode) && operationCode !== requestSenseCode) {
      const pending = this.#nexus.pending.shift();
      if (pending) return check(pending);
    }
    const parsed = this.#parse(cdb);
    if (!parsed.ok) {
      const { senseKey: key, asc, ascq, field } = parsed.fault;
      return check({
        key,
        asc,
        ascq,
        ...(field ? { specific: { kind: 'field-pointer', inCdb: true, ...field } } : {}),
      });
    }
    const { command } = parsed;
    const reply = this.#dispatch(command, data);
    const isCut = reply.status === 'good' && reply.data && 'allocationBytes' in command;
    return isCut ? good(reply.data?.subarray(0, command.allocationBytes)) : reply;
  }

  /** A CDB is mostly the one before again: block after block is written or read. */
  #parse(cdb: Uint8Array): ReturnType<typeof parseCdb> {
    const last = this.#parsed;
    if (last && Buffer.compare(last.cdb, cdb) === 0) return last.result;
    const result = parseCdb(cdb, this.#unit.supported);
    this.#parsed = { cdb: Uint8Array.from(cdb), result };
    return result;
  }

  #dispatch(command: Parameters<LogicalUnit['perform']>[0], data: DataPhase): Reply {
    switch (command.op) {
      case 'inquiry':
        return answerInquiry(command, this.#unit);
      case 'reportLuns':
        return answerReportLuns(command, this.#unitCount);
      case 'reportSupportedOperationCodes':
        return answerSupportedOperations(command, this.#unit.supported);
      case 'requestSense':
        return this.#requestSense(command);
      default:
        return this.#unit.perform(command, data, this.#nexus);
    }
  }

  /** SPC-5 6.39: a waiting unit attention or deferred error is the data, and is told by it. */
  #requestSense({ descriptor }: RequestSenseCommand): Reply {
    return good(encodeSense(this.#nexus.pending.shift() ?? sense.noSense, descriptor ? 'descriptor' : 'fixed'));
  }
}

/** Node.js 20 has no `Promise.withResolvers`. */
function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
