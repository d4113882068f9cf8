import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { Connection, lost } from '#drivers/iscsi/connection';
import { FullFeaturePhase } from '#drivers/iscsi/full-feature-phase';
import { type LoggedIn, logIn } from '#drivers/iscsi/login';
import { hours } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import type { DataPhase, ScsiResult } from '#src/device/scsi-transport';
import type { Request } from '#test/drivers/iscsi/figures';
import { FuzzedPdus } from '#test/drivers/iscsi/fuzzed-pdus';
import { initiatorName, targetName } from '#test/drivers/iscsi/initiator';
import { MemoryWire } from '#test/drivers/iscsi/memory-wire';
import { Random } from '#test/drivers/iscsi/random';

/** What came of it. */
export interface FuzzReport {
  pdus: number;
  connections: number;
  logins: number;
  /** Commands by how they ended: `status`, a code, `called off`. */
  readonly endings: Record<string, number>;
}

const portal = { host: '192.0.2.1', port: 3260 };
const maxDataBytes = 64 * 1024;
const guardBytes = 16;
const longestBytes = 20_000;
const untouched = Buffer.alloc(guardBytes + longestBytes + guardBytes, 0xa5);
const lawful = new Set(['device.time-out', 'device.unreachable', 'device.closed']);
const calledOff = new RangeError('called off');
const identity = {
  initiator: initiatorName,
  target: targetName,
  isid: Buffer.alloc(6),
  chap: undefined,
  digests: 'accepted',
} as const;

/** Sends so many PDUs of a hostile target through reader, login and full feature phase; throws at the first thing that is not as it must be. */
export async function fuzzInitiator(pdus: number, seed: number): Promise<FuzzReport> {
  const report: FuzzReport = { pdus: 0, connections: 0, logins: 0, endings: {} };
  const timers = countTimers();
  const largest = watchAllocations();
  try {
    while (report.pdus < pdus) {
      report.connections += 1;
      const caseSeed = seed + report.connections;
      await fuzzConnection(report, new Random(caseSeed)).catch((cause: unknown) => {
        throw new Error(`seed ${caseSeed}`, { cause });
      });
      if (report.connections % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(countTimers(), timers, 'timers that are left');
    assert.ok(largest.bytes() <= maxDataBytes, `${largest.bytes()} bytes at once`);
  } finally {
    largest[Symbol.dispose]();
  }
  return report;
}

const countTimers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

/** The reader's buffers come from here. */
function watchAllocations(): Disposable & { bytes(): number } {
  const { allocUnsafe } = Buffer;
  let most = 0;
  Buffer.allocUnsafe = (size) => {
    most = Math.max(most, size);
    return allocUnsafe(size);
  };
  return {
    bytes: () => most,
    [Symbol.dispose]: () => {
      Buffer.allocUnsafe = allocUnsafe;
    },
  };
}

async function fuzzConnection(report: FuzzReport, random: Random): Promise<void> {
  const pdus = new FuzzedPdus(random);
  const requests: Request[] = [];
  const wire = new MemoryWire((request) => {
    requests.push(request);
    pdus.heard(request);
  });
  const connection = new Connection(wire, portal, maxDataBytes);
  const feed = (bytes: Buffer): void => {
    report.pdus += 1;
    const cuts = random.oneIn(3) ? random.below(6) : 0;
    let at = 0;
    for (let count = 0; count < cuts; count++) {
      const next = at + random.below(bytes.length - at + 1);
      connection.receive(bytes.subarray(at, next));
      at = next;
    }
    connection.receive(bytes.subarray(at));
  };
  const login = await fuzzLogin({ connection, pdus, requests, feed });
  if (login) {
    report.logins += 1;
    await fuzzCommands(login, { connection, pdus, random, feed, wire, report });
  }
  connection.close(lost(portal, 'the end of this case'));
  const { cause } = connection.closed ?? {};
  assert.ok(cause === undefined || cause instanceof DeviceError, cause as Error);
}

interface LoginFuzz {
  readonly connection: Connection;
  readonly pdus: FuzzedPdus;
  readonly requests: Request[];
  readonly feed: (bytes: Buffer) => void;
}

async function fuzzLogin({ connection, pdus, requests, feed }: LoginFuzz): Promise<LoggedIn | undefined> {
  let outcome: { readonly login?: LoggedIn | undefined } | undefined;
  const work = logIn(connection, identity).then(
    (login) => (outcome = { login: login.kind === 'logged-in' ? login : undefined }),
    (cause: unknown) => {
      assert.ok(cause instanceof DeviceError, cause as Error);
      outcome = {};
    },
  );
  for (;;) {
    for (let turn = 0; turn < 8; turn++) await undefined;
    if (outcome || connection.closed) break;
    const request = requests.shift();
    if (request) feed(pdus.login(request));
    // The answer before was cut short, or announced more than came: this is taken for the rest of it.
    else connection.receive(Buffer.alloc(4096));
  }
  await work;
  return outcome?.login;
}

interface CommandFuzz extends Omit<LoginFuzz, 'requests'> {
  readonly random: Random;
  readonly wire: MemoryWire;
  readonly report: FuzzReport;
}

async function fuzzCommands(login: LoggedIn, fuzz: CommandFuzz): Promise<void> {
  const { connection, pdus, random, feed, wire, report } = fuzz;
  const [headerDigest, dataDigest] = [random.oneIn(8), random.oneIn(8)];
  const parameters = { ...login.parameters, headerDigest, dataDigest };
  const options = {
    connection,
    login: { ...login, parameters },
    name: 'fuzzed',
    keepAlive: hours(1),
    patience: hours(1),
  };
  wire.reader.wrapping = { headerDigest, dataDigest };
  pdus.wrapping = { headerDigest, dataDigest };
  const phase = new FullFeaturePhase(options);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const commands = Array.from({ length: 2 + random.below(5) }, () => startCommand(phase, random, abort.signal));
  const text = random.oneIn(6) ? phase.exchangeText([['SendTargets', 'All']]).catch(assertLawful) : undefined;
  for (let left = 10 + random.below(60); left > 0 && !connection.closed; left--) {
    feed(pdus.next());
    if (random.oneIn(3)) await undefined;
    if (random.oneIn(40)) abort.abort(calledOff);
    if (random.oneIn(10) && phase.isUsable) commands.push(startCommand(phase, random, abort.signal));
    if (random.oneIn(200)) void phase.logOut();
  }
  connection.close(lost(portal, 'the end of this case'));
  for (const ending of await Promise.all(commands)) report.endings[ending] = (report.endings[ending] ?? 0) + 1;
  await text;
  await phase.ended;
}

/** Checks how it ends, and that no byte beside its buffer was written. */
async function startCommand(phase: FullFeaturePhase, random: Random, abortSignal: AbortSignal): Promise<string> {
  const lengthBytes = random.below(random.oneIn(4) ? longestBytes : 600);
  const memory = Buffer.alloc(guardBytes + lengthBytes + guardBytes, 0xa5);
  const place = memory.subarray(guardBytes, guardBytes + lengthBytes);
  const data: DataPhase = random.pick<DataPhase>([
    { direction: 'none' },
    { direction: 'in', buffer: place },
    { direction: 'out', data: [place.subarray(0, 5), place.subarray(5)] },
  ]);
  const signal = random.oneIn(2) ? abortSignal : undefined;
  const request = { lun: BigInt(1 + random.below(2)) << 48n, cdb: Buffer.alloc(6), data };
  const ending = await phase
    .execute(request, { timeout: hours(1), signal })
    .then((result) => describeResult(result, data.direction === 'none' ? 0 : lengthBytes), assertLawful);
  const isWritten = data.direction === 'in' ? [memory.subarray(0, guardBytes), memory.subarray(-guardBytes)] : [memory];
  assert.ok(isWritten.every((part) => part.equals(untouched.subarray(0, part.length))));
  return ending;
}

function describeResult({ status, sense, transferredBytes }: ScsiResult, lengthBytes: number): string {
  assert.ok(status >= 0 && status <= 255 && sense instanceof Uint8Array);
  assert.ok(transferredBytes >= 0 && transferredBytes <= lengthBytes, `${transferredBytes} of ${lengthBytes}`);
  return 'status';
}

function assertLawful(cause: unknown): string {
  if (cause === calledOff) return 'called off';
  assert.ok(cause instanceof DeviceError && lawful.has(cause.code), cause as Error);
  return cause.code;
}
