import { randomBytes } from 'node:crypto';
import type { ChapSettings } from '#drivers/iscsi/chap';
import { Connection, describePortal, noLogin, type Portal } from '#drivers/iscsi/connection';
import { FullFeaturePhase } from '#drivers/iscsi/full-feature-phase';
import { type LoggedIn, logIn } from '#drivers/iscsi/login';
import { type DigestWish, maxRecvDataBytes } from '#drivers/iscsi/negotiation';
import { protocolViolation } from '#drivers/iscsi/pdu';
import { parsePortal } from '#drivers/iscsi/portal';
import type { TaskLimits, TaskRequest } from '#drivers/iscsi/task';
import { type Duration, milliseconds, seconds } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import { growingDelays, type Pause, systemPause } from '#src/base/pause';
import type { ScsiResult } from '#src/device/scsi-transport';

export interface SessionOptions {
  readonly portal: Portal;
  /** Undefined: a discovery session. */
  readonly target: string | undefined;
  readonly initiator: string;
  readonly chap?: ChapSettings | undefined;
  readonly digests: DigestWish;
  readonly pause?: Pause;
  /** Milliseconds since some moment. */
  readonly elapsed?: () => number;
  readonly keepAlive?: Duration | undefined;
  readonly patience?: Duration | undefined;
  /** Told once when a connection is missed, and once when it is there again. */
  readonly note?: ((text: string) => void) | undefined;
}

/** To connect and log in: a library that starts its network stack answers late, one that is off not at all. */
const loginLimit = seconds(20);
/**
 * Commands wait so long for a connection that was lost: a target that restarts is back in that time. What comes after that tries once: whoever tidies up
 * sends many commands, and would wait as often.
 */
const reconnectLimit = seconds(60);
const firstDelay = milliseconds(250);
const longestDelay = seconds(15);
const maxRedirections = 3;

/**
 * A session with one target (RFC 7143 4.3). After a lost connection the next command logs in anew, with the same session identifier, so that a
 * target that has not noticed the loss gives the old session up (session reinstatement, RFC 7143 6.3.5). The delays between the attempts grow, and go on
 * growing from command to command until one succeeds.
 */
export class IscsiSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #pause: Pause;
  /** Identifier of the kind "random" (RFC 7143 11.12.5): every process is an initiator port of its own. */
  readonly #isid = Buffer.concat([Buffer.of(0x80), randomBytes(5)]);
  readonly #abort = new AbortController();
  #phase: FullFeaturePhase | undefined;
  #connecting: Promise<void> | undefined;
  #delays = growingDelays(firstDelay, longestDelay);
  /** How long the connection has been missed, as far as somebody waited for it. */
  #missedMs = 0;
  /** It was said that the connection is lost. */
  #isLossTold = false;
  #logins = 0;

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#pause = options.pause ?? systemPause;
  }

  /** Throws `device.unreachable`, `device.login-refused`, `device.protocol`. */
  static async open(options: SessionOptions, signal?: AbortSignal): Promise<IscsiSession> {
    const session = new IscsiSession(options);
    await session.#logIn(signal);
    return session;
  }

  /** For messages. */
  get name(): string {
    return `${describePortal(this.#options.portal)} ${this.#options.target ?? 'discovery'}`;
  }

  /** Grows with each login: who sees another number than before has lost its nexus with the logical units. */
  get logins(): number {
    return this.#logins;
  }

  get isUsable(): boolean {
    return this.#phase?.isUsable === true;
  }

  /** Logged in again where the connection was lost. Throws why that cannot be: `device.unreachable`, `device.closed`, the signal's reason. */
  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#abort.signal.aborted) throw this.#closedError();
    if (this.isUsable) return;
    this.#connecting ??= this.#logInAnew().finally(() => {
      this.#connecting = undefined;
    });
    await untilAborted(this.#connecting, signal);
  }

  /** Only while `isUsable`. Commands reach the target in the order of the calls. */
  execute(request: TaskRequest, limits: TaskLimits): Promise<ScsiResult> {
    if (!this.#phase || this.#abort.signal.aborted) return Promise.reject(this.#closedError());
    return this.#phase.execute(request, limits);
  }

  exchangeText(keys: Parameters<FullFeaturePhase['exchangeText']>[0]): ReturnType<FullFeaturePhase['exchangeText']> {
    if (!this.#phase) return Promise.reject(this.#closedError());
    return this.#phase.exchangeText(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(this.#closedError());
    await this.#connecting?.catch(() => undefined);
    await this.#phase?.logOut();
  }

  async #logInAnew(): Promise<void> {
    // What the old connection still does (a logout that the target asked for) ends first.
    if (this.#phase) await untilAborted(this.#phase.ended, this.#abort.signal);
    const { elapsed = () => performance.now() } = this.#options;
    this.#tellLoss();
    for (;;) {
      const delay = this.#delays.next().value;
      await this.#pause(delay, this.#abort.signal);
      const begin = elapsed();
      try {
        return await this.#logIn(this.#abort.signal);
      } catch (cause) {
        // A host that is off does not refuse: the attempt itself takes long.
        this.#missedMs += delay + elapsed() - begin;
        if (!mayPass(cause) || this.#missedMs >= reconnectLimit) throw asUnreachable(cause);
      }
    }
  }

  /** Before the first attempt: where a host is off, that one alone takes long. */
  #tellLoss(): void {
    if (this.#isLossTold) return;
    this.#isLossTold = true;
    const limit = reconnectLimit / 1000;
    this.#options.note?.(
      `no connection to the iSCSI portal ${describePortal(this.#options.portal)}: it is tried again for up to ${limit} s`,
    );
  }

  #tellReturn(): void {
    if (!this.#isLossTold) return;
    this.#isLossTold = false;
    this.#options.note?.(`the iSCSI portal ${describePortal(this.#options.portal)} is connected again`);
  }

  async #logIn(signal: AbortSignal | undefined): Promise<void> {
    let { portal } = this.#options;
    for (let redirections = 0; redirections <= maxRedirections; redirections++) {
      const { keepAlive, patience } = this.#options;
      const connection = await this.#connect(portal, signal);
      const login = await this.#logInOn(connection, signal);
      if (login.kind === 'logged-in') {
        this.#phase = new FullFeaturePhase({ connection, login, name: this.name, keepAlive, patience });
        this.#logins += 1;
        this.#delays = growingDelays(firstDelay, longestDelay);
        this.#missedMs = 0;
        this.#tellReturn();
        return;
      }
      const next = parsePortal(login.address);
      if (!next) throw protocolViolation(`a redirection to ${login.address.slice(0, 80)}`);
      portal = next;
    }
    throw protocolViolation(`it redirected the login ${maxRedirections + 1} times`);
  }

  async #connect(portal: Portal, signal: AbortSignal | undefined): Promise<Connection> {
    try {
      return await Connection.open(portal, { timeout: loginLimit, maxDataBytes: maxRecvDataBytes, signal });
    } catch (cause) {
      const { portal: configured } = this.#options;
      if (portal === configured || !(cause instanceof DeviceError) || cause.code !== 'device.unreachable') throw cause;
      const { code, message, usable } = cause;
      throw new DeviceError(code, {
        message: `${message}; ${describePortal(configured)} redirected the login there`,
        remedy:
          'Look in the settings of the library whether the portal that it refers to is up and reachable from here.',
        usable,
        cause,
      });
    }
  }

  async #logInOn(connection: Connection, signal: AbortSignal | undefined): ReturnType<typeof logIn> {
    const { initiator, target, chap, digests } = this.#options;
    const tooLate = noLogin(connection.portal, `the login was not answered within ${loginLimit / 1000} s`);
    const timer = setTimeout(() => connection.close(tooLate), loginLimit);
    const onAbort = () => connection.close(tooLate);
    signal?.addEventListener('abort', onAbort, { once: true });
    let login: LoggedIn | Awaited<ReturnType<typeof logIn>> | undefined;
    try {
      login = await logIn(connection, { initiator, target, isid: this.#isid, chap, digests });
      return login;
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (login?.kind !== 'logged-in') connection.end(tooLate);
    }
  }

  #closedError(): DeviceError {
    return new DeviceError('device.closed', {
      message: `${this.name} was closed.`,
      remedy: 'Run the command again.',
      usable: true,
    });
  }
}

/** Statuses of a target that is known, and starts: it is made, and opened to its initiators, step by step. */
const statusesOfStart = new Set(['0202', '0203', '0206']);

const mayPass = (cause: unknown): boolean =>
  cause instanceof DeviceError &&
  (cause.code === 'device.unreachable' || statusesOfStart.has(String(cause.details['status'])));

/** To who executes a command it is one failure, whatever keeps us from the target (law of `ScsiTransport`); the words are those of the cause. */
function asUnreachable(cause: unknown): unknown {
  if (!(cause instanceof DeviceError) || cause.code === 'device.closed') return cause;
  const { message, remedy, usable, details } = cause;
  return new DeviceError('device.unreachable', { message, remedy, usable, details, cause });
}

/** The work goes on for others when one of those who wait for it gives up. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  if (signal.aborted) {
    work.catch(() => undefined);
    throw signal.reason;
  }
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
