import { isHarmlessAttention } from '#drivers/scsi-tape/attention';
import type { LostData } from '#drivers/scsi-tape/outcomes';
import { TapeCount } from '#drivers/scsi-tape/tape-count';
import type { Duration } from '#src/base/duration';
import { DeviceError, throwIfAborted } from '#src/base/errors';
import type { Pause } from '#src/base/pause';
import {
  attemptCommand,
  type CommandAnswer,
  commandName,
  executeCommand,
  isStorageFull,
  senseError,
  summarizeSense,
} from '#src/device/execute-command';
import type { DataPhase, ScsiTransport } from '#src/device/scsi-transport';
import type { AttentionOutcome, MediumErrorOutcome } from '#src/device/tape-drive';
import type { Sense } from '#src/scsi/sense';
import { isBenign, senseKey } from '#src/scsi/sense-key';

/** Why the place on the medium is not known any more, and what was in doubt with it. */
export type Trouble = AttentionOutcome | MediumErrorOutcome;

export interface Request {
  readonly cdb: Uint8Array;
  readonly data?: DataPhase;
  readonly timeout: Duration;
  readonly signal?: AbortSignal | undefined;
}

const noData: DataPhase = { direction: 'none' };

/** A device may queue several attentions (reset, new medium, changed parameters), each reported once; more than these is a defect. */
const maxRepeats = 32;

/** How often a command aside, which does no harm when it is carried out twice, is sent again after the link gave it up. */
const maxAborted = 2;

/**
 * The way to the drive with what all commands have in common: unit attentions, deferred errors, and whether the place on the medium is
 * still known.
 */
export class TapeUnit {
  readonly transport: ScsiTransport;
  readonly pause: Pause;
  readonly count = new TapeCount();
  /** Set by the driver before its own MODE SELECT, whose 2A/01 tells nothing new. */
  changesModeItself = false;
  #lost = true;
  #pending: Trouble | undefined;
  #earlyWarning = false;

  constructor(transport: ScsiTransport, pause: Pause) {
    this.transport = transport;
    this.pause = pause;
  }

  /** True until a rewind, load or locate makes the place known (again). */
  get lost(): boolean {
    return this.#lost;
  }

  /** The place and what lies where are in doubt. */
  lose(): void {
    this.#lost = true;
    this.count.forget();
  }

  /** The medium stands at its beginning. */
  found(): void {
    this.#lost = false;
  }

  get hasPending(): boolean {
    return this.#pending !== undefined;
  }

  /** What was met by a command that could not report it; reported by the next that can. */
  takePending(): Trouble | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  /** For what befell the medium without a command that reports it. */
  raise(trouble: Trouble): void {
    this.lose();
    this.#pending ??= trouble;
  }

  forgetPending(): void {
    this.#pending = undefined;
    this.#earlyWarning = false;
  }

  /** A deferred NO SENSE with EOM: earlier writes passed early warning. Reported with the next write. */
  takeEarlyWarning(): boolean {
    const earlyWarning = this.#earlyWarning;
    this.#earlyWarning = false;
    return earlyWarning;
  }

  /** Reading, writing and spacing from a place that nobody knows would put data where other data lies. */
  requirePlace(purpose: string): void {
    if (!this.#lost || this.#pending) return;
    throw new DeviceError('device.position-lost', {
      message: `${this.transport.address}: cannot ${purpose}: where the medium stands is not known since the last reset, failure or load`,
      remedy: 'Nothing was written. Run the command again: it begins by rewinding and reading the label.',
      usable: true,
    });
  }

  /** A command whose outcome the caller reports. */
  send(request: Request): Promise<CommandAnswer | Trouble> {
    const pending = this.takePending();
    return pending ? Promise.resolve(pending) : this.#exchange(request);
  }

  /**
   * Commands of which each may be carried out whatever becomes of those before it (no writes), all on their way at once. Each answer as soon as it and those before it are there;
   * undefined: not carried out. Trouble behind the first is kept for the next command. `behind`: nothing is made of the answers
   * before that is done; what it throws is thrown.
   */
  async *sendTogether(
    requests: readonly Request[],
    behind?: Promise<unknown>,
  ): AsyncGenerator<CommandAnswer | Trouble | undefined, void, void> {
    const pending = this.takePending();
    if (pending) {
      yield pending;
      return;
    }
    const attempts = requests.map(({ cdb, data = noData, timeout, signal }) =>
      attemptCommand(this.transport, cdb, data, { timeout, signal }),
    );
    const ended = Promise.allSettled(attempts);
    let isTroubled = false;
    try {
      await behind;
      for (const [index, attempt] of attempts.entries()) {
        const answer = await attempt;
        const judged = 'kind' in answer ? this.#judge(requests[index] as Request, answer) : undefined;
        if (judged && isTrouble(judged)) {
          if (isTroubled) this.raise(judged);
          isTroubled = true;
        }
        yield judged;
      }
    } catch (cause) {
      // Time-out, lost transport or abort: whether the command was carried out cannot be known.
      this.lose();
      throw cause;
    } finally {
      // Until then the memory of all of them is the target's.
      await ended;
    }
  }

  /** A command aside (mode, log, ready): what befell the medium is kept for the next command that can report it. */
  async sendAside(request: Request): Promise<CommandAnswer> {
    let aborted = 0;
    for (let repeat = 0; repeat < maxRepeats; repeat++) {
      const answer = await this.#exchange(request);
      if (answer.kind === 'check' && answer.sense.key === senseKey.abortedCommand && aborted < maxAborted) {
        aborted += 1;
        continue;
      }
      if (answer.kind === 'good') return answer;
      if (answer.kind === 'check') {
        const { transferredBytes } = answer;
        return isBenign(answer.sense) ? { kind: 'good', transferredBytes } : answer;
      }
      // A deferred error condemns data; no later attention may hide it.
      if (this.#pending?.kind !== 'medium-error') this.#pending = answer;
    }
    throw this.#tooManyAttentions(request);
  }

  /** Sense data that no outcome stands for. The place is lost with it. */
  failure(request: Request, sense: Sense): DeviceError {
    this.lose();
    return senseError(this.transport, request.cdb, sense);
  }

  /** The transport moved another number of bytes than the drive speaks of. The place is lost with them. */
  dataLost({ expectedBytes, arrivedBytes }: Omit<LostData, 'kind'>): DeviceError {
    this.lose();
    return new DeviceError('device.data-lost', {
      message: `${this.transport.address}: ${arrivedBytes} of ${expectedBytes} bytes of a block came through`,
      remedy: 'Look at cables and adapters, then run the command again.',
      usable: true,
      details: { expectedBytes, arrivedBytes },
    });
  }

  async #exchange(request: Request): Promise<CommandAnswer | Trouble> {
    const { cdb, data = noData, timeout, signal } = request;
    for (let repeat = 0; repeat < maxRepeats; repeat++) {
      throwIfAborted(signal);
      let answer: CommandAnswer;
      try {
        answer = await executeCommand(this.transport, cdb, data, { timeout, pause: this.pause, signal });
      } catch (cause) {
        // Time-out, lost transport or abort: whether the command was carried out cannot be known.
        this.lose();
        throw cause;
      }
      const judged = this.#judge(request, answer);
      if (judged) return judged;
    }
    throw this.#tooManyAttentions(request);
  }

  /** What an answer means for the place; undefined: the command was not carried out, and what was told instead matters to nobody here. */
  #judge(request: Request, answer: CommandAnswer): CommandAnswer | Trouble | undefined {
    if (answer.kind === 'good') return answer;
    const { sense } = answer;
    if (sense.deferred) {
      // SPC-5, deferred errors: the command that carries the report has done nothing, so it can be sent again.
      if (sense.key === senseKey.noSense || sense.key === senseKey.recoveredError) {
        this.#earlyWarning ||= sense.endOfMedium;
        return undefined;
      }
      if (isStorageFull(sense)) throw this.failure(request, sense);
      this.lose();
      return { kind: 'medium-error', sense: summarizeSense(sense) };
    }
    if (sense.key !== senseKey.unitAttention) return answer;
    if (isHarmlessAttention(sense, this.changesModeItself)) return undefined;
    this.lose();
    return { kind: 'attention', sense: summarizeSense(sense) };
  }

  #tooManyAttentions({ cdb }: Request): DeviceError {
    this.lose();
    return new DeviceError('device.protocol', {
      message: `${this.transport.address}: ${commandName(cdb)} was answered with an attention ${maxRepeats} times in a row`,
      remedy: 'Power-cycle the drive, then run `grandsire library inventory`.',
      usable: false,
    });
  }
}

/** Sense summaries carry `deferred`; this is the one question that callers ask of trouble. */
export const isTrouble = (answer: CommandAnswer | Trouble): answer is Trouble =>
  answer.kind === 'attention' || answer.kind === 'medium-error';
