import { type Connection, describePortal, lost, type PduHandler } from '#drivers/iscsi/connection';
import type { LoggedIn } from '#drivers/iscsi/login';
import type { SessionParameters } from '#drivers/iscsi/negotiation';
import { isBefore, nextSerial, opcode, protocolViolation, reservedTag } from '#drivers/iscsi/pdu';
import {
  encodeAbortTask,
  encodeDataOut,
  encodeLogoutRequest,
  encodeNopOut,
  encodeScsiCommand,
  encodeTextRequest,
} from '#drivers/iscsi/request-pdus';
import {
  type AsynchronousMessagePdu,
  type DataInPdu,
  type NopInPdu,
  parseTargetPdu,
  type ReadyToTransferPdu,
  type ScsiResponsePdu,
  type TargetPdu,
  type TextResponsePdu,
} from '#drivers/iscsi/target-pdus';
import { slices, Task, type TaskLimits, type TaskRequest } from '#drivers/iscsi/task';
import { encodeTextKeys, parseTextKeys, type TextKey } from '#drivers/iscsi/text-keys';
import { type Duration, seconds } from '#src/base/duration';
import { DeviceError, interrupted } from '#src/base/errors';
import type { ScsiResult } from '#src/device/scsi-transport';
import { status } from '#src/scsi/status';

export interface FullFeatureOptions {
  readonly connection: Connection;
  readonly login: LoggedIn;
  /** For messages: portal and target. */
  readonly name: string;
  /** Silence after which the target is asked whether it lives, and again as long for its answer. */
  readonly keepAlive?: Duration;
  /** For the answer to an ABORT TASK or a logout. */
  readonly patience?: Duration;
}

const noSense = new Uint8Array(0);
const maxTextBytes = 1 << 20;

/**
 * Full feature phase of a session with one connection at ErrorRecoveryLevel 0 (RFC 7143 7.1.1): commands in the order of CmdSN within the
 * target's window, their data, and what the target says unasked. Whatever goes wrong with numbering, digests or the socket ends it: every
 * command that is in flight then fails with `device.unreachable`, and the session logs in anew.
 */
export class FullFeaturePhase implements PduHandler {
  readonly #connection: Connection;
  readonly #parameters: SessionParameters;
  readonly #name: string;
  readonly #patience: Duration;
  readonly #tasks = new Map<number, Task>();
  readonly #queue: Task[] = [];
  /** ABORT TASK requests by their tag. */
  readonly #aborts = new Map<number, { readonly task: Task; readonly timer: NodeJS.Timeout }>();
  readonly #keepAlive: NodeJS.Timeout;
  #cmdSn: number;
  #expStatSn: number;
  #maxCmdSn: number;
  #nextTag = 1;
  #pingTag: number | undefined;
  #answersPings = true;
  #draining = false;
  #text: { readonly keys: Buffer[]; resolve(keys: TextKey[]): void; reject(cause: unknown): void } | undefined;
  #onLoggedOut: (() => void) | undefined;
  readonly #ended: Promise<DeviceError>;
  #end!: (cause: DeviceError) => void;

  constructor({ connection, login, name, keepAlive = seconds(15), patience = seconds(10) }: FullFeatureOptions) {
    this.#connection = connection;
    this.#parameters = login.parameters;
    this.#name = name;
    this.#patience = patience;
    this.#cmdSn = login.cmdSn;
    this.#expStatSn = login.expStatSn;
    this.#maxCmdSn = login.maxCmdSn;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#keepAlive = setInterval(() => this.#checkLife(), keepAlive);
    this.#keepAlive.unref();
    connection.useDigests(login.parameters);
    connection.handler = this;
  }

  /** Whether new commands are taken. */
  get usable(): boolean {
    return !this.#draining && this.#connection.closed === undefined;
  }

  /** Settles when the connection is gone. */
  get ended(): Promise<DeviceError> {
    return this.#ended;
  }

  execute(request: TaskRequest, { timeout, signal }: TaskLimits): Promise<ScsiResult> {
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#callOff(task, signal?.reason ?? interrupted());
      const task = new Task(this.#takeTag(), request, (outcome) => {
        signal?.removeEventListener('abort', onAbort);
        if ('result' in outcome) resolve(outcome.result);
        else reject(outcome.cause);
      });
      const { closed } = this.#connection;
      if (closed) return task.fail(closed);
      if (signal?.aborted) return task.fail(signal.reason ?? interrupted());
      task.timer = setTimeout(() => this.#timeOut(task, timeout), timeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(task);
      this.#sendQueued();
    });
  }

  /** SendTargets and the like (RFC 7143 11.10). */
  exchangeText(keys: readonly TextKey[]): Promise<TextKey[]> {
    return new Promise((resolve, reject) => {
      const { closed } = this.#connection;
      if (closed) return reject(closed);
      this.#text = { keys: [], resolve, reject };
      this.#sendText(encodeTextKeys(keys), reservedTag);
    });
  }

  /** Ends the session in order; at the latest after a few seconds by closing the connection. */
  async logOut(): Promise<void> {
    if (this.#connection.closed) return;
    this.#draining = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#patience / 2);
      this.#onLoggedOut = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#connection.send(encodeLogoutRequest({ ...this.#sequence, initiatorTaskTag: this.#takeTag() }));
    });
    this.#connection.end(lost(this.#connection.portal, 'it was closed after the logout'));
  }

  placeOf(header: Buffer, dataBytes: number): Buffer | undefined {
    if (((header[0] ?? 0) & 0x3f) !== opcode.dataIn) return undefined;
    const pdu = parseTargetPdu(header) as DataInPdu;
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    // Of a command that was aborted meanwhile: read over.
    if (!task || task.givenUp) return undefined;
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

  onPdu(header: Buffer, data: Buffer): void {
    const pdu = parseTargetPdu(header);
    if (!pdu)
      throw protocolViolation(`operation code ${((header[0] ?? 0) & 0x3f).toString(16)}h in the full feature phase`);
    this.#advance(pdu);
    this.#take(pdu, data);
    this.#sendQueued();
  }

  onClosed(cause: DeviceError): void {
    clearInterval(this.#keepAlive);
    for (const { timer } of this.#aborts.values()) clearTimeout(timer);
    this.#aborts.clear();
    const waiting = [...this.#queue.splice(0), ...this.#tasks.values()];
    this.#tasks.clear();
    for (const task of waiting) task.fail(cause);
    this.#text?.reject(cause);
    this.#text = undefined;
    this.#onLoggedOut?.();
    this.#end(cause);
  }

  get #sequence() {
    return { cmdSn: this.#cmdSn, expStatSn: this.#expStatSn };
  }

  #takeTag(): number {
    const tag = this.#nextTag;
    this.#nextTag = nextSerial(tag) === reservedTag ? 1 : nextSerial(tag);
    return tag;
  }

  /** StatSN and the command window (RFC 7143 4.2.2.1, 4.2.2.2). */
  #advance(pdu: TargetPdu): void {
    const isUnnumbered =
      pdu.kind === 'ready-to-transfer' ||
      (pdu.kind === 'data-in' && pdu.status === undefined) ||
      (pdu.kind === 'nop-in' && pdu.initiatorTaskTag === reservedTag);
    if (!isUnnumbered) {
      if (pdu.statSn !== this.#expStatSn) {
        throw protocolViolation(`status ${pdu.statSn} where ${this.#expStatSn} is due: an answer was lost`);
      }
      this.#expStatSn = nextSerial(pdu.statSn);
    }
    const isWindow = !isBefore(pdu.maxCmdSn, (pdu.expCmdSn - 1) >>> 0);
    if (isWindow && isBefore(this.#maxCmdSn, pdu.maxCmdSn)) this.#maxCmdSn = pdu.maxCmdSn;
  }

  #take(pdu: TargetPdu, data: Buffer): void {
    switch (pdu.kind) {
      case 'data-in':
        this.#takeData(pdu, data);
        return;
      case 'scsi-response':
        this.#takeResponse(pdu, data);
        return;
      case 'ready-to-transfer':
        this.#takeReadyToTransfer(pdu);
        return;
      case 'nop-in':
        this.#takeNopIn(pdu);
        return;
      case 'task-management-response':
        this.#takeAbortAnswer(pdu.initiatorTaskTag, pdu.response);
        return;
      case 'text-response':
        this.#takeText(pdu, data);
        return;
      case 'asynchronous-message':
        this.#takeMessage(pdu);
        return;
      case 'logout-response':
        this.#onLoggedOut?.();
        return;
      case 'reject':
        this.#takeReject(pdu.reason, data);
        return;
    }
  }

  #sendQueued(): void {
    while (this.#queue.length > 0 && !isBefore(this.#maxCmdSn, this.#cmdSn)) {
      const task = this.#queue.shift();
      if (task) this.#sendCommand(task);
    }
  }

  #sendCommand(task: Task): void {
    const { lun, cdb, data } = task.request;
    const { immediateData, initialR2T, firstBurstBytes, maxSendDataBytes } = this.#parameters;
    const outBytes = data.direction === 'out' ? task.expectedBytes : 0;
    const immediateBytes = immediateData ? Math.min(outBytes, firstBurstBytes, maxSendDataBytes) : 0;
    const unsolicitedBytes = initialR2T ? immediateBytes : Math.min(outBytes, firstBurstBytes);
    task.cmdSn = this.#cmdSn;
    this.#cmdSn = nextSerial(this.#cmdSn);
    this.#tasks.set(task.tag, task);
    const header = encodeScsiCommand({
      lun,
      initiatorTaskTag: task.tag,
      cdb,
      direction: data.direction,
      expectedBytes: task.expectedBytes,
      immediateBytes,
      final: unsolicitedBytes === immediateBytes,
      cmdSn: task.cmdSn,
      expStatSn: this.#expStatSn,
    });
    const pieces = data.direction === 'out' ? slices(data.data, 0, immediateBytes) : [];
    this.#connection.send(header, pieces, immediateBytes, immediateBytes > 0 ? task.sending() : undefined);
    task.movedBytes = data.direction === 'out' ? immediateBytes : 0;
    this.#sendData(task, { end: unsolicitedBytes, targetTransferTag: reservedTag });
  }

  /** One sequence of Data-Out PDUs, up to byte `end` of the command's data. */
  #sendData(
    task: Task,
    { end, targetTransferTag }: { readonly end: number; readonly targetTransferTag: number },
  ): void {
    const { data, lun } = task.request;
    if (data.direction !== 'out') return;
    for (let dataSn = 0; task.movedBytes < end; dataSn++) {
      const offset = task.movedBytes;
      const dataBytes = Math.min(end - offset, this.#parameters.maxSendDataBytes);
      const header = encodeDataOut({
        lun,
        initiatorTaskTag: task.tag,
        targetTransferTag,
        expStatSn: this.#expStatSn,
        dataSn,
        bufferOffset: offset,
        dataBytes,
        final: offset + dataBytes === end,
      });
      this.#connection.send(header, slices(data.data, offset, dataBytes), dataBytes, task.sending());
      task.movedBytes += dataBytes;
    }
  }

  #takeReadyToTransfer(pdu: ReadyToTransferPdu): void {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    if (!task) return;
    const { bufferOffset, desiredBytes } = pdu;
    const end = bufferOffset + desiredBytes;
    const isInOrder = bufferOffset === task.movedBytes && pdu.r2tSn === task.nextSn;
    const isPossible = desiredBytes > 0 && desiredBytes <= this.#parameters.maxBurstBytes && end <= task.expectedBytes;
    if (task.request.data.direction !== 'out' || !isInOrder || !isPossible) {
      throw protocolViolation(
        `it asks for ${desiredBytes} bytes at byte ${bufferOffset} (request ${pdu.r2tSn}) of ${task.expectedBytes}, where byte ${task.movedBytes} (request ${task.nextSn}) is next`,
      );
    }
    task.nextSn += 1;
    this.#sendData(task, { end, targetTransferTag: pdu.targetTransferTag });
  }

  #takeData(pdu: DataInPdu, data: Buffer): void {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    if (!task) return;
    task.movedBytes += data.length;
    task.nextSn += 1;
    if (pdu.status === undefined) return;
    if (!pdu.final) throw protocolViolation('a status with data that is not the last');
    this.#finish(task, { status: pdu.status, sense: noSense, transferredBytes: task.transferredBytes(pdu.residual) });
  }

  #takeResponse(pdu: ScsiResponsePdu, data: Buffer): void {
    const task = this.#tasks.get(pdu.initiatorTaskTag);
    if (!task) return;
    if (pdu.response !== 0) {
      this.#tasks.delete(task.tag);
      task.fail(this.#targetFailure(pdu.response));
      return;
    }
    // SenseLength, then the sense data (RFC 7143 11.4.7).
    const senseBytes = data.length < 2 ? 0 : Math.min(data.readUInt16BE(0), data.length - 2);
    const sense = Uint8Array.prototype.slice.call(data, 2, 2 + senseBytes);
    this.#finish(task, { status: pdu.status, sense, transferredBytes: task.transferredBytes(pdu.residual) });
  }

  #finish(task: Task, result: ScsiResult): void {
    this.#tasks.delete(task.tag);
    task.answer(result);
    this.#logOutWhenDrained();
  }

  #takeNopIn(pdu: NopInPdu): void {
    if (pdu.initiatorTaskTag !== reservedTag) {
      if (pdu.initiatorTaskTag === this.#pingTag) this.#pingTag = undefined;
      return;
    }
    if (pdu.targetTransferTag === reservedTag) return;
    const { lun, targetTransferTag } = pdu;
    const tags = { initiatorTaskTag: reservedTag, targetTransferTag };
    this.#connection.send(encodeNopOut({ ...this.#sequence, ...tags, lun }));
  }

  #checkLife(): void {
    if (this.#connection.takeSignOfLife()) return;
    if (this.#pingTag !== undefined) {
      this.#connection.close(lost(this.#connection.portal, 'the target does not answer any more'));
    } else if (this.#answersPings) {
      this.#pingTag = this.#takeTag();
      const tags = { initiatorTaskTag: this.#pingTag, targetTransferTag: reservedTag };
      this.#connection.send(encodeNopOut({ ...this.#sequence, ...tags, lun: 0n }));
    }
  }

  /**
   * A command that moves data uses the caller's memory and is aborted at the target. One that moves a medium or a cartridge is left to end by itself
   * (an aborted move may leave the cartridge in the robot's hand); the caller waits for it no longer.
   */
  #callOff(task: Task, cause: unknown): void {
    task.givenUp ??= { cause };
    if (task.request.data.direction === 'none' && this.#tasks.has(task.tag)) {
      task.fail(cause);
      return;
    }
    this.#abort(task);
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
      return;
    }
    if (!this.#tasks.has(task.tag) || task.abortTag !== undefined) return;
    const tag = this.#takeTag();
    task.abortTag = tag;
    const timer = setTimeout(() => {
      this.#connection.close(
        lost(this.#connection.portal, 'the target did not answer when a command was to be aborted'),
      );
    }, this.#patience);
    this.#aborts.set(tag, { task, timer });
    const tags = { initiatorTaskTag: tag, referencedTaskTag: task.tag, refCmdSn: task.cmdSn };
    this.#connection.send(encodeAbortTask({ ...this.#sequence, ...tags, lun: task.request.lun }));
  }

  #takeAbortAnswer(tag: number, response: number): void {
    const abort = this.#aborts.get(tag);
    if (!abort) return;
    this.#aborts.delete(tag);
    clearTimeout(abort.timer);
    const { task } = abort;
    // 0: aborted; 1: no such task, it ended meanwhile. Anything else leaves a command running that nobody can stop but by a new session.
    if (response > 1) {
      this.#connection.close(
        lost(this.#connection.portal, `the target did not abort a command (response ${response})`),
      );
      return;
    }
    this.#tasks.delete(task.tag);
    task.fail(task.givenUp?.cause);
    this.#logOutWhenDrained();
  }

  #sendText(data: Buffer, targetTransferTag: number): void {
    const tags = { initiatorTaskTag: this.#takeTag(), targetTransferTag };
    const header = encodeTextRequest({ ...this.#sequence, ...tags, dataBytes: data.length });
    this.#connection.send(header, data.length > 0 ? [data] : [], data.length);
  }

  #takeText(pdu: TextResponsePdu, data: Buffer): void {
    const text = this.#text;
    if (!text) return;
    text.keys.push(data);
    const bytes = text.keys.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxTextBytes || text.keys.length > 1024) throw protocolViolation('an answer of text that does not end');
    if (pdu.final) {
      this.#text = undefined;
      text.resolve(parseTextKeys(Buffer.concat(text.keys)));
    } else this.#sendText(Buffer.alloc(0), pdu.targetTransferTag);
  }

  #takeMessage({ event, lun }: AsynchronousMessagePdu): void {
    switch (event) {
      case 1: // Logout requested.
      case 4: // Negotiation requested: a new login negotiates everything.
        this.#draining = true;
        this.#logOutWhenDrained();
        return;
      case 2:
      case 3:
        this.#connection.close(lost(this.#connection.portal, 'the target announced that it drops it'));
        return;
      case 5:
        this.#endTasksOf(lun);
        return;
      default:
        // 0 (SCSI events, obsolete) and 255 (vendor's own) ask for nothing.
        return;
    }
  }

  /** All commands of the logical unit were ended by the target, and get no answer of their own. */
  #endTasksOf(lun: bigint): void {
    for (const task of [...this.#tasks.values()]) {
      if (task.request.lun !== lun) continue;
      this.#finish(task, { status: status.taskAborted, sense: noSense, transferredBytes: 0 });
    }
  }

  #logOutWhenDrained(): void {
    if (this.#draining && !this.#onLoggedOut && this.#tasks.size === 0) void this.logOut();
  }

  #takeReject(reason: number, data: Buffer): void {
    const rejected = data.length >= 1 ? (data[0] ?? 0) & 0x3f : undefined;
    if (rejected === opcode.nopOut) {
      this.#pingTag = undefined;
      this.#answersPings = false;
      return;
    }
    const what = rejected === undefined ? 'something' : `a PDU with operation code ${rejected.toString(16)}h`;
    throw protocolViolation(
      `it rejected ${what} that was sent to it (reason ${reason.toString(16).padStart(2, '0')}h)`,
    );
  }

  #timedOut(timeout: Duration): DeviceError {
    return new DeviceError('device.time-out', {
      message: `${this.#name}: no answer to a command within ${describeDuration(timeout)}; it was aborted`,
      remedy:
        'Look at the display of the device: it may still be busy. Then run `grandsire library inventory`, which shows where everything is.',
      usable: true,
    });
  }

  #targetFailure(response: number): DeviceError {
    return new DeviceError('device.unreachable', {
      message: `${describePortal(this.#connection.portal)}: the target failed while it carried out a command (response ${response.toString(16).padStart(2, '0')}h)`,
      remedy: 'Run the command again; if it fails in the same way, restart the iSCSI service of the library.',
      usable: true,
    });
  }
}

const describeDuration = (duration: Duration): string =>
  duration < 120_000 ? `${duration / 1000} s` : `${Math.round(duration / 60_000)} minutes`;
