import assert from 'node:assert/strict';
import { hex } from '#src/base/bytes';
import type { DataPhase, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';

/** One expected command and its answer. */
export interface Exchange {
  /** Hexadecimal; `..` matches any byte, and what follows the pattern is not looked at. */
  readonly cdb: string;
  /** Data-in, or (with data-out) what must have been sent. */
  readonly data?: Uint8Array;
  /** 18 bytes or more; makes the status CHECK CONDITION. */
  readonly sense?: Uint8Array;
  readonly status?: number;
  /** Where it differs from what `data` says. */
  readonly transferredBytes?: number;
  /** Thrown in place of an answer: time-out, lost transport. */
  readonly fails?: Error;
}

/**
 * A device that answers exactly what a recording or the standard says, command by command: for what no emulation sends.
 * A command that was not expected fails the test.
 */
export class ScriptedTransport implements ScsiTransport {
  readonly address = 'scripted unit';
  readonly maxTransferBytes: number;
  /** Every CDB so far, in hexadecimal. */
  readonly sent: string[] = [];
  disposed = 0;
  readonly #expected: Exchange[] = [];

  constructor({ maxTransferBytes = 1024 * 1024 }: { readonly maxTransferBytes?: number } = {}) {
    this.maxTransferBytes = maxTransferBytes;
  }

  expect(...exchanges: readonly Exchange[]): this {
    this.#expected.push(...exchanges);
    return this;
  }

  /** Everything that was expected came. */
  assertDone(): void {
    assert.deepEqual(
      this.#expected.map(({ cdb }) => cdb),
      [],
      'commands that did not come',
    );
  }

  async execute(cdb: Uint8Array, data: DataPhase): Promise<ScsiResult> {
    const text = hex(cdb);
    this.sent.push(text);
    const exchange = this.#expected.shift();
    assert.ok(exchange, `unexpected command ${text}`);
    const pattern = new RegExp(`^${exchange.cdb.replaceAll(' ', '').replaceAll('.', '[0-9a-f]')}`);
    assert.match(text, pattern);
    if (exchange.fails) throw exchange.fails;
    return {
      status: exchange.status ?? (exchange.sense ? 0x02 : 0x00),
      sense: exchange.sense ?? new Uint8Array(0),
      transferredBytes: exchange.transferredBytes ?? moveData(exchange, data),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed += 1;
  }
}

function moveData({ data: answer, sense }: Exchange, data: DataPhase): number {
  if (data.direction === 'in') {
    const bytes = (answer ?? new Uint8Array(0)).subarray(0, data.buffer.length);
    data.buffer.set(bytes);
    return bytes.length;
  }
  if (data.direction === 'none') return 0;
  const sent = Buffer.concat(data.data);
  if (answer) assert.equal(hex(sent), hex(answer));
  return sense ? 0 : sent.length;
}

export interface SenseBits {
  readonly information?: number;
  readonly filemark?: boolean;
  readonly endOfMedium?: boolean;
  readonly incorrectLength?: boolean;
  readonly deferred?: boolean;
}

/** Fixed-format sense data as SPC-5 draws it; written out here so that no codec of ours stands on both sides. */
export function fixedSense(key: number, asc: number, ascq: number, bits: SenseBits = {}): Uint8Array {
  const data = Buffer.alloc(18);
  data[0] = (bits.information === undefined ? 0 : 0x80) | (bits.deferred ? 0x71 : 0x70);
  data[2] = key | (bits.filemark ? 0x80 : 0) | (bits.endOfMedium ? 0x40 : 0) | (bits.incorrectLength ? 0x20 : 0);
  data.writeInt32BE(bits.information ?? 0, 3);
  data[7] = 10;
  data[12] = asc;
  data[13] = ascq;
  return data;
}

/** 36 bytes of standard INQUIRY data (SPC-5). */
export function standardInquiry(deviceType: number): Uint8Array {
  const data = Buffer.alloc(36, 0x20);
  data.set([deviceType, 0x80, 0x06, 0x02, 31, 0, 0, 0]);
  data.write('ACME    ', 8, 'latin1');
  data.write('MODEL 1         ', 16, 'latin1');
  data.write('0001', 32, 'latin1');
  return data;
}

/** VPD page 80h with a serial number. */
export function serialPage(deviceType: number, serial: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(deviceType, 0x80, 0, serial.length), Buffer.from(serial, 'latin1')]);
}
