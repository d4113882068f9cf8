import { type Connection, lost, type PduHandler } from '#drivers/iscsi/connection';
import { KeepAlive } from '#drivers/iscsi/keep-alive';
import type { LoggedIn } from '#drivers/iscsi/login';
import { Numbering } from '#drivers/iscsi/numbering';
import { opcode, protocolViolation } from '#drivers/iscsi/pdu';
import { encodeLogoutRequest } from '#drivers/iscsi/request-pdus';
import { type AsynchronousMessagePdu, parseTargetPdu, type TargetPdu } from '#drivers/iscsi/target-pdus';
import type { TaskLimits, TaskRequest } from '#drivers/iscsi/task';
import { TaskSet } from '#drivers/iscsi/task-set';
import { TextExchange } from '#drivers/iscsi/text-exchange';
import type { TextKey } from '#drivers/iscsi/text-keys';
import { type Duration, seconds } from '#src/base/duration';
import type { DeviceError } from '#src/base/errors';
import type { ScsiResult } from '#src/device/scsi-transport';

export interface FullFeatureOptions {
  readonly connection: Connection;
  readonly login: LoggedIn;
  /** For messages: portal and target. */
  readonly name: string;
  /** Silence after which the target is asked whether it lives, and again as long for its answer. */
  readonly keepAlive?: Duration | undefined;
  /** For the answer to an ABORT TASK, and half of it for the answer to a logout. */
  readonly patience?: Duration | undefined;
}

/**
 * Full feature phase of a session with one connection at ErrorRecoveryLevel 0 (RFC 7143 7.1.1). Whatever goes wrong with numbering, digests or
 * the socket ends it: every command that is in flight then fails with `device.unreachable`, and the session logs in anew.
 */
export class FullFeaturePhase implements PduHandler {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  readonly #tasks: TaskSet;
  readonly #text: TextExchange;
  readonly #keepAlive: KeepAlive;
  readonly #patience: Duration;
  readonly #ended: Promise<DeviceError>;
  #end!: (cause: DeviceError) => void;
  #isDraining = false;
  #loggingOut: Promise<void> | undefined;
  #onLoggedOut: (() => void) | undefined;

  constructor({ connection, login, name, keepAlive, patience = seconds(10) }: FullFeatureOptions) {
    const { parameters } = login;
    const numbering = new Numbering(login);
    this.#connection = connection;
    this.#numbering = numbering;
    this.#patience = patience;
    const onIdle = () => this.#logOutWhenDrained();
    this.#tasks = new TaskSet({ connection, numbering, parameters, name, patience, onIdle });
    this.#text = new TextExchange(connection, numbering, patience);
    this.#keepAlive = new KeepAlive(connection, numbering, keepAlive ?? seconds(15));
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    connection.enterFullFeaturePhase(this, parameters);
  }

  /** Whether new commands are taken. */
  get isUsable(): boolean {
    return !this.#isDraining && this.#connection.closed === undefined;
  }

  /** Settles when the connection is gone. */
  get ended(): Promise<DeviceError> {
    return this.#ended;
  }

  execute(request: TaskRequest, limits: TaskLimits): Promise<ScsiResult> {
    return this.#tasks.execute(request, limits);
  }

  /** SendTargets and the like. */
  exchangeText(keys: readonly TextKey[]): Promise<TextKey[]> {
    return this.#text.ask(keys);
  }

  /** Ends the session in order; at the latest after a few seconds by closing the connection. */
  logOut(): Promise<void> {
    this.#loggingOut ??= this.#logOut();
    return this.#loggingOut;
  }

  async #logOut(): Promise<void> {
    const { portal, closed } = this.#connection;
    if (closed) return;
    this.#isDraining = true;
    const isAnswered = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), this.#patience / 2);
      this.#onLoggedOut = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const initiatorTaskTag = this.#numbering.takeTag();
      this.#connection.send(encodeLogoutRequest({ ...this.#numbering.here, initiatorTaskTag }));
    });
    // A target that does not answer may not read either: what it has not taken would keep the socket, and with it the process.
    if (isAnswered) this.#connection.end(lost(portal, 'it was closed after the logout'));
    else this.#connection.close(lost(portal, 'the target did not answer the logout'));
  }

  placeOf(header: Buffer, dataBytes: number): Buffer | undefined {
    return this.#tasks.placeOf(header, dataBytes);
  }

  onPdu(header: Buffer, data: Buffer): void {
    const pdu = parseTargetPdu(header);
    if (!pdu) {
      throw protocolViolation(`operation code ${((header[0] ?? 0) & 0x3f).toString(16)}h in the full feature phase`);
    }
    this.#numbering.advance(pdu);
    this.#take(pdu, data);
    // After the request for a logout nothing may follow (RFC 7143 11.14).
    if (!this.#loggingOut) this.#tasks.sendQueued();
  }

  onClosed(cause: DeviceError): void {
    this.#keepAlive[Symbol.dispose]();
    this.#tasks.failAll(cause);
    this.#text.fail(cause);
    this.#onLoggedOut?.();
    this.#end(cause);
  }

  #take(pdu: TargetPdu, data: Buffer): void {
    switch (pdu.kind) {
      case 'data-in':
        this.#tasks.takeData(pdu, data.length);
        return;
      case 'scsi-response':
        this.#tasks.takeResponse(pdu, data);
        return;
      case 'ready-to-transfer':
        this.#tasks.takeReadyToTransfer(pdu);
        return;
      case 'task-management-response':
        this.#tasks.takeAbortAnswer(pdu.initiatorTaskTag, pdu.response);
        return;
      case 'nop-in':
        this.#keepAlive.take(pdu);
        return;
      case 'text-response':
        this.#text.take(pdu, data);
        return;
      case 'asynchronous-message':
        this.#takeMessage(pdu);
        return;
      case 'logout-response':
        this.#onLoggedOut?.();
        return;
      case 'reject':
        this.#takeReject(pdu.reason, data);
        return;
    }
  }

  /** RFC 7143 11.9.1. Events 0 (SCSI events, obsolete) and 255 (the vendor's own) ask for nothing. */
  #takeMessage({ event, lun }: AsynchronousMessagePdu): void {
    if (event === 1 || event === 4) {
      // Logout requested; negotiation requested: a new login negotiates everything.
      this.#isDraining = true;
      this.#logOutWhenDrained();
    } else if (event === 2 || event === 3) {
      this.#connection.close(lost(this.#connection.portal, 'the target announced that it drops it'));
    } else if (event === 5) {
      this.#tasks.endTasksOf(lun);
      this.#keepAlive.acknowledge(lun);
    }
  }

  #logOutWhenDrained(): void {
    if (this.#isDraining && this.#tasks.isIdle) void this.logOut();
  }

  /** The data is the header of what was rejected (RFC 7143 11.17). */
  #takeReject(reason: number, data: Buffer): void {
    const rejected = data.length === 0 ? undefined : (data[0] ?? 0) & 0x3f;
    if (rejected === opcode.nopOut) {
      this.#keepAlive.refused();
      return;
    }
    const what = rejected === undefined ? 'something' : `a PDU with operation code ${rejected.toString(16)}h`;
    throw protocolViolation(
      `it rejected ${what} that was sent to it (reason ${reason.toString(16).padStart(2, '0')}h)`,
    );
  }
}
