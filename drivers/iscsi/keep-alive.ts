import { type Connection, lost } from '#drivers/iscsi/connection';
import type { Numbering } from '#drivers/iscsi/numbering';
import { reservedTag } from '#drivers/iscsi/pdu';
import { encodeNopOut } from '#drivers/iscsi/request-pdus';
import type { NopInPdu } from '#drivers/iscsi/target-pdus';
import type { Duration } from '#src/base/duration';

/** What commands in flight leave waiting is far less; only pings that nobody reads the answers to could go on without end. */
const maxWaitingWrites = 4096;

/** Pings in both directions (RFC 7143 11.18, 11.19): after a silence the target is asked whether it lives; another silence ends the connection. */
export class KeepAlive implements Disposable {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  readonly #timer: NodeJS.Timeout;
  #pingTag: number | undefined;
  #isRefused = false;

  constructor(connection: Connection, numbering: Numbering, silence: Duration) {
    this.#connection = connection;
    this.#numbering = numbering;
    this.#timer = setInterval(() => this.#check(), silence);
    this.#timer.unref();
  }

  take({ initiatorTaskTag, targetTransferTag, lun }: NopInPdu): void {
    if (initiatorTaskTag !== reservedTag) {
      if (initiatorTaskTag === this.#pingTag) this.#pingTag = undefined;
    } else if (this.#connection.waitingWrites > maxWaitingWrites) {
      this.#connection.close(lost(this.#connection.portal, 'the target asks on and on, and takes no answer'));
    } else if (targetTransferTag !== reservedTag) {
      this.#send({ initiatorTaskTag: reservedTag, targetTransferTag, lun });
    }
  }

  /** Tells the target that its last PDU came, without asking for an answer (RFC 7143 11.9.1, event 5). */
  acknowledge(lun: bigint): void {
    this.#send({ initiatorTaskTag: reservedTag, targetTransferTag: reservedTag, lun });
  }

  /** The target rejects pings: its life is then known by its answers only. */
  refused(): void {
    this.#pingTag = undefined;
    this.#isRefused = true;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    if (this.#connection.takeSignOfLife()) return;
    if (this.#pingTag !== undefined) {
      this.#connection.close(lost(this.#connection.portal, 'the target does not answer any more'));
    } else if (!this.#isRefused) {
      this.#pingTag = this.#numbering.takeTag();
      this.#send({ initiatorTaskTag: this.#pingTag, targetTransferTag: reservedTag, lun: 0n });
    }
  }

  #send(fields: { readonly initiatorTaskTag: number; readonly targetTransferTag: number; readonly lun: bigint }): void {
    this.#connection.send(encodeNopOut({ ...this.#numbering.here, ...fields }));
  }
}
