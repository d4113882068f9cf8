import { ChapExchange, type ChapSettings } from '#drivers/iscsi/chap';
import { type Connection, describePortal, type PduHandler } from '#drivers/iscsi/connection';
import { loginRefused } from '#drivers/iscsi/login-status';
import { type DigestWish, Negotiation, type SessionParameters } from '#drivers/iscsi/negotiation';
import { nextSerial, protocolViolation } from '#drivers/iscsi/pdu';
import { encodeLoginRequest, type LoginStage, loginStage } from '#drivers/iscsi/request-pdus';
import { type LoginResponsePdu, parseLoginResponse } from '#drivers/iscsi/target-pdus';
import { encodeTextKeys, parseTextKeys, type TextKey } from '#drivers/iscsi/text-keys';
import { DeviceError } from '#src/base/errors';

export interface LoginIdentity {
  readonly initiator: string;
  /** Undefined: a discovery session, which belongs to no target. */
  readonly target: string | undefined;
  readonly isid: Uint8Array;
  readonly chap: ChapSettings | undefined;
  readonly digests: DigestWish;
}

/** Where numbering stands at the beginning of the full feature phase. */
export interface LoggedIn {
  readonly kind: 'logged-in';
  readonly parameters: SessionParameters;
  readonly cmdSn: number;
  readonly expStatSn: number;
  readonly maxCmdSn: number;
}

/** The target lives at another portal now (status class 1). */
export interface Redirected {
  readonly kind: 'redirected';
  readonly address: string;
}

/** Requests of one login: a negotiation that has not ended by then will not. */
const maxRounds = 64;
const maxTextBytes = 256 * 1024;
const firstCmdSn = 1;

/**
 * Login phase on a fresh connection (RFC 7143 6.3): security, then operational parameters. Throws `device.login-refused` naming the reason,
 * `device.protocol`, `device.unreachable`.
 */
export async function logIn(connection: Connection, identity: LoginIdentity): Promise<LoggedIn | Redirected> {
  const exchange = new LoginExchange(connection, identity);
  const negotiation = new Negotiation(identity.digests, identity.target === undefined ? 'discovery' : 'normal');
  const redirected = await authenticate(exchange, identity, negotiation);
  if (redirected) return redirected;
  return await negotiate(exchange, negotiation);
}

/** Keys of the security stage that are not the affair of the negotiation. */
const isOfAuthentication = ([key]: TextKey): boolean => key === 'AuthMethod' || key.startsWith('CHAP_');

async function authenticate(
  exchange: LoginExchange,
  identity: LoginIdentity,
  negotiation: Negotiation,
): Promise<Redirected | undefined> {
  const { initiator, target, chap } = identity;
  const first: TextKey[] = [
    ['InitiatorName', initiator],
    ['SessionType', target === undefined ? 'Discovery' : 'Normal'],
    ...(target === undefined ? [] : [['TargetName', target] as const]),
    ['AuthMethod', chap ? 'CHAP' : 'None'],
  ];
  const proof = chap && new ChapExchange(chap);
  let answer = await exchange.ask(loginStage.security, first, proof ? undefined : loginStage.operational);
  if (answer.kind === 'redirected') return answer;
  const method = answer.keys.find(([key]) => key === 'AuthMethod')?.[1];
  if (method !== undefined && method !== (chap ? 'CHAP' : 'None'))
    throw noCommonMethod(exchange.name, chap !== undefined);
  for (;;) {
    // MaxRecvDataSegmentLength and keys of the target's own may come at any stage (RFC 7143 13).
    const replies = negotiation.takeAll(answer.keys.filter((key) => !isOfAuthentication(key)));
    const next = proof?.next(new Map(answer.keys));
    const mayEnd = proof?.mayEnd ?? true;
    if (answer.transits) {
      if (!mayEnd || next !== undefined) throw protocolViolation('the login went on before anybody proved who he is');
      return undefined;
    }
    answer = await exchange.ask(
      loginStage.security,
      [...(next ?? []), ...replies],
      mayEnd ? loginStage.operational : undefined,
    );
    if (answer.kind === 'redirected') return answer;
  }
}

async function negotiate(exchange: LoginExchange, negotiation: Negotiation): Promise<LoggedIn> {
  let keys = negotiation.offers;
  for (;;) {
    const answer = await exchange.ask(loginStage.operational, keys, loginStage.fullFeature);
    if (answer.kind === 'redirected') throw protocolViolation('a redirection in the middle of the login');
    const replies = negotiation.takeAll(answer.keys);
    if (answer.transits) return { kind: 'logged-in', parameters: negotiation.result, ...exchange.sequence };
    keys = replies;
  }
}

interface Answer {
  readonly kind: 'answer';
  readonly keys: readonly TextKey[];
  /** The target goes on to the stage that was asked for. */
  readonly transits: boolean;
}

/** Requests and answers of one login, one at a time. */
class LoginExchange implements PduHandler {
  readonly #connection: Connection;
  readonly #identity: LoginIdentity;
  #expStatSn = 0;
  #maxCmdSn = firstCmdSn;
  #rounds = 0;
  #waiting: { resolve(answer: [LoginResponsePdu, Buffer]): void; reject(cause: unknown): void } | undefined;

  constructor(connection: Connection, identity: LoginIdentity) {
    this.#connection = connection;
    this.#identity = identity;
    connection.handler = this;
  }

  get name(): string {
    return `${this.#identity.target ?? 'the discovery session'} at ${describePortal(this.#connection.portal)}`;
  }

  get sequence(): Pick<LoggedIn, 'cmdSn' | 'expStatSn' | 'maxCmdSn'> {
    // A login request is immediate: CmdSN was not advanced by it.
    return { cmdSn: firstCmdSn, expStatSn: this.#expStatSn, maxCmdSn: this.#maxCmdSn };
  }

  placeOf(): undefined {
    return undefined;
  }

  onPdu(header: Buffer, data: Buffer): void {
    const response = parseLoginResponse(header);
    const waiting = this.#waiting;
    if (!response || !waiting) throw protocolViolation('a PDU that is no answer to a login request');
    if (response.version !== 0)
      throw protocolViolation(`version ${response.version} of iSCSI where only 0 was offered`);
    if (response.transit && response.continues) throw protocolViolation('an answer that goes on, and ends its stage');
    if (response.transit && response.nextStage === loginStage.fullFeature) this.#connection.hold();
    this.#waiting = undefined;
    waiting.resolve([response, data]);
  }

  onClosed(cause: DeviceError): void {
    this.#waiting?.reject(cause);
    this.#waiting = undefined;
  }

  async ask(
    currentStage: LoginStage,
    keys: readonly TextKey[],
    nextStage: LoginStage | undefined,
  ): Promise<Answer | Redirected> {
    let [response, text] = await this.#exchange(currentStage, encodeTextKeys(keys), nextStage);
    while (response.continues) {
      const [more, rest] = await this.#exchange(currentStage, Buffer.alloc(0), undefined);
      text = Buffer.concat([text, rest]);
      if (text.length > maxTextBytes) throw protocolViolation(`${text.length} bytes of text in a login`);
      response = more;
    }
    const answered = parseTextKeys(text);
    if (response.statusClass === 1) return redirection(answered);
    if (response.currentStage !== currentStage) {
      throw protocolViolation(`an answer in stage ${response.currentStage} of the login, which is in ${currentStage}`);
    }
    if (response.transit && response.nextStage !== nextStage) {
      throw protocolViolation(`stage ${response.nextStage} of the login where ${nextStage ?? 'none'} was asked for`);
    }
    return { kind: 'answer', keys: answered, transits: response.transit };
  }

  async #exchange(
    currentStage: LoginStage,
    data: Buffer,
    nextStage: LoginStage | undefined,
  ): Promise<[LoginResponsePdu, Buffer]> {
    this.#rounds += 1;
    if (this.#rounds > maxRounds) throw protocolViolation(`a login that has not ended after ${maxRounds} answers`);
    const { isid, target, initiator } = this.#identity;
    const answer = new Promise<[LoginResponsePdu, Buffer]>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      const { closed } = this.#connection;
      if (closed) this.onClosed(closed);
    });
    const sequence = { cmdSn: firstCmdSn, expStatSn: this.#expStatSn };
    const stages = { currentStage, nextStage };
    const header = encodeLoginRequest({
      ...sequence,
      ...stages,
      initiatorTaskTag: 0,
      isid,
      tsih: 0,
      dataBytes: data.length,
    });
    this.#connection.send(header, data.length > 0 ? [data] : [], data.length);
    const [response, text] = await answer;
    this.#expStatSn = nextSerial(response.statSn);
    this.#maxCmdSn = response.maxCmdSn;
    const { statusClass, statusDetail } = response;
    if (statusClass > 1) {
      const portal = describePortal(this.#connection.portal);
      throw loginRefused({ statusClass, statusDetail, target: target ?? 'discovery', portal, initiator });
    }
    return [response, text];
  }
}

function redirection(keys: readonly TextKey[]): Redirected {
  const address = keys.find(([key]) => key === 'TargetAddress')?.[1];
  if (address === undefined) throw protocolViolation('a redirection that does not say whereto');
  return { kind: 'redirected', address };
}

const noCommonMethod = (name: string, chap: boolean): DeviceError =>
  new DeviceError('device.login-refused', {
    message: chap ? `${name} does not do CHAP` : `${name} insists on CHAP`,
    remedy: chap
      ? 'Switch CHAP on in the library, or remove `chap` from its settings in grandsire.yaml.'
      : 'Write `chap: { user: …, passwordFile: … }` into the settings of the library in grandsire.yaml.',
    usable: true,
  });
