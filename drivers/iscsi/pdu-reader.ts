import { crc32c } from '#drivers/iscsi/crc32c';
import { headerBytes, paddingOf, protocolViolation } from '#drivers/iscsi/pdu';
import { bug } from '#src/base/errors';

export interface PduReaderOptions {
  /** Where the data segment of this PDU goes (exactly as many bytes), or undefined: into a buffer of its own. Throws what is wrong with it. */
  readonly placeOf: (header: Buffer, dataBytes: number) => Buffer | undefined;
  /** A whole PDU, its digests checked. The header is overwritten by the next one. */
  readonly onPdu: (header: Buffer, data: Buffer) => void;
}

const noData = Buffer.alloc(0);
const digestBytes = 4;
/** TotalAHSLength counts words of four bytes in one byte. */
const maxAdditionalBytes = 255 * 4;
/** Shorter pieces would cost more in turns of the event loop than in copying. */
const worthwhileBytes = 64 * 1024;

/**
 * Cuts what arrives into PDUs (RFC 7143 11.2): basic header, additional headers (read over: no target sends any that matters here), header
 * digest, data, padding, data digest. Data goes straight to where it belongs; nothing that the target announces makes it allocate more than
 * `maxDataBytes`. Throws `device.protocol`; after that nothing more may be given to it.
 */
export class PduReader {
  headerDigest = false;
  dataDigest = false;
  /** Set while a PDU is handled: what follows it is not read. */
  isHeld = false;
  /** MaxRecvDataSegmentLength that was declared. */
  maxDataBytes: number;
  readonly #options: PduReaderOptions;
  readonly #header = Buffer.alloc(headerBytes + maxAdditionalBytes + digestBytes);
  #headerFilled = 0;
  #data: Buffer | undefined;
  #dataFilled = 0;
  #tailBytes = 0;
  readonly #tail = Buffer.alloc(3 + digestBytes);
  #tailFilled = 0;

  constructor(maxDataBytes: number, options: PduReaderOptions) {
    this.maxDataBytes = maxDataBytes;
    this.#options = options;
  }

  /** The rest of a data segment that is due, where putting it there at once is worth it; undefined: whatever comes goes to `receive`. */
  get room(): Buffer | undefined {
    const data = this.#data;
    if (!data || this.isHeld || data.length - this.#dataFilled < worthwhileBytes) return undefined;
    return data.subarray(this.#dataFilled);
  }

  /** So many bytes of `room` were filled. */
  receiveInPlace(count: number): void {
    const data = this.#data;
    if (!data || count > data.length - this.#dataFilled)
      throw bug(`${count} bytes came where no room was given for them`);
    this.#dataFilled += count;
    this.#finishWhenWhole(data);
  }

  /** Returns how much of it was taken: all, unless it is held. */
  receive(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && !this.isHeld) {
      if (this.#data === undefined) at = this.#receiveHeader(chunk, at);
      else if (this.#dataFilled < this.#data.length) at = this.#receiveData(chunk, at, this.#data);
      else at = this.#receiveTail(chunk, at);
      if (this.#data !== undefined) this.#finishWhenWhole(this.#data);
    }
    return at;
  }

  get #headerNeeds(): number {
    if (this.#headerFilled < headerBytes) return headerBytes;
    return headerBytes + 4 * (this.#header[4] ?? 0) + (this.headerDigest ? digestBytes : 0);
  }

  #receiveHeader(chunk: Buffer, at: number): number {
    const count = Math.min(this.#headerNeeds - this.#headerFilled, chunk.length - at);
    chunk.copy(this.#header, this.#headerFilled, at, at + count);
    this.#headerFilled += count;
    if (this.#headerFilled >= headerBytes && this.#headerFilled === this.#headerNeeds) this.#begin();
    return at + count;
  }

  #begin(): void {
    const end = headerBytes + 4 * (this.#header[4] ?? 0);
    if (this.headerDigest && crc32c(this.#header.subarray(0, end)) !== this.#header.readUInt32LE(end)) {
      throw protocolViolation('the digest of a header is wrong: the data was damaged on the way');
    }
    const dataBytes = this.#header.readUIntBE(5, 3);
    if (dataBytes > this.maxDataBytes) {
      throw protocolViolation(`a data segment of ${dataBytes} bytes, where ${this.maxDataBytes} were allowed`);
    }
    const header = this.#header.subarray(0, headerBytes);
    const place = this.#options.placeOf(header, dataBytes);
    this.#data = place ?? (dataBytes === 0 ? noData : Buffer.allocUnsafe(dataBytes));
    this.#dataFilled = 0;
    this.#tailFilled = 0;
    this.#tailBytes = dataBytes === 0 ? 0 : paddingOf(dataBytes) + (this.dataDigest ? digestBytes : 0);
  }

  #receiveData(chunk: Buffer, at: number, data: Buffer): number {
    const count = Math.min(data.length - this.#dataFilled, chunk.length - at);
    chunk.copy(data, this.#dataFilled, at, at + count);
    this.#dataFilled += count;
    return at + count;
  }

  #receiveTail(chunk: Buffer, at: number): number {
    const count = Math.min(this.#tailBytes - this.#tailFilled, chunk.length - at);
    chunk.copy(this.#tail, this.#tailFilled, at, at + count);
    this.#tailFilled += count;
    return at + count;
  }

  #finishWhenWhole(data: Buffer): void {
    if (this.#dataFilled < data.length || this.#tailFilled < this.#tailBytes) return;
    if (this.dataDigest && data.length > 0) this.#checkDataDigest(data);
    this.#data = undefined;
    this.#headerFilled = 0;
    this.#options.onPdu(this.#header.subarray(0, headerBytes), data);
  }

  #checkDataDigest(data: Buffer): void {
    const padding = paddingOf(data.length);
    const crc = crc32c(this.#tail.subarray(0, padding), crc32c(data));
    if (crc !== this.#tail.readUInt32LE(padding)) {
      throw protocolViolation('the digest of a data segment is wrong: the data was damaged on the way');
    }
  }
}
