import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Portal } from '#drivers/iscsi/connection';
import {
  buildPdu,
  type Fields,
  keysOf,
  type Request,
  type RequestKind,
  RequestReader,
  type TargetKind,
  textOf,
  type Wrapping,
} from '#test/drivers/iscsi/figures';

/** Answers by which a target takes every offer as it is. */
export const agreement: Readonly<Record<string, string>> = {
  HeaderDigest: 'None',
  DataDigest: 'None',
  MaxRecvDataSegmentLength: '65536',
  InitialR2T: 'No',
  ImmediateData: 'Yes',
  MaxBurstLength: '262144',
  FirstBurstLength: '65536',
  MaxOutstandingR2T: '1',
  MaxConnections: '1',
  DataPDUInOrder: 'Yes',
  DataSequenceInOrder: 'Yes',
  DefaultTime2Wait: '2',
  DefaultTime2Retain: '0',
  ErrorRecoveryLevel: '0',
};

/** Kinds that carry a StatSN of their own. */
const unnumbered = new Set<TargetKind>(['readyToTransfer', 'dataIn', 'nopIn']);

/** One connection, seen from the target. Numbering goes by itself unless fields say otherwise. */
export class Link {
  statSn = 0x1000;
  expCmdSn = 1;
  /** How many commands it takes beyond the one that is due. */
  window = 32;
  wrapping: Wrapping = {};
  readonly #socket: Socket;
  readonly #reader = new RequestReader();
  readonly #arrived: Request[] = [];
  readonly #heard: RequestKind[] = [];
  #closed = false;
  #wake: () => void = () => undefined;
  #failure: unknown;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      try {
        for (let request = this.#reader.take(bytes); request; request = this.#reader.take())
          this.#arrived.push(request);
      } catch (cause) {
        this.#failure = cause;
      }
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** The next request, which must be of this kind; undefined: the initiator closed. */
  async maybe(kind?: RequestKind): Promise<Request | undefined> {
    while (this.#arrived.length === 0 && !this.#closed && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    const request = this.#arrived.shift();
    if (request) this.#heard.push(request.kind);
    if (request && kind) assert.equal(request.kind, kind);
    const isNumbered = request && !request.immediate && request.kind !== 'dataOut';
    if (isNumbered) this.expCmdSn = (request.field('cmdSn') + 1) >>> 0;
    return request;
  }

  /** Requests of this kind that the script has taken. */
  heard(kind: RequestKind): number {
    return this.#heard.filter((heard) => heard === kind).length;
  }

  async next(kind?: RequestKind): Promise<Request> {
    const request = await this.maybe(kind);
    assert.ok(request, `the initiator closed the connection where a ${kind ?? 'request'} was expected`);
    return request;
  }

  /** Until the initiator closes; nothing else may come from it. */
  async closed(): Promise<void> {
    assert.equal(await this.maybe(), undefined);
  }

  pdu(kind: TargetKind, fields: Fields = {}, data: Buffer = Buffer.alloc(0)): Buffer {
    const sequence = { statSn: this.statSn, expCmdSn: this.expCmdSn, maxCmdSn: (this.expCmdSn + this.window) >>> 0 };
    const isNumbered =
      kind === 'dataIn'
        ? (Number(fields.flags ?? 0x80) & 1) !== 0
        : kind === 'nopIn'
          ? fields.itt !== undefined
          : !unnumbered.has(kind);
    if (isNumbered && fields.statSn === undefined) this.statSn = (this.statSn + 1) >>> 0;
    return buildPdu(kind, { ...sequence, ...fields }, data, this.wrapping);
  }

  send(kind: TargetKind, fields: Fields = {}, data: Buffer = Buffer.alloc(0)): void {
    this.write(this.pdu(kind, fields, data));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** GOOD, or another status, to a command. */
  respond(command: Request, fields: Fields = {}, data: Buffer = Buffer.alloc(0)): void {
    this.send('scsiResponse', { itt: command.field('itt'), ...fields }, data);
  }

  /** Answers one login request. `from` and `to`: stages; without `to` the stage goes on. */
  answerLogin(
    request: Request,
    keys: Readonly<Record<string, string>>,
    { from = 0, to, fields = {} }: { readonly from?: number; readonly to?: number; readonly fields?: Fields } = {},
  ): void {
    const flags = (from << 2) | (to === undefined ? 0 : 0x80 | to);
    this.send('loginResponse', { itt: request.field('itt'), flags, tsih: to === 3 ? 7 : 0, ...fields }, textOf(keys));
  }

  /** A login without authentication; returns what the initiator said. */
  async login(changes: Readonly<Record<string, string>> = {}): Promise<ReadonlyMap<string, string>> {
    const first = await this.next('loginRequest');
    this.answerLogin(first, { AuthMethod: 'None', TargetPortalGroupTag: '1' }, { to: 1 });
    const second = await this.next('loginRequest');
    const said = new Map([...keysOf(first.data), ...keysOf(second.data)]);
    const answers = { ...agreement, ...changes };
    const offered = Object.entries(answers).filter(([key]) => said.has(key) || key in changes);
    this.answerLogin(second, Object.fromEntries(offered), { from: 1, to: 3 });
    this.useDigests({
      headerDigest: answers['HeaderDigest'] === 'CRC32C',
      dataDigest: answers['DataDigest'] === 'CRC32C',
    });
    return said;
  }

  useDigests(wrapping: Wrapping): void {
    this.wrapping = wrapping;
    this.#reader.wrapping = wrapping;
  }

  /** Answers a logout. */
  async logout(): Promise<void> {
    const request = await this.next('logoutRequest');
    this.send('logoutResponse', { itt: request.field('itt') });
  }

  end(): void {
    this.#socket.end();
  }

  /** RST: the plug is pulled. Not for a connection that the initiator has ended: Node.js then keeps its handle for ever. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

type Script = (link: Link) => Promise<void>;

/** Logged in, one command is answered, and the initiator logs out. */
export const answerOne: Script = async (link) => {
  await link.login();
  link.respond(await link.next('scsiCommand'));
  await link.logout();
};

/** A target on loopback that plays one script for each connection, in order; another connection than those is refused by a reset. */
export class ScriptedTarget implements AsyncDisposable {
  readonly #server: Server;
  readonly #scripts: Script[];
  readonly #links: Link[] = [];
  readonly #played: Promise<void>[] = [];
  #failure: { readonly cause: unknown } | undefined;

  private constructor(server: Server, scripts: readonly Script[]) {
    this.#server = server;
    this.#scripts = [...scripts];
  }

  static async start(...scripts: readonly Script[]): Promise<ScriptedTarget> {
    const server = createServer();
    const target = new ScriptedTarget(server, scripts);
    server.on('connection', (socket) => target.#play(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return target;
  }

  get portal(): Portal {
    const address = this.#server.address();
    assert.ok(address !== null && typeof address === 'object');
    return { host: '127.0.0.1', port: address.port };
  }

  /** Connections so far. */
  get connections(): number {
    return this.#links.length;
  }

  /** Requests of this kind that the scripts have taken. */
  heard(kind: RequestKind): number {
    return this.#links.reduce((sum, link) => sum + link.heard(kind), 0);
  }

  /** All scripts were played to their end. */
  async done(): Promise<void> {
    await Promise.all(this.#played);
    if (this.#failure) throw this.#failure.cause;
    assert.equal(this.#scripts.length, 0, 'connections that were not made');
  }

  /** Nothing listens any more. */
  async vanish(): Promise<void> {
    for (const link of this.#links) link.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish();
    if (this.#failure) throw this.#failure.cause;
  }

  #play(socket: Socket): void {
    const link = new Link(socket);
    this.#links.push(link);
    const script = this.#scripts.shift();
    if (!script) {
      link.reset();
      return;
    }
    this.#played.push(
      script(link).catch((cause: unknown) => {
        this.#failure ??= { cause };
        link.reset();
      }),
    );
  }
}
