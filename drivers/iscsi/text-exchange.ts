import { type Connection, lost } from '#drivers/iscsi/connection';
import type { Numbering } from '#drivers/iscsi/numbering';
import { protocolViolation, reservedTag } from '#drivers/iscsi/pdu';
import { encodeTextRequest } from '#drivers/iscsi/request-pdus';
import type { TextResponsePdu } from '#drivers/iscsi/target-pdus';
import { encodeTextKeys, parseTextKeys, type TextKey } from '#drivers/iscsi/text-keys';
import type { Duration } from '#src/base/duration';

const maxTextBytes = 1 << 20;
const maxParts = 1024;

interface Exchange {
  /** One for all requests of an exchange (RFC 7143 11.10.4). */
  readonly tag: number;
  readonly timer: NodeJS.Timeout;
  readonly parts: Buffer[];
  resolve(keys: TextKey[]): void;
  reject(cause: unknown): void;
}

/** Text requests of the full feature phase, one at a time: SendTargets (RFC 7143 11.10, 11.11). */
export class TextExchange {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  readonly #patience: Duration;
  #current: Exchange | undefined;

  /** `patience`: for the whole answer. */
  constructor(connection: Connection, numbering: Numbering, patience: Duration) {
    this.#connection = connection;
    this.#numbering = numbering;
    this.#patience = patience;
  }

  ask(keys: readonly TextKey[]): Promise<TextKey[]> {
    return new Promise((resolve, reject) => {
      const { closed, portal } = this.#connection;
      if (closed) return reject(closed);
      const timer = setTimeout(() => {
        this.#connection.close(lost(portal, 'the target did not answer a question for its names'));
      }, this.#patience);
      this.#current = { tag: this.#numbering.takeTag(), timer, parts: [], resolve, reject };
      this.#send(encodeTextKeys(keys), { targetTransferTag: reservedTag, lun: 0n }, this.#current);
    });
  }

  /** An answer that is not final is asked to go on. */
  take({ final, initiatorTaskTag, targetTransferTag, lun }: TextResponsePdu, data: Buffer): void {
    const current = this.#current;
    if (current?.tag !== initiatorTaskTag) return;
    current.parts.push(data);
    const bytes = current.parts.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxTextBytes || current.parts.length > maxParts) throw protocolViolation('a text that does not end');
    if (final) {
      const keys = parseTextKeys(Buffer.concat(current.parts));
      clearTimeout(current.timer);
      this.#current = undefined;
      current.resolve(keys);
    } else if (targetTransferTag === reservedTag) {
      throw protocolViolation('a text that goes on without saying under which tag');
    } else this.#send(Buffer.alloc(0), { targetTransferTag, lun }, current);
  }

  fail(cause: unknown): void {
    clearTimeout(this.#current?.timer);
    this.#current?.reject(cause);
    this.#current = undefined;
  }

  #send(data: Buffer, of: Pick<TextResponsePdu, 'targetTransferTag' | 'lun'>, { tag }: Exchange): void {
    const { targetTransferTag, lun } = of;
    const fields = { initiatorTaskTag: tag, targetTransferTag, lun, dataBytes: data.length };
    const header = encodeTextRequest({ ...this.#numbering.here, ...fields });
    this.#connection.send(header, data.length > 0 ? [data] : [], data.length);
  }
}
