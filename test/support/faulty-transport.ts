import { DeviceError } from '#src/base/errors';
import type { DataPhase, ExecuteOptions, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';
import { encodeSense } from '#src/scsi/encode-sense';
import { parseSense } from '#src/scsi/parse-sense';
import type { SenseFields } from '#src/scsi/sense';
import { status } from '#src/scsi/status';
import type { Interposition } from '#test/support/interposed-transport';

/** `before`: the command does not reach the device. `after`: it is carried out, and its answer is replaced. */
type Moment = 'before' | 'after';

export type FaultAction =
  /** CHECK CONDITION; with `deferred: true` in the sense it concerns data that was accepted earlier. */
  | {
      readonly kind: 'check';
      readonly sense: SenseFields;
      readonly at?: Moment;
      readonly format?: 'fixed' | 'descriptor';
    }
  /** Carried out, and answered with CHECK CONDITION of these codes: what the device itself said of bits and lengths stays. */
  | { readonly kind: 'remark'; readonly sense: Pick<SenseFields, 'key' | 'asc' | 'ascq'> }
  | { readonly kind: 'status'; readonly status: number; readonly at?: Moment }
  /** Carried out, and answered with CHECK CONDITION and these bytes. */
  | { readonly kind: 'sense-bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'time-out'; readonly at?: Moment }
  /** The connection is lost; with `stays` every later command fails the same way; `usable`: the transport says that it can be had again. */
  | { readonly kind: 'unreachable'; readonly at?: Moment; readonly stays?: boolean; readonly usable?: boolean }
  /** Carried out in full; the answer says that so many bytes fewer moved. */
  | { readonly kind: 'residual'; readonly bytes: number }
  /** It never answers, whatever its time-out, and nothing behind it does; `run` has the time pass that somebody waits. */
  | { readonly kind: 'silence'; readonly run?: () => void }
  /** Only so many bytes of the data phase move. */
  | { readonly kind: 'short-transfer'; readonly bytes: number }
  /** The command is carried out, and the bytes that come back are others. */
  | { readonly kind: 'answer'; readonly edit: (bytes: Uint8Array, cdb: Uint8Array) => Uint8Array }
  /** Whatever the test does with the command: `pass` has it carried out, or another one in its place. */
  | { readonly kind: 'instead'; readonly act: Interposition }
  /** Something happens in the world, before or after the command. */
  | { readonly kind: 'event'; readonly run: () => unknown; readonly at?: Moment };

export interface Fault {
  /** Operation codes, or what the CDB must be like. */
  readonly when: number | readonly number[] | ((cdb: Uint8Array, data: DataPhase) => boolean);
  /** The first matching command that is hit, counted from 1. */
  readonly nth?: number;
  /** How many matching commands from there on are hit; 1 unless told. */
  readonly times?: number;
  readonly action: FaultAction;
}

export interface FaultyTransport extends ScsiTransport {
  /** How often each fault of the plan has hit, in the order of the plan: a test can assert that its fault happened. */
  readonly hits: readonly number[];
}

interface Counted {
  readonly fault: Fault;
  matches: number;
  hits: number;
}

/** A transport whose commands go wrong as planned. At most one fault, the first of the plan that is due, hits a command. */
export function createFaultyTransport(inner: ScsiTransport, plan: readonly Fault[]): FaultyTransport {
  const counted: readonly Counted[] = plan.map((fault) => ({ fault, matches: 0, hits: 0 }));
  let isLost = false;
  let tail: Promise<unknown> = Promise.resolve();

  const execute = async (cdb: Uint8Array, data: DataPhase, options: ExecuteOptions): Promise<ScsiResult> => {
    if (isLost) throw unreachable(inner.address);
    const action = dueAction(counted, cdb, data);
    if (!action) return inner.execute(cdb, data, options);
    if (action.kind === 'short-transfer') return inner.execute(cdb, shorten(data, action.bytes), options);
    if (action.kind === 'answer')
      return answerOther(await inner.execute(cdb, data, options), { cdb, data }, action.edit);
    if (action.kind === 'instead') {
      return action.act((otherCdb = cdb, otherData = data) => inner.execute(otherCdb, otherData, options), {
        cdb,
        data,
      });
    }
    if (action.kind === 'event') {
      if (action.at !== 'after') await action.run();
      const result = await inner.execute(cdb, data, options);
      if (action.at === 'after') await action.run();
      return result;
    }
    if (action.kind === 'remark') return remarked(await inner.execute(cdb, data, options), action.sense);
    if (action.kind === 'residual') {
      const result = await inner.execute(cdb, data, options);
      return { ...result, transferredBytes: Math.max(0, result.transferredBytes - action.bytes) };
    }
    if (action.kind === 'sense-bytes') {
      return { ...(await inner.execute(cdb, data, options)), status: status.checkCondition, sense: action.bytes };
    }
    if (action.kind === 'silence') {
      if (action.run) setImmediate(action.run);
      return new Promise(() => undefined);
    }
    const result = action.at === 'after' ? await inner.execute(cdb, data, options) : undefined;
    const transferredBytes = result?.transferredBytes ?? 0;
    switch (action.kind) {
      case 'check':
        return { status: status.checkCondition, sense: encodeSense(action.sense, action.format), transferredBytes };
      case 'status':
        return { status: action.status, sense: new Uint8Array(0), transferredBytes };
      case 'time-out':
        throw new DeviceError('device.time-out', {
          message: `${inner.address} did not answer in time (planned fault).`,
          remedy: 'Run the command again.',
          usable: true,
        });
      case 'unreachable':
        isLost = action.stays === true;
        throw unreachable(inner.address, action.usable);
    }
  };

  return {
    get address() {
      return inner.address;
    },
    get maxTransferBytes() {
      return inner.maxTransferBytes;
    },
    get hits() {
      return counted.map(({ hits }) => hits);
    },
    // One after the other, as the contract says: an `after` fault must not let the next command overtake.
    execute: (cdb, data, options) => {
      const result = tail.then(() => execute(cdb, data, options));
      tail = result.catch(() => undefined);
      return result;
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

export interface TracedCommand {
  readonly cdb: Uint8Array;
  readonly direction: DataPhase['direction'];
  /** Undefined where the transport threw. */
  readonly result?: ScsiResult;
}

/** A transport that remembers every command, in order, in `trace`. */
export function createTracingTransport(
  inner: ScsiTransport,
): ScsiTransport & { readonly trace: readonly TracedCommand[] } {
  const trace: TracedCommand[] = [];
  return {
    trace,
    get address() {
      return inner.address;
    },
    get maxTransferBytes() {
      return inner.maxTransferBytes;
    },
    execute: async (cdb, data, options) => {
      const index = trace.push({ cdb: Uint8Array.from(cdb), direction: data.direction }) - 1;
      const result = await inner.execute(cdb, data, options);
      trace[index] = { cdb: Uint8Array.from(cdb), direction: data.direction, result };
      return result;
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

function dueAction(counted: readonly Counted[], cdb: Uint8Array, data: DataPhase): FaultAction | undefined {
  let due: FaultAction | undefined;
  for (const entry of counted) {
    const { fault } = entry;
    if (!matches(fault.when, cdb, data)) continue;
    entry.matches += 1;
    const first = fault.nth ?? 1;
    const isDue = entry.matches >= first && entry.matches < first + (fault.times ?? 1);
    if (!isDue || due) continue;
    entry.hits += 1;
    due = fault.action;
  }
  return due;
}

function remarked(result: ScsiResult, { key, asc, ascq }: Pick<SenseFields, 'key' | 'asc' | 'ascq'>): ScsiResult {
  const own = parseSense(result.sense) ?? {};
  return { ...result, status: status.checkCondition, sense: encodeSense({ ...own, key, asc, ascq }) };
}

function matches(when: Fault['when'], cdb: Uint8Array, data: DataPhase): boolean {
  if (typeof when === 'function') return when(cdb, data);
  const operationCode = cdb[0] ?? -1;
  return typeof when === 'number' ? when === operationCode : when.includes(operationCode);
}

function answerOther(
  result: ScsiResult,
  { cdb, data }: { readonly cdb: Uint8Array; readonly data: DataPhase },
  edit: (bytes: Uint8Array, cdb: Uint8Array) => Uint8Array,
): ScsiResult {
  if (data.direction !== 'in' || result.status !== status.good) return result;
  const bytes = edit(Uint8Array.from(data.buffer.subarray(0, result.transferredBytes)), cdb);
  const transferredBytes = Math.min(bytes.length, data.buffer.length);
  data.buffer.set(bytes.subarray(0, transferredBytes));
  return { ...result, transferredBytes };
}

function shorten(data: DataPhase, bytes: number): DataPhase {
  if (data.direction === 'in') return { direction: 'in', buffer: data.buffer.subarray(0, bytes) };
  if (data.direction === 'none') return data;
  const joined = data.data.length === 1 ? data.data[0] : Buffer.concat(data.data);
  return { direction: 'out', data: [(joined ?? new Uint8Array(0)).subarray(0, bytes)] };
}

const unreachable = (address: string, usable = false): DeviceError =>
  new DeviceError('device.unreachable', {
    message: `The connection to ${address} is lost (planned fault).`,
    remedy: 'Run the command again.',
    usable,
  });
