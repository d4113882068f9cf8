import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import { spaceOutcome } from '#drivers/scsi-tape/outcomes';
import { isRefusedOperation } from '#drivers/scsi-tape/refusal';
import type { CountedPlace } from '#drivers/scsi-tape/tape-count';
import { isTrouble, type Request, type TapeUnit, type Trouble } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { DeviceError, throwIfAborted } from '#src/base/errors';
import { type CommandAnswer, summarizeSense } from '#src/device/execute-command';
import type { Cancellable, LocateOptions, SpaceOutcome, TapePosition } from '#src/device/tape-drive';
import { encodeLocate10Cdb, encodeLocate16Cdb } from '#src/scsi/locate';
import {
  encodeReadPositionCdb,
  parseLongPosition,
  parseShortPosition,
  type ReadPositionForm,
} from '#src/scsi/read-position';
import { encodeRewindCdb } from '#src/scsi/rewind';
import type { Sense } from '#src/scsi/sense';
import { senseKey } from '#src/scsi/sense-key';
import { encodeSpace6Cdb, encodeSpace16Cdb, fitsSpace6, type SpaceTarget } from '#src/scsi/space';
import { encodeRead6Cdb } from '#src/scsi/tape-read-write';

type DrivePlace = { readonly block: bigint; readonly file?: bigint | undefined };

const largestLocate10 = 0xffff_ffffn;
const largestSpace6 = 0x7f_ffffn;

/** Moving along the medium, and knowing where it stands. */
export class Positioning {
  readonly #unit: TapeUnit;
  readonly #abilities: DriveAbilities;
  #stopsAtFilemarks = false;

  constructor(unit: TapeUnit, abilities: DriveAbilities) {
    this.#unit = unit;
    this.#abilities = abilities;
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
    if (this.#abilities.positionForm === undefined) return await this.#learnPosition(signal);
    return undefined;
  }

  async position({ signal }: Cancellable = {}): Promise<TapePosition | undefined> {
    if (this.#unit.lost) return undefined;
    const { count } = this.#unit;
    if (this.#abilities.asData.knowsPosition) {
      const place = await this.#askPlace(signal);
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

  async space(target: SpaceTarget, count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    this.#unit.requirePlace(`space over ${target}`);
    const trustsDrive = count >= 0n || this.#abilities.asData.knowsPosition;
    return await (trustsDrive ? this.#space(target, count, options) : this.#spaceBack(target, count, options));
  }

  /**
   * Backwards where nobody but us counts: by the count. Some targets end one object too far back, and call it GOOD when the beginning
   * came sooner than the number asked for (tgt).
   */
  async #spaceBack(target: SpaceTarget, count: bigint, options: Cancellable): Promise<SpaceOutcome> {
    const { block, file } = this.#unit.count.place;
    if (target !== 'filemarks') {
      if (block === undefined || -count <= block) return await this.#space(target, count, options);
      const outcome = await this.#space(target, -block, options);
      return outcome.kind === 'spaced' ? { kind: 'beginning-of-medium', passed: block } : outcome;
    }
    const goal = this.#unit.count.filemarkBack(-count);
    if (goal !== undefined) return await this.#backTo(goal, options);
    const outcome = await this.#space(target, count, options);
    if (outcome.kind !== 'spaced') return outcome;
    if (file !== undefined && -count > file)
      return (await this.rewind(options)) ?? { kind: 'beginning-of-medium', passed: file };
    this.#unit.count.losePlace();
    return outcome;
  }

  async #space(target: SpaceTarget, count: bigint, { signal }: Cancellable): Promise<SpaceOutcome> {
    if (!fitsSpace6(count) && !this.#abilities.can('space16')) return await this.#spaceInSteps(target, count, signal);
    const wide = !fitsSpace6(count);
    const cdb = wide ? encodeSpace16Cdb({ target, count }) : encodeSpace6Cdb({ target, count });
    const request: Request = { cdb, timeout: timeLimits.position, signal };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return answer;
    if (wide && answer.kind === 'check' && isRefusedOperation(answer.sense)) {
      this.#abilities.refused('space16');
      return await this.#spaceInSteps(target, count, signal);
    }
    const told = spaceOutcome(answer, count);
    if (told.kind === 'unforeseen') throw this.#unit.failure(request, told.sense);
    const outcome = this.#withCount(told, target, count);
    if (target === 'filemarks') this.#countFilemarks(outcome, count);
    else if (target === 'blocks') this.#countBlocks(outcome, count);
    else this.#unit.count.losePlace();
    if (outcome.kind === 'attention') this.#unit.lose();
    if (outcome.kind === 'medium-error') this.loseAfterMediumError();
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
      const outcome = await this.#space('blocks', goal - at, options);
      if (outcome.kind !== 'spaced' && outcome.kind !== 'filemark') return outcome;
      if ((count.place.block ?? at) >= at) throw this.#wrongPlace(goal, at);
    }
  }

  /** Older drives have SPACE(6) only, whose count has 24 bits. */
  async #spaceInSteps(target: SpaceTarget, count: bigint, signal: AbortSignal | undefined): Promise<SpaceOutcome> {
    const step = count < 0n ? -largestSpace6 : largestSpace6;
    let passed = 0n;
    for (let left = count; left !== 0n; ) {
      const next = fitsSpace6(left) ? left : step;
      const outcome = await this.#space(target, next, { signal });
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

  /** After a silence of the drive: true where it says itself that it stands where it stood, and nothing befell the medium. */
  async isStillAt({ block, file }: CountedPlace, signal: AbortSignal | undefined): Promise<boolean> {
    if (block === undefined || !this.#abilities.asData.knowsPosition) return false;
    try {
      const place = await this.#askPlace(signal);
      if (place?.block !== block || this.#unit.hasPending) return false;
    } catch {
      throwIfAborted(signal);
      return false;
    }
    this.#unit.found();
    this.#unit.count.moveTo(block, file);
    return true;
  }

  /** A drive that knows where it is can be asked; the count of another is worth nothing after an error. */
  loseAfterMediumError(): void {
    if (this.#abilities.asData.knowsPosition) this.#unit.count.losePlace();
    else this.#unit.lose();
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
    const place = await this.#askPlace(request.signal);
    if (this.#unit.lost) return this.#unit.takePending() ?? { kind: 'end-of-data', passed: 0n };
    if (place) this.#unit.count.moveTo(place.block, place.file);
    if (outcome.kind !== 'spaced') return { kind: 'end-of-data', passed: place?.block ?? 0n };
    if (place && place.block !== block) throw this.#wrongPlace(block, place.block);
    if (!place) this.#unit.count.moveTo(block);
    return outcome;
  }

  /**
   * For drives without LOCATE: from the beginning, because what the driver counted is no proof that nobody moved the medium
   * since. SPACE over blocks stops at each filemark on most drives and counts it as an object on others (tgt).
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
    const outcome = await this.#forwardTo(block, signal);
    const isUntold = outcome.kind === 'end-of-data' && outcome.passed === undefined;
    return isUntold && block > 0n ? await this.#toEnd(block, signal) : outcome;
  }

  async #forwardTo(block: bigint, signal: AbortSignal | undefined): Promise<SpaceOutcome> {
    const { count } = this.#unit;
    for (;;) {
      const at = count.place.block ?? 0n;
      if (at === block) return { kind: 'spaced' };
      const outcome = await this.#space('blocks', block - at, { signal });
      if (outcome.kind === 'end-of-data') return { kind: 'end-of-data', passed: count.place.block };
      if (outcome.kind !== 'spaced' && outcome.kind !== 'filemark') return outcome;
      // The count only grows (a filemark was passed, or all blocks), or the device contradicts itself.
      if ((count.place.block ?? 0n) <= at) throw this.#wrongPlace(block, at);
    }
  }

  /** The data end at `block` or before, and the drive says only that they end (tgt): whether the object before it is there, reading tells. */
  async #toEnd(block: bigint, signal: AbortSignal | undefined): Promise<SpaceOutcome> {
    const trouble = await this.rewind({ signal });
    if (trouble) return trouble;
    const outcome = await this.#forwardTo(block - 1n, signal);
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

  /** Right after a rewind a drive that knows where it is says: at the beginning. Decided once. */
  async #learnPosition(signal: AbortSignal | undefined): Promise<Trouble | undefined> {
    if (!this.#abilities.can('readPosition')) {
      this.#abilities.positionForm = 'none';
      return undefined;
    }
    // The short form first: tgt answers the long one with zeros wherever it stands, and admits in the short one that it does not know.
    let known: 'short' | 'long' | undefined;
    for (const form of ['short', 'long'] as const) {
      const place = await this.#readPosition(form, signal);
      if (this.#unit.lost) return this.#unit.takePending();
      if (place === 'refused') continue;
      if (place === 'unknown' || place.block !== 0n) break;
      known = form;
    }
    this.#abilities.positionForm = known ?? 'none';
    return undefined;
  }

  async #askPlace(signal: AbortSignal | undefined): Promise<DrivePlace | undefined> {
    const form = this.#abilities.positionForm;
    const place = await this.#readPosition(form === 'short' ? 'short' : 'long', signal);
    return place === 'refused' || place === 'unknown' ? undefined : place;
  }

  /** A deferred error or attention met here is kept for the command that follows, and the place is lost. */
  async #readPosition(
    form: ReadPositionForm,
    signal: AbortSignal | undefined,
  ): Promise<DrivePlace | 'refused' | 'unknown'> {
    const buffer = new Uint8Array(32);
    const request: Request = {
      cdb: encodeReadPositionCdb({ form }),
      data: { direction: 'in', buffer },
      timeout: timeLimits.inquiry,
      signal,
    };
    const answer = await this.#unit.sendAside(request);
    if (answer.kind === 'check') return this.#untold(request, answer.sense);
    const data = buffer.subarray(0, answer.transferredBytes);
    if (form === 'long') {
      const { logicalObject, logicalFile, truncated } = parseLongPosition(data);
      return truncated || logicalObject === undefined ? 'unknown' : { block: logicalObject, file: logicalFile };
    }
    const { firstLogicalObject, truncated } = parseShortPosition(data);
    return truncated || firstLogicalObject === undefined ? 'unknown' : { block: firstLogicalObject };
  }

  /** A drive that does not tell its place because something befell the medium: the next command reports what. */
  #untold(request: Request, sense: Sense): 'refused' | 'unknown' {
    switch (sense.key) {
      case senseKey.illegalRequest:
        return 'refused';
      case senseKey.notReady:
      case senseKey.abortedCommand:
        this.#unit.raise({ kind: 'attention', sense: summarizeSense(sense) });
        return 'unknown';
      case senseKey.mediumError:
        this.#unit.raise({ kind: 'medium-error', sense: summarizeSense(sense) });
        return 'unknown';
      default:
        throw this.#unit.failure(request, sense);
    }
  }

  #wrongPlace(wanted: bigint, actual: bigint): DeviceError {
    this.#unit.lose();
    return new DeviceError('device.position-wrong', {
      message: `${this.#unit.transport.address}: the medium stands at block ${actual}, not at block ${wanted} where it was sent`,
      remedy: 'Run the command again; if it fails in the same way, take the drive out of use and have it serviced.',
      usable: true,
      details: { wanted: wanted.toString(), actual: actual.toString() },
    });
  }
}
