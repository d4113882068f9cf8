import type { Connection } from '#drivers/iscsi/connection';
import { DataOutSequence } from '#drivers/iscsi/data-out-sequence';
import type { SessionParameters } from '#drivers/iscsi/negotiation';
import type { Numbering } from '#drivers/iscsi/numbering';
import { protocolViolation, reservedTag } from '#drivers/iscsi/pdu';
import { encodeScsiCommand } from '#drivers/iscsi/request-pdus';
import type { ReadyToTransferPdu } from '#drivers/iscsi/target-pdus';
import type { Task } from '#drivers/iscsi/task';

/** Sends commands and what they write: immediate data, unsolicited data, and what the target asks for (RFC 7143 4.2.4.3, 11.7, 11.8). */
export class DataOut {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  readonly #parameters: SessionParameters;
  /** How much the target asks for at a time: as much as it may, until it shows otherwise. */
  #usualBytes: number;

  constructor(connection: Connection, numbering: Numbering, parameters: SessionParameters) {
    this.#connection = connection;
    this.#numbering = numbering;
    this.#parameters = parameters;
    this.#usualBytes = parameters.maxBurstBytes;
  }

  sendCommand(task: Task): void {
    const { lun, cdb, data } = task.request;
    const { immediateData, initialR2T, firstBurstBytes, maxSendDataBytes } = this.#parameters;
    const outBytes = data.direction === 'out' ? task.expectedBytes : 0;
    const immediateBytes = immediateData ? Math.min(outBytes, firstBurstBytes, maxSendDataBytes) : 0;
    const unsolicitedBytes = initialR2T ? immediateBytes : Math.min(outBytes, firstBurstBytes);
    task.cmdSn = this.#numbering.takeCmdSn();
    const header = encodeScsiCommand({
      lun,
      initiatorTaskTag: task.tag,
      cdb,
      direction: data.direction,
      expectedBytes: task.expectedBytes,
      immediateBytes,
      final: unsolicitedBytes === immediateBytes,
      cmdSn: task.cmdSn,
      expStatSn: this.#numbering.here.expStatSn,
    });
    this.#connection.send(header, data.direction === 'out' ? data.data : [], immediateBytes);
    if (data.direction !== 'out') return;
    task.movedBytes = immediateBytes;
    if (unsolicitedBytes > immediateBytes) this.#send(task, this.#sequence(task, unsolicitedBytes), reservedTag);
    this.#prepare(task);
  }

  /** Throws `device.protocol` where the target asks for what is not its turn, or more than there is. */
  answer(task: Task, { bufferOffset, desiredBytes, r2tSn, targetTransferTag }: ReadyToTransferPdu): void {
    const end = bufferOffset + desiredBytes;
    // With the reserved tag the data would be taken for unsolicited (RFC 7143 11.8.5).
    if (targetTransferTag === reservedTag) throw protocolViolation('it asks for data under the reserved tag');
    const isInOrder = bufferOffset === task.movedBytes && r2tSn === task.nextSn;
    const isPossible = desiredBytes > 0 && desiredBytes <= this.#parameters.maxBurstBytes && end <= task.expectedBytes;
    if (task.request.data.direction !== 'out' || !isInOrder || !isPossible) {
      throw protocolViolation(
        `it asks for ${desiredBytes} bytes at byte ${bufferOffset} (request ${r2tSn}) of ${task.expectedBytes}, where byte ${task.movedBytes} (request ${task.nextSn}) is next`,
      );
    }
    task.nextSn += 1;
    if (end < task.expectedBytes) this.#usualBytes = desiredBytes;
    const prepared = task.prepared?.end === end ? task.prepared : undefined;
    this.#send(task, prepared ?? this.#sequence(task, end), targetTransferTag);
    this.#prepare(task);
  }

  /** While the target takes what was sent, what it will ask for next is put together. */
  #prepare(task: Task): void {
    const end = Math.min(task.movedBytes + this.#usualBytes, task.expectedBytes);
    task.prepared = end > task.movedBytes ? this.#sequence(task, end) : undefined;
  }

  /** What the command writes up to byte `end`, from where it stands. */
  #sequence(task: Task, end: number): DataOutSequence {
    const { data, lun } = task.request;
    const { maxSendDataBytes: segmentBytes } = this.#parameters;
    const place = { lun, initiatorTaskTag: task.tag, offset: task.movedBytes, end, segmentBytes };
    return new DataOutSequence(
      { ...place, data: data.direction === 'out' ? data.data : [], digests: this.#parameters },
      (lengthBytes) => this.#connection.take(lengthBytes),
    );
  }

  #send(task: Task, sequence: DataOutSequence, targetTransferTag: number): void {
    const { expStatSn } = this.#numbering.here;
    this.#connection.sendWhole(sequence.answerTo({ targetTransferTag, expStatSn }));
    task.movedBytes = sequence.end;
  }
}
