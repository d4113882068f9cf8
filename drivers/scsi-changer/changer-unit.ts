import { pollDelays, timeLimits } from '#drivers/scsi-changer/time-limits';
import type { Duration } from '#src/base/duration';
import { DeviceError, throwIfAborted } from '#src/base/errors';
import { growingDelays, type Pause } from '#src/base/pause';
import { type CommandAnswer, commandName, executeCommand, senseError } from '#src/device/execute-command';
import type { DataPhase, ScsiTransport } from '#src/device/scsi-transport';
import type { Sense } from '#src/scsi/sense';
import { isBenign, senseKey } from '#src/scsi/sense-key';

export interface Request {
  readonly cdb: Uint8Array;
  readonly data?: DataPhase;
  readonly timeout: Duration;
  readonly signal?: AbortSignal | undefined;
}

export type ChangerAnswer = CommandAnswer | { readonly kind: 'attention'; readonly sense: Sense };

const noData: DataPhase = { direction: 'none' };
const maxRepeats = 32;
/** A parity error on the way is gone the next time; one that comes three times in a row stays. */
const maxAborted = 3;

/** The way to the robot: waits while it becomes ready, and sorts unit attentions. */
export class ChangerUnit {
  readonly transport: ScsiTransport;
  readonly pause: Pause;
  /** Attentions so far that concern what lies where. */
  changes = 0;

  constructor(transport: ScsiTransport, pause: Pause) {
    this.transport = transport;
    this.pause = pause;
  }

  /**
   * An attention that concerns what lies where ends it. After others, and after a deferred report of something that was got over, the command is sent again:
   * what carries them was not carried out (SPC-5, deferred errors). Any other deferred error is thrown.
   */
  async send(request: Request): Promise<ChangerAnswer> {
    const delays = growingDelays(pollDelays.first, pollDelays.longest);
    let [waited, repeats] = [0, 0];
    for (;;) {
      const answer = await this.#execute(request);
      if (answer.kind === 'good') return answer;
      const { sense } = answer;
      if (isBenign(sense) && !sense.deferred) return { kind: 'good', transferredBytes: answer.transferredBytes };
      if (sense.key === senseKey.unitAttention && !isHarmless(sense)) {
        this.changes += 1;
        return { kind: 'attention', sense };
      }
      if (isBenign(sense) || sense.key === senseKey.unitAttention) {
        if (++repeats >= maxRepeats) throw this.#tooManyAttentions(request);
        continue;
      }
      // It tells of an earlier command: no caller may read a refusal, or the like, of this one from it.
      if (sense.deferred) throw this.failure(request, sense);
      if (!isBecomingReady(sense) || waited >= timeLimits.becomingReady) return answer;
      const delay = delays.next().value;
      await this.pause(delay, request.signal);
      waited += delay;
    }
  }

  /** For commands that do the same however often they are sent: again after an attention, and a few times after ABORTED COMMAND. */
  async sendThrough(request: Request): Promise<CommandAnswer> {
    let aborted = 0;
    for (let repeat = 0; repeat < maxRepeats; repeat++) {
      const answer = await this.send(request);
      if (answer.kind === 'attention') continue;
      if (answer.kind === 'good' || answer.sense.key !== senseKey.abortedCommand) return answer;
      if (++aborted >= maxAborted) return answer;
    }
    throw this.#tooManyAttentions(request);
  }

  failure(request: Request, sense: Sense): DeviceError {
    return senseError(this.transport, request.cdb, sense);
  }

  async #execute({ cdb, data = noData, timeout, signal }: Request): Promise<CommandAnswer> {
    throwIfAborted(signal);
    return await executeCommand(this.transport, cdb, data, { timeout, pause: this.pause, signal });
  }

  #tooManyAttentions({ cdb }: Request): DeviceError {
    return new DeviceError('device.protocol', {
      message: `${this.transport.address}: ${commandName(cdb)} was answered with an attention ${maxRepeats} times in a row`,
      remedy: 'Power-cycle the library, then run `grandsire library inventory`.',
      usable: false,
    });
  }
}

/** 2A: parameters changed; 3F: microcode, inquiry data or logical units changed. Neither moves a cartridge (SPC-5). */
const isHarmless = ({ asc }: Sense): boolean => asc === 0x2a || asc === 0x3f;

/** 04/01 becoming ready, 04/07 operation in progress; 04/00 with no more said is what some libraries answer while they scan. */
const isBecomingReady = ({ key, asc, ascq }: Sense): boolean =>
  key === senseKey.notReady && asc === 0x04 && (ascq === 0x00 || ascq === 0x01 || ascq === 0x07);
