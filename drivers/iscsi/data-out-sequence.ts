import { type Digests, pduBytes, putData, sealHeader } from '#drivers/iscsi/pdu-layout';
import { type DataOutRequest, encodeDataOut, putDataOutPiece, putDataOutRequest } from '#drivers/iscsi/request-pdus';

export interface DataOutFields {
  readonly lun: bigint;
  readonly initiatorTaskTag: number;
  /** All that the command writes, in arrays. */
  readonly data: readonly Uint8Array[];
  /** The part of it that this sequence has: from here to before `end`. */
  readonly offset: number;
  readonly end: number;
  /** The longest data segment that the target takes. */
  readonly segmentBytes: number;
  readonly digests: Digests;
}

/**
 * One sequence of Data-Out PDUs (RFC 7143 11.7) as it goes over the wire: a target that takes 8 KiB at a time gets a block of 512 KiB in 64 PDUs, and as many writes
 * would cost more than copying them together. What only the target's request tells is put in last; the rest can be done while that is awaited.
 */
export class DataOutSequence {
  /** As in the fields: a sequence is used only for the request that it was made for. */
  readonly end: number;
  readonly #memory: Buffer;
  readonly #digests: Digests;
  /** From one PDU to the next. */
  readonly #strideBytes: number;

  /** `take` gives memory of a length. The caller's arrays are copied. */
  constructor(fields: DataOutFields, take: (lengthBytes: number) => Buffer) {
    const { offset, end, segmentBytes, digests } = fields;
    this.end = end;
    this.#digests = digests;
    this.#strideBytes = pduBytes(segmentBytes, digests);
    const wholePdus = Math.ceil((end - offset) / segmentBytes) - 1;
    const lastBytes = end - offset - wholePdus * segmentBytes;
    this.#memory = take(wholePdus * this.#strideBytes + pduBytes(lastBytes, digests));
    const header = encodeDataOut(fields);
    for (let dataSn = 0; dataSn <= wholePdus; dataSn++) {
      const at = dataSn * this.#strideBytes;
      const bufferOffset = offset + dataSn * segmentBytes;
      const final = dataSn === wholePdus;
      const dataBytes = final ? lastBytes : segmentBytes;
      putDataOutPiece(header, { dataSn, bufferOffset, dataBytes, final });
      this.#memory.set(header, at);
      putData(this.#memory, at, { data: fields.data, offset: bufferOffset, dataBytes, digests });
    }
  }

  /** The finished PDUs, once. */
  answerTo(request: DataOutRequest): Buffer {
    for (let at = 0; at < this.#memory.length; at += this.#strideBytes) {
      putDataOutRequest(this.#memory, at, request);
      sealHeader(this.#memory, at, this.#digests);
    }
    return this.#memory;
  }
}
