import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import { loseAfterMediumError, wrongPlace } from '#drivers/scsi-tape/lose-place';
import { spaceOutcome } from '#drivers/scsi-tape/outcomes';
import { isRefusedOperation } from '#drivers/scsi-tape/refusal';
import { isTrouble, type Request, type TapeUnit, type Trouble } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import type { Cancellable, SpaceOutcome } from '#src/device/tape-drive';
import { encodeSpace6Cdb, encodeSpace16Cdb, fitsSpace6, type SpaceTarget } from '#src/scsi/space';

interface SpacingParts {
  readonly unit: TapeUnit;
  readonly abilities: DriveAbilities;
  readonly rewind: (options: Cancellable) => Promise<Trouble | undefined>;
}

const largestSpace6 = 0x7f_ffffn;

/** Moving over a number of objects, and the count kept true whatever the drive makes of it. */
export class Spacing {
  readonly #unit: TapeUnit;
  readonly #abilities: DriveAbilities;
  readonly #rewind: SpacingParts['rewind'];
  #stopsAtFilemarks = false;

  constructor({ unit, abilities, rewind }: SpacingParts) {
    this.#unit = unit;
    this.#abilities = abilities;
    this.#rewind = rewind;
  }

  async space(target: SpaceTarget, count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    this.#unit.requirePlace(`space over ${target}`);
    const trustsDrive = count >= 0n || this.#abilities.asData.knowsPosition;
    return await (trustsDrive ? this.#once(target, count, options) : this.#back(target, count, options));
  }

  /** To a block that lies ahead, past filemarks. SPACE over blocks stops at each filemark on most drives and counts it as an object on others (tgt). */
  async forwardTo(block: bigint, signal: AbortSignal | undefined): Promise<SpaceOutcome> {
    const { count } = this.#unit;
    for (;;) {
      const at = count.place.block ?? 0n;
      if (at === block) return { kind: 'spaced' };
      const outcome = await this.#once('blocks', block - at, { signal });
      if (outcome.kind === 'end-of-data') return { kind: 'end-of-data', passed: count.place.block };
      if (outcome.kind !== 'spaced' && outcome.kind !== 'filemark') return outcome;
      // The count only grows (a filemark was passed, or all blocks), or the device contradicts itself.
      if ((count.place.block ?? 0n) <= at) throw wrongPlace(this.#unit, block, at);
    }
  }

  /**
   * Backwards where nobody but us counts: by the count. Some targets end one object too far back, and call it GOOD when the beginning
   * came sooner than the number asked for (tgt).
   */
  async #back(target: SpaceTarget, count: bigint, options: Cancellable): Promise<SpaceOutcome> {
    const { block, file } = this.#unit.count.place;
    if (target !== 'filemarks') {
      if (block === undefined || -count <= block) return await this.#once(target, count, options);
      const outcome = await this.#once(target, -block, options);
      return outcome.kind === 'spaced' ? { kind: 'beginning-of-medium', passed: block } : outcome;
    }
    const goal = this.#unit.count.filemarkBack(-count);
    if (goal !== undefined) return await this.#backTo(goal, options);
    const outcome = await this.#once(target, count, options);
    if (outcome.kind !== 'spaced') return outcome;
    if (file !== undefined && -count > file)
      return (await this.#rewind(options)) ?? { kind: 'beginning-of-medium', passed: file };
    this.#unit.count.losePlace();
    return outcome;
  }

  async #once(target: SpaceTarget, count: bigint, { signal }: Cancellable): Promise<SpaceOutcome> {
    if (!fitsSpace6(count) && !this.#abilities.can('space16')) return await this.#inSteps(target, count, signal);
    const wide = !fitsSpace6(count);
    const cdb = wide ? encodeSpace16Cdb({ target, count }) : encodeSpace6Cdb({ target, count });
    const request: Request = { cdb, timeout: timeLimits.position, signal };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return answer;
    if (wide && answer.kind === 'check' && isRefusedOperation(answer.sense)) {
      this.#abilities.refused('space16');
      return await this.#inSteps(target, count, signal);
    }
    const told = spaceOutcome(answer, count);
    if (told.kind === 'unforeseen') throw this.#unit.failure(request, told.sense);
    const outcome = this.#withCount(told, target, count);
    if (target === 'filemarks') this.#countFilemarks(outcome, count);
    else if (target === 'blocks') this.#countBlocks(outcome, count);
    else this.#unit.count.losePlace();
    if (outcome.kind === 'attention') this.#unit.lose();
    if (outcome.kind === 'medium-error') loseAfterMediumError(this.#unit, this.#abilities);
    return outcome;
  }

  /** How far a drive came that does not tell, where the count has both ends. */
  #withCount(outcome: SpaceOutcome, target: SpaceTarget, count: bigint): SpaceOutcome {
    if (!('passed' in outcome) || outcome.passed !== undefined || outcome.kind === 'filemark') return outcome;
    const { place, end } = this.#unit.count;
    const part = target === 'filemarks' ? 'file' : 'block';
    const [from, to] = [place[part], outcome.kind === 'end-of-data' ? end?.[part] : 0n];
    const passed = from === undefined || to === undefined ? undefined : count < 0n ? from - to : to - from;
    // Some answer so when the last object that was asked for is the last that there is (tgt).
    if (passed === (count < 0n ? -count : count)) return { kind: 'spaced' };
    return { ...outcome, passed: passed ?? (target === 'filemarks' && count === 1n ? 0n : undefined) };
  }

  /** Backwards to an object, block by block: some drives stop at each filemark, others count it as an object. */
  async #backTo(goal: bigint, options: Cancellable): Promise<SpaceOutcome> {
    const { count } = this.#unit;
    for (;;) {
      const at = count.place.block;
      if (at === undefined || at === goal) return { kind: 'spaced' };
      const outcome = await this.#once('blocks', goal - at, options);
      if (outcome.kind !== 'spaced' && outcome.kind !== 'filemark') return outcome;
      if ((count.place.block ?? at) >= at) throw wrongPlace(this.#unit, goal, at);
    }
  }

  /** Older drives have SPACE(6) only, whose count has 24 bits. */
  async #inSteps(target: SpaceTarget, count: bigint, signal: AbortSignal | undefined): Promise<SpaceOutcome> {
    const step = count < 0n ? -largestSpace6 : largestSpace6;
    let passed = 0n;
    for (let left = count; left !== 0n; ) {
      const next = fitsSpace6(left) ? left : step;
      const outcome = await this.#once(target, next, { signal });
      if (outcome.kind === 'filemark') return { ...outcome, passed: outcome.passed + passed };
      if ('passed' in outcome) {
        return { ...outcome, passed: outcome.passed === undefined ? undefined : outcome.passed + passed };
      }
      if (outcome.kind !== 'spaced') return outcome;
      passed += next < 0n ? -next : next;
      left -= next;
    }
    return { kind: 'spaced' };
  }

  #countFilemarks(outcome: SpaceOutcome, count: bigint): void {
    const sign = count < 0n ? -1n : 1n;
    if (outcome.kind === 'spaced') this.#unit.count.spaceFilemarks(count);
    else if (outcome.kind === 'beginning-of-medium') this.#unit.count.toBeginning();
    else if (outcome.kind === 'end-of-data') {
      const { passed } = outcome;
      const { end } = this.#unit.count;
      if (passed !== undefined) this.#unit.count.spaceFilemarks(sign * passed);
      // Behind the last filemark there may be blocks up to the end of data, and nobody counted them.
      const { file } = this.#unit.count.place;
      this.#unit.count.losePlace();
      if (end?.block !== undefined) this.#unit.count.moveTo(end.block, end.file);
      else if (file !== undefined && passed !== undefined) this.#unit.count.inFile(file);
    }
  }

  #countBlocks(outcome: SpaceOutcome, count: bigint): void {
    const sign = count < 0n ? -1n : 1n;
    if (outcome.kind === 'spaced' || outcome.kind === 'end-of-data') {
      const passed = outcome.kind === 'spaced' ? count : outcome.passed;
      if (passed === undefined) this.#unit.count.losePlace();
      else this.#unit.count.passBlocks(outcome.kind === 'spaced' ? count : sign * passed);
      // A drive that never stopped at a filemark may have passed some without a word (tgt).
      if (!this.#stopsAtFilemarks) this.#unit.count.forgetFile();
    } else if (outcome.kind === 'beginning-of-medium') this.#unit.count.toBeginning();
    else if (outcome.kind === 'filemark') {
      this.#stopsAtFilemarks = true;
      this.#unit.count.passBlocks(sign * outcome.passed);
      if (count < 0n) this.#unit.count.passFilemarkBack();
      else this.#unit.count.passFilemark();
    }
  }
}
