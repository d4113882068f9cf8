import type { Positioning } from '#drivers/scsi-tape/positioning';
import { readyState } from '#drivers/scsi-tape/ready-state';
import { isRefusedField } from '#drivers/scsi-tape/refusal';
import type { Request, TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { pollDelays, timeLimits } from '#drivers/scsi-tape/time-limits';
import { DeviceError } from '#src/base/errors';
import { growingDelays } from '#src/base/pause';
import { summarizeSense } from '#src/device/execute-command';
import type { Cancellable, MediumErrorOutcome, ReadyState } from '#src/device/tape-drive';
import { encodeLoadUnloadCdb } from '#src/scsi/load-unload';
import { encodePreventAllowCdb } from '#src/scsi/prevent-allow';
import { senseKey } from '#src/scsi/sense-key';
import { encodeTestUnitReadyCdb } from '#src/scsi/test-unit-ready';

/** Threading and unthreading, with the waiting that belongs to them. */
export class LoadUnload {
  readonly #unit: TapeUnit;
  readonly #positioning: Positioning;
  #prevents = false;

  constructor(unit: TapeUnit, positioning: Positioning) {
    this.#unit = unit;
    this.#positioning = positioning;
  }

  async ready({ signal }: Cancellable = {}): Promise<ReadyState> {
    const request: Request = { cdb: encodeTestUnitReadyCdb(), timeout: timeLimits.inquiry, signal };
    const answer = await this.#unit.sendAside(request);
    const state = readyState(answer);
    if (state.kind === 'unforeseen') throw this.#unit.failure(request, state.sense);
    if (state.kind !== 'ready') this.#unit.lose();
    return state;
  }

  async load({ signal }: Cancellable = {}): Promise<ReadyState> {
    const delays = growingDelays(pollDelays.first, pollDelays.longest);
    let begun = false;
    this.#unit.lose();
    for (let waited = 0; ; ) {
      const state = await this.ready({ signal });
      // Attentions up to here tell of the load itself.
      this.#unit.forgetPending();
      if (state.kind === 'ready') return await this.#rewound(signal);
      // A drive that sees nothing may hold what it let go of before, with nobody there to take it out.
      const isUnseen = state.kind === 'no-medium' && waited >= timeLimits.settle;
      if (!begun && (state.kind === 'not-loaded' || isUnseen)) {
        // Once only: a second one could begin a calibration of two hours again.
        begun = true;
        await this.#beginLoad(signal);
        if (isUnseen) continue;
      }
      const waits = state.kind === 'no-medium' || state.kind === 'becoming-ready' || state.kind === 'not-loaded';
      if (!waits || isUnseen) return state;
      if (waited >= timeLimits.loadWait) throw this.#neverReady(state, waited);
      const delay = delays.next().value;
      await this.#unit.pause(delay, signal);
      waited += delay;
    }
  }

  /** A deferred error that came up here is handed back once the medium is out: it condemns what was not synchronised. */
  async unload({ signal }: Cancellable = {}): Promise<MediumErrorOutcome | undefined> {
    if (this.#prevents) await this.preventRemoval(false, { signal });
    const delays = growingDelays(pollDelays.first, pollDelays.longest);
    const request: Request = { cdb: encodeLoadUnloadCdb({ load: false }), timeout: timeLimits.unload, signal };
    for (let waited = 0; ; ) {
      const answer = await this.#unit.sendAside(request);
      if (answer.kind === 'good') break;
      const { key, asc, ascq } = answer.sense;
      if (key === senseKey.noSense || key === senseKey.recoveredError || asc === 0x3a) break;
      // A drive refuses to unload while it calibrates a new cartridge; a drive that is not loaded has nothing to unthread.
      const state = readyState(answer);
      if (state.kind === 'not-loaded') break;
      if (state.kind !== 'becoming-ready' || waited >= timeLimits.loadWait) {
        if (asc === 0x53 && ascq === 0x02) throw this.#removalPrevented(summarizeSense(answer.sense).text);
        throw this.#unit.failure(request, answer.sense);
      }
      const delay = delays.next().value;
      await this.#unit.pause(delay, signal);
      waited += delay;
    }
    this.#unit.lose();
    const pending = this.#unit.takePending();
    this.#unit.forgetPending();
    return pending?.kind === 'medium-error' ? pending : undefined;
  }

  async preventRemoval(prevent: boolean, { signal }: Cancellable = {}): Promise<void> {
    const request: Request = { cdb: encodePreventAllowCdb({ prevent }), timeout: timeLimits.inquiry, signal };
    const answer = await this.#unit.sendAside(request);
    if (answer.kind === 'good') this.#prevents = prevent;
    else if (answer.sense.key !== senseKey.illegalRequest) throw this.#unit.failure(request, answer.sense);
  }

  async #rewound(signal: AbortSignal | undefined): Promise<ReadyState> {
    const trouble = await this.#positioning.rewind({ signal });
    if (trouble === undefined) return { kind: 'ready' };
    // The medium changed state between two commands; once more, and then it is the drive's fault.
    const again = await this.#positioning.rewind({ signal });
    return again === undefined ? { kind: 'ready' } : { kind: 'failed', sense: again.sense };
  }

  /** Answers at once where the drive takes IMMED, so that the waiting can be interrupted. */
  async #beginLoad(signal: AbortSignal | undefined): Promise<void> {
    for (const immediate of [true, false]) {
      const timeout = immediate ? timeLimits.loadBegin : timeLimits.loadWait;
      const request: Request = { cdb: encodeLoadUnloadCdb({ load: true, immediate }), timeout, signal };
      const answer = await this.#unit.sendAside(request);
      if (answer.kind === 'good' || !isRefusedField(answer.sense)) return;
    }
  }

  #neverReady(state: ReadyState, waitedMs: number): DeviceError {
    const text = 'sense' in state ? state.sense.text : state.kind;
    return new DeviceError('device.load-timed-out', {
      message: `${this.#unit.transport.address}: the cartridge is still not ready after ${Math.round(waitedMs / 60_000)} minutes (${text})`,
      remedy:
        'Look at the display of the drive. When it has finished, run `grandsire drive unload` and try another cartridge.',
      usable: false,
    });
  }

  #removalPrevented(text: string): DeviceError {
    return new DeviceError('device.removal-prevented', {
      message: `${this.#unit.transport.address}: cannot unload: ${text}`,
      remedy: 'Another program has locked the cartridge into the drive; end it, then run `grandsire drive unload`.',
      usable: true,
    });
  }
}
