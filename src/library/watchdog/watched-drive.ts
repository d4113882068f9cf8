import type { Alarm } from '#src/base/alarm';
import { DeviceError } from '#src/base/errors';
import type {
  Cancellable,
  DensityCode,
  DeviceIdentity,
  LocateOptions,
  MediumErrorOutcome,
  MediumState,
  ReadBlocksOptions,
  ReadBlocksOutcome,
  ReadOutcome,
  ReadyState,
  SpaceOutcome,
  TapeAlert,
  TapeDrive,
  TapeDriveCapabilities,
  TapePosition,
  WriteOutcome,
} from '#src/device/tape-drive';
import {
  type DriveTrouble,
  inDrive,
  troubleOfFailure,
  troubleOfLoad,
  troubleOfOutcome,
} from '#src/library/drives/drive-trouble';
import { PhaseWatch } from '#src/library/watchdog/phase-watch';
import { describeBudget, type Phase, phases } from '#src/library/watchdog/phases';

/** A label is one block, and reading it shows little; with a descriptor and data behind it heads and medium have worked. */
const provingBlocks = 3;

/** Told once of what a cartridge met in the drive, before the session is. */
type TroubleHearer = (trouble: DriveTrouble) => Promise<void>;

/**
 * A drive with a watchdog, and with a memory of what it met: the same contract, and every call ends. What condemns it is known here whoever
 * worked with it, so that it can be put out of use when it is given back.
 */
export class WatchedDrive implements TapeDrive {
  /** For messages and failures: its address until it is known where in a library it stands. */
  place: string;
  readonly #drive: TapeDrive;
  readonly #watch: PhaseWatch;
  #hear: TroubleHearer | undefined;
  #fault: string | undefined;
  #blocks = 0;
  #isUnsteady = false;
  /** A load was begun, by this process or perhaps by another before it, and the drive has not said since that it is ready. */
  #isUnready = true;

  constructor(drive: TapeDrive, alarm: Alarm) {
    this.#drive = drive;
    this.place = drive.address;
    this.#watch = new PhaseWatch({ alarm, overdue: (phase) => this.#overdue(phase) });
  }

  /** Opens a drive; throws `drive.overdue` where that does not end. */
  static async open(open: () => Promise<TapeDrive>, address: string, alarm: Alarm): Promise<WatchedDrive> {
    const watch = new PhaseWatch({ alarm, overdue: (phase) => overdue(address, phase) });
    return new WatchedDrive(await watch.during('open', open), alarm);
  }

  get address(): string {
    return this.#drive.address;
  }

  get identity(): DeviceIdentity {
    return this.#drive.identity;
  }

  get capabilities(): TapeDriveCapabilities {
    return this.#drive.capabilities;
  }

  /** Why it must not be used any more. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** It lost its place in the middle of the work: nothing is held against it, and for the next cartridge another one is taken before it. */
  get isUnsteady(): boolean {
    return this.#isUnsteady;
  }

  /** A session with a cartridge begins; what goes wrong with it is told to `hear`, the first time only. */
  attend(hear: TroubleHearer): void {
    this.#hear = hear;
    this.#blocks = 0;
    this.#isUnsteady = false;
  }

  /** The session ends. True where it moved data and met no trouble, which proves drive and cartridge good. */
  leave(): boolean {
    const isProof = this.#hear !== undefined && this.#fault === undefined && this.#blocks >= provingBlocks;
    this.#hear = undefined;
    return isProof;
  }

  /** Something went wrong that the drive did not report; what it did report was told before, and counts alone. */
  suspect(message: string): Promise<void> {
    return this.#tell({ certain: false, message });
  }

  condemn(reason: string): void {
    this.#fault ??= reason;
  }

  /** It was mended, as far as anybody knows. What its watchdog gave up stays given up until it is opened anew. */
  forgive(): void {
    this.#fault = this.#watch.failure?.message;
  }

  ready(options: Cancellable = {}): Promise<ReadyState> {
    return this.#during('question', options, async (signal) => {
      const state = await this.#drive.ready({ signal });
      this.#isUnready = state.kind === 'becoming-ready';
      return state;
    });
  }

  async load(options: Cancellable = {}): Promise<ReadyState> {
    this.#isUnready = true;
    const state = await this.#during('load', options, (signal) => this.#drive.load({ signal }));
    this.#isUnready = state.kind === 'becoming-ready';
    const trouble = troubleOfLoad(state);
    if (trouble) await this.#tell(trouble);
    return state;
  }

  async unload(options: Cancellable = {}): Promise<MediumErrorOutcome | undefined> {
    const phase = this.#isUnready ? 'unloadUnready' : 'unload';
    const outcome = await this.#during(phase, options, (signal) => this.#drive.unload({ signal }));
    this.#isUnready = false;
    return outcome;
  }

  medium(options: Cancellable = {}): Promise<MediumState> {
    return this.#during('question', options, (signal) => this.#drive.medium({ signal }));
  }

  configure(settings: { readonly compression: boolean }, options: Cancellable = {}): Promise<void> {
    return this.#during('question', options, (signal) => this.#drive.configure(settings, { signal }));
  }

  position(options: Cancellable = {}): Promise<TapePosition | undefined> {
    return this.#during('question', options, (signal) => this.#drive.position({ signal }));
  }

  async rewind(options: Cancellable = {}) {
    const outcome = await this.#during('position', options, (signal) => this.#drive.rewind({ signal }));
    if (outcome?.kind === 'medium-error') await this.#tell(troubleOfOutcome(outcome));
    return outcome;
  }

  locate(block: bigint, options: LocateOptions = {}): Promise<SpaceOutcome> {
    return this.#space(options, (signal) => this.#drive.locate(block, { ...options, signal }));
  }

  spaceBlocks(count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#space(options, (signal) => this.#drive.spaceBlocks(count, { signal }));
  }

  spaceFilemarks(count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#space(options, (signal) => this.#drive.spaceFilemarks(count, { signal }));
  }

  spaceToEndOfData(options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#space(options, (signal) => this.#drive.spaceToEndOfData({ signal }));
  }

  async readBlock(buffer: Uint8Array, options: Cancellable = {}): Promise<ReadOutcome> {
    const outcome = await this.#during('data', options, (signal) => this.#drive.readBlock(buffer, { signal }));
    if (outcome.kind === 'medium-error') await this.#tell(troubleOfOutcome(outcome));
    if (outcome.kind === 'block') this.#blocks += 1;
    this.#noteAttention(outcome);
    return outcome;
  }

  async readBlocks(buffers: readonly Uint8Array[], options: ReadBlocksOptions = {}): Promise<ReadBlocksOutcome> {
    const { onBlock } = options;
    const outcome = await this.#during('data', options, (signal) =>
      this.#drive.readBlocks(buffers, { signal, onBlock }),
    );
    if (outcome.stop?.kind === 'medium-error') await this.#tell(troubleOfOutcome(outcome.stop));
    this.#blocks += outcome.blocks.length;
    if (outcome.stop) this.#noteAttention(outcome.stop);
    return outcome;
  }

  writeBlocks(blocks: readonly Uint8Array[], options: Cancellable = {}): Promise<WriteOutcome> {
    const stretch = { phase: 'data', blocks: blocks.length } as const;
    return this.#write(stretch, options, (signal) => this.#drive.writeBlocks(blocks, { signal }));
  }

  writeFilemarks(
    count: number,
    mode: { readonly synchronise: boolean },
    options: Cancellable = {},
  ): Promise<WriteOutcome> {
    const stretch = { phase: 'data', blocks: 0 } as const;
    return this.#write(stretch, options, (signal) => this.#drive.writeFilemarks(count, mode, { signal }));
  }

  erase(options: Cancellable = {}): Promise<WriteOutcome> {
    const stretch = { phase: 'erase', blocks: 0 } as const;
    return this.#write(stretch, options, (signal) => this.#drive.erase({ signal }));
  }

  preventRemoval(prevent: boolean, options: Cancellable = {}): Promise<void> {
    return this.#during('question', options, (signal) => this.#drive.preventRemoval(prevent, { signal }));
  }

  alerts(options: Cancellable = {}): Promise<readonly TapeAlert[]> {
    return this.#during('question', options, (signal) => this.#drive.alerts({ signal }));
  }

  densities(options: Cancellable = {}): Promise<readonly DensityCode[]> {
    return this.#during('question', options, (signal) => this.#drive.densities({ signal }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch.during('close', async () => await this.#drive[Symbol.asyncDispose]());
  }

  async #space(
    options: Cancellable,
    work: (signal: AbortSignal | undefined) => Promise<SpaceOutcome>,
  ): Promise<SpaceOutcome> {
    const outcome = await this.#during('position', options, work);
    if (outcome.kind === 'medium-error') await this.#tell(troubleOfOutcome(outcome));
    this.#noteAttention(outcome);
    return outcome;
  }

  async #write(
    { phase, blocks }: { readonly phase: Phase; readonly blocks: number },
    options: Cancellable,
    work: (signal: AbortSignal | undefined) => Promise<WriteOutcome>,
  ): Promise<WriteOutcome> {
    const outcome = await this.#during(phase, options, work);
    // A reset or a power cycle is nobody's failure: what was not committed is begun again.
    if (outcome.kind === 'medium-error') await this.#tell(troubleOfOutcome(outcome));
    if (outcome.kind === 'written' || outcome.kind === 'early-warning') this.#blocks += blocks;
    this.#noteAttention(outcome);
    return outcome;
  }

  /** Before the first block it tells of the load itself. */
  #noteAttention({ kind }: ReadOutcome | SpaceOutcome | WriteOutcome): void {
    if (kind === 'attention' && this.#blocks > 0) this.#isUnsteady = true;
  }

  async #during<T>(phase: Phase, { signal }: Cancellable, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#watch.during(phase, work, signal);
    } catch (cause) {
      if (!(cause instanceof DeviceError)) throw cause;
      const trouble = troubleOfFailure(cause);
      if (trouble) await this.#tell(trouble);
      throw inDrive(cause, this.place);
    }
  }

  /** One session tells one trouble: a cartridge with a thousand bad blocks is not a thousand times bad. */
  async #tell(trouble: DriveTrouble): Promise<void> {
    if (trouble.certain) this.condemn(trouble.message);
    const hear = this.#hear;
    if (!hear || trouble.certain) return;
    this.#hear = undefined;
    await hear(trouble);
  }

  #overdue(phase: Phase): DeviceError {
    return overdue(this.place, phase);
  }
}

/** The reason stands in lists long after: it says itself what to do. */
function overdue(place: string, phase: Phase): DeviceError {
  const { what, budget } = phases[phase];
  const remedy = 'look at its display, power-cycle it, then run `grandsire library inventory`';
  return new DeviceError('drive.overdue', {
    message: `${place} did not finish ${what} within ${describeBudget(budget)}; ${remedy}`,
    remedy: 'What was committed before is safe. Once the drive works again: `grandsire library inventory`.',
    usable: false,
    details: { phase },
  });
}
