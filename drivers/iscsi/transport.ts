import { type IscsiSession, untilAborted } from '#drivers/iscsi/session';
import { seconds } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import type { DataPhase, ExecuteOptions, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';
import { encodeSense } from '#src/scsi/encode-sense';
import { parseSense } from '#src/scsi/parse-sense';
import { encodeSimpleLun } from '#src/scsi/report-luns';
import { senseKey } from '#src/scsi/sense-key';
import { status } from '#src/scsi/status';
import { encodeTestUnitReadyCdb } from '#src/scsi/test-unit-ready';

/** Answered without regard to unit attentions (SAM-5, SPC-5): REQUEST SENSE, INQUIRY, REPORT LUNS. */
const exempt = new Set([0x03, 0x12, 0xa0]);

/** More attentions than a target queues for one logical unit. */
const maxAttentions = 8;

/** I_T NEXUS LOSS OCCURRED (SAM-5, unit attention conditions). */
const nexusLoss: ScsiResult = {
  status: status.checkCondition,
  sense: encodeSense({ key: senseKey.unitAttention, asc: 0x29, ascq: 0x07 }),
  transferredBytes: 0,
};

/** One logical unit of a session. */
export class IscsiTransport implements ScsiTransport {
  readonly address: string;
  /** The length of a transfer has 32 bits; no block and no answer of a library is longer than this. */
  readonly maxTransferBytes = 16 * 2 ** 20;
  readonly #session: IscsiSession;
  readonly #lun: bigint;
  /** As of the last command: another number of logins means that the logical unit has forgotten us. */
  #logins: number;
  /** Settles with what is done aside after a lost connection. */
  #tail: Promise<unknown> | undefined;
  #closed = false;

  constructor(session: IscsiSession, lun: number) {
    this.#session = session;
    this.#lun = encodeSimpleLun(lun);
    this.#logins = session.logins;
    this.address = `${session.name} LUN ${lun}`;
  }

  execute(cdb: Uint8Array, data: DataPhase, options: ExecuteOptions): Promise<ScsiResult> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (this.#tail === undefined && this.#session.isUsable && this.#session.logins === this.#logins) {
      return this.#send(cdb, data, options);
    }
    const before = this.#tail ?? Promise.resolve();
    const result = untilAborted(before, options.signal).then(() => this.#executeAfterLoss(cdb, data, options));
    // One that was called off while it waited does not let those behind it overtake those before it.
    const tail = Promise.allSettled([before, result]).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #send(cdb: Uint8Array, data: DataPhase, options: ExecuteOptions): Promise<ScsiResult> {
    return this.#session.execute({ lun: this.#lun, cdb, data }, options);
  }

  /**
   * A target owes each logical unit a unit attention after its initiator was gone. Not all pay: so that nobody goes on writing at a place that he
   * believes to know, the attention is reported here where the target has none.
   */
  async #executeAfterLoss(cdb: Uint8Array, data: DataPhase, options: ExecuteOptions): Promise<ScsiResult> {
    await this.#session.ready(options.signal);
    if (this.#closed) throw this.#closedError();
    const { logins } = this.#session;
    if (logins === this.#logins || exempt.has(cdb[0] ?? 0)) return await this.#send(cdb, data, options);
    const attention = await this.#takeAttentions(options);
    this.#logins = logins;
    return attention ?? nexusLoss;
  }

  async #takeAttentions({ signal }: ExecuteOptions): Promise<ScsiResult | undefined> {
    let first: ScsiResult | undefined;
    for (let count = 0; count < maxAttentions; count++) {
      const result = await this.#send(
        encodeTestUnitReadyCdb(),
        { direction: 'none' },
        { timeout: seconds(60), signal },
      );
      const isAttention =
        result.status === status.checkCondition && parseSense(result.sense)?.key === senseKey.unitAttention;
      if (!isAttention) break;
      first ??= result;
    }
    return first;
  }

  #closedError(): DeviceError {
    return new DeviceError('device.closed', {
      message: `${this.address} was closed.`,
      remedy: 'Run the command again.',
      usable: true,
    });
  }
}
