import type { Connection } from '#drivers/iscsi/connection';
import type { Numbering } from '#drivers/iscsi/numbering';
import { protocolViolation, reservedTag } from '#drivers/iscsi/pdu';
import { encodeTextRequest } from '#drivers/iscsi/request-pdus';
import type { TextResponsePdu } from '#drivers/iscsi/target-pdus';
import { encodeTextKeys, parseTextKeys, type TextKey } from '#drivers/iscsi/text-keys';

const maxTextBytes = 1 << 20;
const maxParts = 1024;

interface Exchange {
  readonly parts: Buffer[];
  resolve(keys: TextKey[]): void;
  reject(cause: unknown): void;
}

/** Text requests of the full feature phase, one at a time: SendTargets (RFC 7143 11.10, 11.11). */
export class TextExchange {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  #current: Exchange | undefined;

  constructor(connection: Connection, numbering: Numbering) {
    this.#connection = connection;
    this.#numbering = numbering;
  }

  ask(keys: readonly TextKey[]): Promise<TextKey[]> {
    return new Promise((resolve, reject) => {
      const { closed } = this.#connection;
      if (closed) return reject(closed);
      this.#current = { parts: [], resolve, reject };
      this.#send(encodeTextKeys(keys), reservedTag);
    });
  }

  /** An answer that is not final is asked to go on. */
  take({ final, targetTransferTag }: TextResponsePdu, data: Buffer): void {
    const current = this.#current;
    if (!current) return;
    current.parts.push(data);
    const bytes = current.parts.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxTextBytes || current.parts.length > maxParts) throw protocolViolation('a text that does not end');
    if (final) {
      this.#current = undefined;
      current.resolve(parseTextKeys(Buffer.concat(current.parts)));
    } else this.#send(Buffer.alloc(0), targetTransferTag);
  }

  fail(cause: unknown): void {
    this.#current?.reject(cause);
    this.#current = undefined;
  }

  #send(data: Buffer, targetTransferTag: number): void {
    const tags = { initiatorTaskTag: this.#numbering.takeTag(), targetTransferTag };
    const header = encodeTextRequest({ ...this.#numbering.here, ...tags, dataBytes: data.length });
    this.#connection.send(header, data.length > 0 ? [data] : [], data.length);
  }
}
