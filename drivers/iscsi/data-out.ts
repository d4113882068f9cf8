import type { Connection } from '#drivers/iscsi/connection';
import type { SessionParameters } from '#drivers/iscsi/negotiation';
import type { Numbering } from '#drivers/iscsi/numbering';
import { protocolViolation, reservedTag } from '#drivers/iscsi/pdu';
import { encodeDataOut, encodeScsiCommand, putDataOutPiece } from '#drivers/iscsi/request-pdus';
import type { ReadyToTransferPdu } from '#drivers/iscsi/target-pdus';
import { slices, type Task } from '#drivers/iscsi/task';

/** Sends commands and what they write: immediate data, unsolicited data, and what the target asks for (RFC 7143 4.2.4.3, 11.7, 11.8). */
export class DataOut {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  readonly #parameters: SessionParameters;

  constructor(connection: Connection, numbering: Numbering, parameters: SessionParameters) {
    this.#connection = connection;
    this.#numbering = numbering;
    this.#parameters = parameters;
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
    const pieces = data.direction === 'out' ? slices(data.data, 0, immediateBytes) : [];
    if (unsolicitedBytes === immediateBytes) this.#connection.send(header, pieces, immediateBytes);
    else this.#connection.sendFirst(header, pieces, immediateBytes);
    if (data.direction === 'out') task.movedBytes = immediateBytes;
    this.#sendUpTo(unsolicitedBytes, task, reservedTag);
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
    this.#sendUpTo(end, task, targetTransferTag);
  }

  /** One sequence of Data-Out PDUs, up to byte `end` of the command's data. */
  #sendUpTo(end: number, task: Task, targetTransferTag: number): void {
    const { data, lun } = task.request;
    if (data.direction !== 'out') return;
    if (task.movedBytes === end) return;
    const sequence = { lun, initiatorTaskTag: task.tag, targetTransferTag, expStatSn: this.#numbering.here.expStatSn };
    const header = encodeDataOut(sequence);
    for (let dataSn = 0; task.movedBytes < end; dataSn++) {
      const offset = task.movedBytes;
      const dataBytes = Math.min(end - offset, this.#parameters.maxSendDataBytes);
      const final = offset + dataBytes === end;
      putDataOutPiece(header, { dataSn, bufferOffset: offset, dataBytes, final });
      const pieces = slices(data.data, offset, dataBytes);
      if (final) this.#connection.send(header, pieces, dataBytes);
      else this.#connection.sendFirst(header, pieces, dataBytes);
      task.movedBytes += dataBytes;
    }
  }
}
