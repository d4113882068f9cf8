import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import { wrongPlace } from '#drivers/scsi-tape/lose-place';
import { spaceOutcome } from '#drivers/scsi-tape/outcomes';
import { isRefusedOperation } from '#drivers/scsi-tape/refusal';
import { Spacing } from '#drivers/scsi-tape/spacing';
import type { CountedPlace } from '#drivers/scsi-tape/tape-count';
import { isTrouble, type Request, type TapeUnit, type Trouble } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { ToldPlace } from '#drivers/scsi-tape/told-place';
import { throwIfAborted } from '#src/base/errors';
import type { CommandAnswer } from '#src/device/execute-command';
import type { Cancellable, LocateOptions, SpaceOutcome, TapePosition } from '#src/device/tape-drive';
import { encodeLocate10Cdb, encodeLocate16Cdb } from '#src/scsi/locate';
import { encodeRewindCdb } from '#src/scsi/rewind';
import { senseKey } from '#src/scsi/sense-key';
import type { SpaceTarget } from '#src/scsi/space';
import { encodeRead6Cdb } from '#src/scsi/tape-read-write';

const largestLocate10 = 0xffff_ffffn;

/** Moving along the medium, and knowing where it stands. */
export class Positioning {
  readonly #unit: TapeUnit;
  readonly #abilities: DriveAbilities;
  readonly #told: ToldPlace;
  readonly #spacing: Spacing;

  constructor(unit: TapeUnit, abilities: DriveAbilities) {
    this.#unit = unit;
    this.#abilities = abilities;
    this.#told = new ToldPlace(unit, abilities);
    this.#spacing = new Spacing({ unit, abilities, rewind: (options) => this.rewind(options) });
  }

  async rewind({ signal }: Cancellable = {}): Promise<Trouble | undefined> {
    const request: Request = { cdb: encodeRewindCdb(), timeout: timeLimits.rewind, signal };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return answer;
    if (answer.kind === 'check') {
      const outcome = spaceOutcome(answer, 0n);
      if (outcome.kind === 'attention' || outcome.kind === 'medium-error') {
        this.#unit.lose();
        return outcome;
      }
      if (outcome.kind !== 'spaced') throw this.#unit.failure(request, answer.sense);
    }
    this.#unit.found();
    this.#unit.count.toBeginning();
    if (this.#abilities.positionForm === undefined) return await this.#told.learn(signal);
    return undefined;
  }

  async position({ signal }: Cancellable = {}): Promise<TapePosition | undefined> {
    if (this.#unit.lost) return undefined;
    const { count } = this.#unit;
    if (this.#abilities.asData.knowsPosition) {
      const place = await this.#told.ask(signal);
      if (place === undefined || this.#unit.lost) {
        this.#unit.lose();
        return undefined;
      }
      count.moveTo(place.block, place.file);
      return {
        block: place.block,
        file: count.place.file,
        beginningOfMedium: place.block === 0n,
        confirmedByDrive: true,
      };
    }
    const { block, file } = count.place;
    return block === undefined ? undefined : { block, file, beginningOfMedium: block === 0n, confirmedByDrive: false };
  }

  async locate(block: bigint, { signal, near }: LocateOptions = {}): Promise<SpaceOutcome> {
    while (this.#abilities.asData.canLocate) {
      const wide = this.#abilities.can('locate16') || block > largestLocate10;
      if (wide && !this.#abilities.can('locate16')) break;
      const cdb = wide
        ? encodeLocate16Cdb({ destination: 'object', identifier: block })
        : encodeLocate10Cdb({ identifier: block });
      const request: Request = { cdb, timeout: timeLimits.position, signal };
      const answer = await this.#unit.send(request);
      if (answer.kind === 'check' && isRefusedOperation(answer.sense)) {
        this.#abilities.refused(wide ? 'locate16' : 'locate10');
        continue;
      }
      return await this.#located(request, answer, block);
    }
    return await this.#locateBySpacing(block, near, signal);
  }

  space(target: SpaceTarget, count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#spacing.space(target, count, options);
  }

  /** After a silence of the drive: true where it says itself that it stands where it stood, and nothing befell the medium. */
  async isStillAt({ block, file }: CountedPlace, signal: AbortSignal | undefined): Promise<boolean> {
    if (block === undefined || !this.#abilities.asData.knowsPosition) return false;
    try {
      const place = await this.#told.ask(signal);
      if (place?.block !== block || this.#unit.hasPending) return false;
    } catch {
      throwIfAborted(signal);
      return false;
    }
    this.#unit.found();
    this.#unit.count.moveTo(block, file);
    return true;
  }

  async #located(request: Request, answer: CommandAnswer | Trouble, block: bigint): Promise<SpaceOutcome> {
    if (isTrouble(answer)) return answer;
    const outcome = spaceOutcome(answer, 1n);
    if (outcome.kind === 'unforeseen') throw this.#unit.failure(request, outcome.sense);
    if (outcome.kind === 'attention' || outcome.kind === 'medium-error') {
      this.#unit.lose();
      return outcome;
    }
    this.#unit.found();
    this.#unit.count.losePlace();
    if (!this.#abilities.asData.knowsPosition && this.#abilities.positionForm !== undefined) {
      // It locates and cannot say where it is: its GOOD is all there is.
      if (outcome.kind === 'spaced') this.#unit.count.moveTo(block);
      return outcome.kind === 'spaced' ? outcome : { kind: 'end-of-data', passed: 0n };
    }
    const place = await this.#told.ask(request.signal);
    if (this.#unit.lost) return this.#unit.takePending() ?? { kind: 'end-of-data', passed: 0n };
    if (place) this.#unit.count.moveTo(place.block, place.file);
    if (outcome.kind !== 'spaced') return { kind: 'end-of-data', passed: place?.block ?? 0n };
    if (place && place.block !== block) throw wrongPlace(this.#unit, block, place.block);
    if (!place) this.#unit.count.moveTo(block);
    return outcome;
  }

  /**
   * For drives without LOCATE: from the beginning, because what the driver counted is no proof that nobody moved the medium
   * since.
   */
  async #locateBySpacing(
    block: bigint,
    near: LocateOptions['near'],
    signal: AbortSignal | undefined,
  ): Promise<SpaceOutcome> {
    const trouble = await this.rewind({ signal });
    if (trouble) return trouble;
    const { count } = this.#unit;
    if (near && near.file > 0n) {
      const outcome = await this.space('filemarks', near.file, { signal });
      if (outcome.kind !== 'spaced') return outcome;
      count.toStartOf(near.file, block - near.blockInFile);
    }
    const outcome = await this.#spacing.forwardTo(block, signal);
    const isUntold = outcome.kind === 'end-of-data' && outcome.passed === undefined;
    return isUntold && block > 0n ? await this.#toEnd(block, signal) : outcome;
  }

  /** The data end at `block` or before, and the drive says only that they end (tgt): whether the object before it is there, reading tells. */
  async #toEnd(block: bigint, signal: AbortSignal | undefined): Promise<SpaceOutcome> {
    const trouble = await this.rewind({ signal });
    if (trouble) return trouble;
    const outcome = await this.#spacing.forwardTo(block - 1n, signal);
    if (outcome.kind !== 'spaced') return outcome;
    const buffer = new Uint8Array(this.#abilities.limits.minBlockBytes);
    const request: Request = {
      cdb: encodeRead6Cdb({ fixed: false, transferLength: buffer.length }),
      data: { direction: 'in', buffer },
      timeout: timeLimits.transfer,
      signal,
    };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return answer;
    const isThere = answer.kind === 'good' || answer.sense.key === senseKey.noSense;
    if (!isThere && answer.sense.key !== senseKey.blankCheck) throw this.#unit.failure(request, answer.sense);
    this.#unit.count.moveTo(isThere ? block : block - 1n);
    this.#unit.count.endHere();
    return isThere ? { kind: 'spaced' } : { kind: 'end-of-data', passed: block - 1n };
  }
}
