import { connect, type Socket } from 'node:net';
import { Outgoing, type Wire } from '#drivers/iscsi/outgoing';
import { type Digests, pduBytes, putData, sealHeader } from '#drivers/iscsi/pdu-layout';
import { PduReader } from '#drivers/iscsi/pdu-reader';
import type { Duration } from '#src/base/duration';
import { DeviceError, interrupted } from '#src/base/errors';

export interface Portal {
  readonly host: string;
  readonly port: number;
}

export const describePortal = ({ host, port }: Portal): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Who takes what comes: the login, then the full feature phase. */
export interface PduHandler {
  /** Where a data segment of so many bytes goes; undefined: into a buffer of its own. Throws what is wrong with the PDU. */
  placeOf(header: Buffer, dataBytes: number): Buffer | undefined;
  /** Throws what is wrong with the PDU; the connection is then closed with that. */
  onPdu(header: Buffer, data: Buffer): void;
  /** Nothing comes any more. Called once. */
  onClosed(cause: DeviceError): void;
}

/** For headers with what comes along with them: a large block is copied no further than this, and the rest of it goes straight to its place. */
const receiveBytes = 64 * 1024;

/** Operation codes of a target, with no reserved bit set (RFC 7143 11.2.1): a server of another kind shows itself by its first byte. */
const isOfTarget = (byte: number | undefined): boolean => ((byte ?? 0) & 0xe0) === 0x20;

const noHandler: PduHandler = { placeOf: () => undefined, onPdu: () => undefined, onClosed: () => undefined };

/** One TCP connection to a portal, in PDUs. A failure of any kind closes it, and says so once to its handler. */
export class Connection {
  readonly portal: Portal;
  #digests: Digests = { headerDigest: false, dataDigest: false };
  readonly #wire: Wire;
  readonly #outgoing: Outgoing;
  readonly #reader: PduReader;
  #handler: PduHandler = noHandler;
  #closed: DeviceError | undefined;
  #isLoggedIn = false;
  /** Bytes arrived since the last question: a sign of life. */
  #heard = false;
  /** What came behind the last PDU of the login, while its digests are not yet known. */
  #held: Buffer[] = [];

  constructor(wire: Wire, portal: Portal, maxDataBytes: number) {
    this.portal = portal;
    this.#wire = wire;
    this.#outgoing = new Outgoing(wire);
    this.#reader = new PduReader(maxDataBytes, {
      placeOf: (header, dataBytes) => this.#handler.placeOf(header, dataBytes),
      onPdu: (header, data) => this.#handler.onPdu(header, data),
    });
  }

  /** Throws `device.unreachable` naming the cause, and the signal's reason. */
  static open(
    portal: Portal,
    { timeout, maxDataBytes, signal }: { timeout: Duration; maxDataBytes: number; signal?: AbortSignal | undefined },
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined;
      const common = Buffer.allocUnsafeSlow(receiveBytes);
      const socket = connect({
        ...portal,
        onread: {
          // In the middle of a block the socket reads straight to where the block belongs.
          buffer: () => connection?.room ?? common,
          callback: (count, buffer) => {
            if (buffer === common) connection?.receive(common.subarray(0, count));
            else connection?.receiveInPlace(count);
            return true;
          },
        },
      });
      const fail = (cause: unknown) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        socket.destroy();
        reject(cause);
      };
      const onAbort = () => fail(signal?.reason ?? interrupted());
      const timer = setTimeout(() => fail(noConnection(portal, `no answer within ${timeout / 1000} s`)), timeout);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) return onAbort();
      socket.once('error', (cause) => fail(noConnection(portal, describeSocketError(cause), cause)));
      socket.once('connect', () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        socket.removeAllListeners('error');
        socket.setNoDelay(true);
        socket.setKeepAlive(true, 30_000);
        connection = new Connection(socket, portal, maxDataBytes);
        connection.#listen(socket);
        resolve(connection);
      });
    });
  }

  #listen(socket: Socket): void {
    socket.on('error', (cause) => this.close(this.#gone(describeSocketError(cause), cause)));
    socket.on('end', () => this.close(this.#gone('the target closed the connection')));
    socket.on('close', () => this.close(this.#gone('it was closed')));
  }

  /** What comes before a handler is set is dropped: the target speaks only when spoken to until the login has ended. */
  set handler(handler: PduHandler) {
    this.#handler = handler;
    if (this.#closed) handler.onClosed(this.#closed);
  }

  /** The PDU that is being handled was the last of the login: a target may go on at once, with digests that are not yet known here. */
  hold(): void {
    this.#reader.isHeld = true;
  }

  /** Digests count from the PDU after the last login response on (RFC 7143 13.1). */
  enterFullFeaturePhase(handler: PduHandler, { headerDigest, dataDigest }: Digests): void {
    this.#digests = { headerDigest, dataDigest };
    this.#isLoggedIn = true;
    Object.assign(this.#reader, { headerDigest, dataDigest, isHeld: false });
    this.handler = handler;
    for (const bytes of this.#held.splice(0)) this.receive(bytes);
  }

  get closed(): DeviceError | undefined {
    return this.#closed;
  }

  /** Whether anything came since the last time that this was asked. */
  takeSignOfLife(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  /** Where what comes next may be put to save copying it; undefined: anywhere. */
  get room(): Buffer | undefined {
    return this.#closed ? undefined : this.#reader.room;
  }

  /** What came; its memory is not used afterwards. */
  receive(bytes: Buffer): void {
    if (!this.#isLoggedIn && !this.#heard && !isOfTarget(bytes[0])) {
      this.close(noLogin(this.portal, 'what answers there does not speak iSCSI'));
    }
    this.#hear(() => {
      const taken = this.#reader.receive(bytes);
      if (taken < bytes.length) this.#held.push(Buffer.from(bytes.subarray(taken)));
    });
  }

  /** So many bytes came and were put into `room`. */
  receiveInPlace(count: number): void {
    this.#hear(() => this.#reader.receiveInPlace(count));
  }

  #hear(take: () => void): void {
    if (this.#closed) return;
    this.#heard = true;
    try {
      take();
    } catch (cause) {
      this.close(this.#gone(cause instanceof Error ? cause.message : String(cause), cause));
    }
  }

  #gone(why: string, cause?: unknown): DeviceError {
    return this.#isLoggedIn ? lost(this.portal, why, cause) : noLogin(this.portal, why, cause);
  }

  /** Pieces that were sent and that the target has not taken. */
  get waitingWrites(): number {
    return this.#outgoing.waitingWrites;
  }

  /** Memory for PDUs that are put together elsewhere and then given to `sendWhole`. */
  take(lengthBytes: number): Buffer {
    return this.#outgoing.take(lengthBytes);
  }

  /** PDUs with all that goes along with them, in memory of `take`, which is given back with it. */
  sendWhole(bytes: Buffer): void {
    if (!this.#closed) this.#outgoing.send(bytes);
  }

  /** The first `dataBytes` of `data` go with the header. Leaves at once; the memory of `data` is free again when it returns. */
  send(header: Buffer, data: readonly Uint8Array[] = [], dataBytes = 0): void {
    if (this.#closed) return;
    const pdu = this.take(pduBytes(dataBytes, this.#digests));
    pdu.set(header);
    sealHeader(pdu, 0, this.#digests);
    putData(pdu, 0, { data, offset: 0, dataBytes, digests: this.#digests });
    this.sendWhole(pdu);
  }

  close(cause: DeviceError): void {
    if (this.#closed) return;
    this.#closed = cause;
    this.#wire.destroy();
    this.#handler.onClosed(cause);
  }

  /** Lets what was sent leave first. */
  end(cause: DeviceError): void {
    if (this.#closed) return;
    this.#closed = cause;
    this.#wire.end();
    this.#wire.destroySoon();
    this.#handler.onClosed(cause);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ECONNRESET: 'the target reset the connection',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ENOTFOUND: 'this host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'the target does not answer any more',
  EPIPE: 'the target closed the connection',
};

function describeSocketError(cause: NodeJS.ErrnoException): string {
  return (cause.code !== undefined && reasons[cause.code]) || cause.message || String(cause.code);
}

const noConnection = (portal: Portal, why: string, cause?: unknown): DeviceError =>
  new DeviceError('device.unreachable', {
    message: `no connection to the iSCSI portal ${describePortal(portal)}: ${why}`,
    remedy:
      'Look whether the library is switched on and reachable, and compare `portal` in grandsire.yaml with its network settings; then run the command again.',
    usable: false,
    cause,
  });

/** There is a connection, and no session: nothing was begun that could be lost. */
export const noLogin = (portal: Portal, why: string, cause?: unknown): DeviceError =>
  new DeviceError('device.unreachable', {
    message: `no login at the iSCSI portal ${describePortal(portal)}: ${why}`,
    remedy:
      "Compare `portal` in grandsire.yaml with the address of the library's iSCSI service, and look whether that has started; then run the command again.",
    usable: false,
    cause,
  });

export const lost = (portal: Portal, why: string, cause?: unknown): DeviceError =>
  new DeviceError('device.unreachable', {
    message: `the connection to the iSCSI portal ${describePortal(portal)} was lost: ${why}`,
    remedy:
      'What was committed before is safe. Look at the library and the network between, then run the command again.',
    usable: true,
    cause,
  });
