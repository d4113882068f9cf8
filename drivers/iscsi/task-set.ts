import { type Connection, describePortal, lost } from '#drivers/iscsi/connection';
import { DataOut } from '#drivers/iscsi/data-out';
import type { SessionParameters } from '#drivers/iscsi/negotiation';
import type { Numbering } from '#drivers/iscsi/numbering';
import { opcode, protocolViolation } from '#drivers/iscsi/pdu';
import { encodeAbortTask } from '#drivers/iscsi/request-pdus';
import {
  type DataInPdu,
  parseTargetPdu,
  type ReadyToTransferPdu,
  type ScsiResponsePdu,
} from '#drivers/iscsi/target-pdus';
import { Task, type TaskLimits, type TaskRequest } from '#drivers/iscsi/task';
import { type Duration, seconds } from '#src/base/duration';
import { DeviceError, interrupted } from '#src/base/errors';
import type { ScsiResult } from '#src/device/scsi-transport';
import { status } from '#src/scsi/status';

export interface TaskSetOptions {
  readonly connection: Connection;
  readonly numbering: Numbering;
  readonly parameters: SessionParameters;
  /** For messages: portal and target. */
  readonly name: string;
  /** For the answer to an ABORT TASK. */
  readonly patience: Duration;
  /** Called when the last command has ended. */
  readonly onIdle: () => void;
}

const noSense = new Uint8Array(0);

/** SCSI commands of one connection, from the call to the answer: in the order of the calls, as far as the target's window allows. */
export class TaskSet {
  readonly #options: TaskSetOptions;
  readonly #dataOut: DataOut;
  readonly #tasks = new Map<number, Task>();
  readonly #queue: Task[] = [];
  /** ABORT TASK requests by their tag. */
  readonly #aborts = new Map<number, { readonly task: Task; readonly timer: NodeJS.Timeout }>();

  constructor(options: TaskSetOptions) {
    this.#options = options;
    this.#dataOut = new DataOut(options.connection, options.numbering, options.parameters);
  }

  get isIdle(): boolean {
    return this.#tasks.size === 0 && this.#queue.length === 0;
  }

  execute(request: TaskRequest, { timeout, signal }: TaskLimits): Promise<ScsiResult> {
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#callOff(task, signal?.reason ?? interrupted());
      const task = new Task(this.#options.numbering.takeTag(), request, (outcome) => {
        signal?.removeEventListener('abort', onAbort);
        if ('result' in outcome) resolve(outcome.result);
        else reject(outcome.cause);
      });
      const { closed } = this.#options.connection;
      if (closed) return task.fail(closed);
      if (signal?.aborted) return task.fail(signal.reason ?? interrupted());
      task.timer = setTimeout(() => this.#timeOut(task, timeout), timeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(task);
      this.sendQueued();
    });
  }

  sendQueued(): void {
    while (this.#queue.length > 0 && this.#options.numbering.isWindowOpen) {
      const task = this.#queue.shift();
      if (!task) return;
      this.#tasks.set(task.tag, task);
      this.#dataOut.sendCommand(task);
    }
  }

  /** Where a Data-In segment belongs; undefined for every other PDU, and for data of a command that was aborted meanwhile. */
  placeOf(header: Buffer, dataBytes: number): Buffer | undefined {
    if (((header[0] ?? 0) & 0x3f) !== opcode.dataIn) return undefined;
    const pdu = parseTargetPdu(header) as DataInPdu;
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    if (!task || task.isSettled) return undefined;
    const { data } = task.request;
    if (data.direction !== 'in') throw protocolViolation('data for a command that reads nothing');
    if (pdu.bufferOffset !== task.movedBytes || pdu.dataSn !== task.nextSn) {
      throw protocolViolation(
        `data ${pdu.dataSn} at byte ${pdu.bufferOffset} where ${task.nextSn} at byte ${task.movedBytes} is due`,
      );
    }
    if (pdu.bufferOffset + dataBytes > data.buffer.length) {
      throw protocolViolation(`data up to byte ${pdu.bufferOffset + dataBytes} of ${data.buffer.length}`);
    }
    const { buffer, byteOffset } = data.buffer;
    return Buffer.from(buffer, byteOffset + pdu.bufferOffset, dataBytes);
  }

  takeData(pdu: DataInPdu, dataBytes: number): void {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    if (!task) return;
    task.movedBytes += dataBytes;
    task.nextSn += 1;
    if (pdu.status === undefined) return;
    if (!pdu.final) throw protocolViolation('a status with data that is not the last');
    this.#finish(task, { status: pdu.status, sense: noSense, transferredBytes: task.transferredBytes(pdu.residual) });
  }

  takeResponse(pdu: ScsiResponsePdu, data: Buffer): void {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    if (!task) return;
    if (pdu.response !== 0) {
      task.fail(this.#targetFailure(pdu.response));
      this.#remove(task);
      return;
    }
    // SenseLength, then the sense data (RFC 7143 11.4.7).
    const senseBytes = data.length < 2 ? 0 : Math.min(data.readUInt16BE(0), data.length - 2);
    const sense = Uint8Array.prototype.slice.call(data, 2, 2 + senseBytes);
    this.#finish(task, { status: pdu.status, sense, transferredBytes: task.transferredBytes(pdu.residual) });
  }

  takeReadyToTransfer(pdu: ReadyToTransferPdu): void {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    // The memory of a command that has an answer is its caller's again; the data that is due is then not sent, and the target gives up.
    if (task && !task.isSettled) this.#dataOut.answer(task, pdu);
  }

  takeAbortAnswer(tag: number, response: number): void {
    const abort = this.#aborts.get(tag);
    if (!abort) return;
    this.#aborts.delete(tag);
    clearTimeout(abort.timer);
    // 0: aborted; 1: no such task, it ended meanwhile. Anything else leaves a command running that nothing but a new session can stop.
    if (response > 1) {
      const { connection } = this.#options;
      connection.close(lost(connection.portal, `the target did not abort a command (response ${response})`));
      return;
    }
    abort.task.fail(abort.task.givenUp?.cause);
    this.#remove(abort.task);
  }

  /** All commands of the logical unit were ended by the target, and get no answer of their own (RFC 7143 11.9.1, event 5). */
  endTasksOf(lun: bigint): void {
    for (const task of [...this.#tasks.values()]) {
      if (task.request.lun === lun) {
        this.#finish(task, { status: status.taskAborted, sense: noSense, transferredBytes: 0 });
      }
    }
  }

  /** The connection is gone. */
  failAll(cause: DeviceError): void {
    for (const { timer } of this.#aborts.values()) clearTimeout(timer);
    this.#aborts.clear();
    const waiting = [...this.#queue.splice(0), ...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of waiting) {
      clearTimeout(task.timer);
      task.fail(cause);
    }
  }

  #finish(task: Task, result: ScsiResult): void {
    task.answer(result);
    this.#remove(task);
  }

  #remove(task: Task): void {
    clearTimeout(task.timer);
    this.#tasks.delete(task.tag);
    if (this.isIdle) this.#options.onIdle();
  }

  /**
   * A command that moves data uses the caller's memory and is aborted at the target. One that moves a medium or a cartridge is left to end by itself
   * (an aborted move may leave the cartridge in the robot's hand) within its time limit; the caller waits for it no longer.
   */
  #callOff(task: Task, cause: unknown): void {
    task.givenUp ??= { cause };
    if (task.request.data.direction === 'none' && this.#tasks.has(task.tag)) task.fail(cause);
    else this.#abort(task);
  }

  #timeOut(task: Task, timeout: Duration): void {
    task.givenUp ??= { cause: this.#timedOut(timeout) };
    this.#abort(task);
  }

  #abort(task: Task): void {
    const place = this.#queue.indexOf(task);
    if (place >= 0) {
      this.#queue.splice(place, 1);
      task.fail(task.givenUp?.cause);
      this.#remove(task);
      return;
    }
    if (!this.#tasks.has(task.tag) || task.isAborting) return;
    task.isAborting = true;
    const { connection, numbering, patience } = this.#options;
    const tag = numbering.takeTag();
    const timer = setTimeout(() => {
      connection.close(lost(connection.portal, 'the target did not answer when a command was to be aborted'));
    }, patience);
    this.#aborts.set(tag, { task, timer });
    const tags = { initiatorTaskTag: tag, referencedTaskTag: task.tag, refCmdSn: task.cmdSn };
    connection.send(encodeAbortTask({ ...numbering.here, ...tags, lun: task.request.lun }));
  }

  #timedOut(timeout: Duration): DeviceError {
    const limit = timeout < seconds(120) ? `${timeout / 1000} s` : `${Math.round(timeout / 60_000)} minutes`;
    return new DeviceError('device.time-out', {
      message: `${this.#options.name}: no answer to a command within ${limit}; it was aborted`,
      remedy:
        'Look at the display of the device: it may still be busy. Then run `grandsire library inventory`, which shows where everything is.',
      usable: true,
    });
  }

  #targetFailure(response: number): DeviceError {
    const code = response.toString(16).padStart(2, '0');
    return new DeviceError('device.unreachable', {
      message: `${describePortal(this.#options.connection.portal)}: the target failed while it carried out a command (response ${code}h)`,
      remedy: 'Run the command again; if it fails in the same way, restart the iSCSI service of the library.',
      usable: true,
    });
  }
}
