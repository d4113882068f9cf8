import { readAlerts } from '#drivers/scsi-tape/alerts';
import { BlockReader } from '#drivers/scsi-tape/block-reader';
import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import { configureDrive } from '#drivers/scsi-tape/configure';
import { readDensities } from '#drivers/scsi-tape/densities';
import { LoadUnload } from '#drivers/scsi-tape/load-unload';
import { type DriveParts, readMediumState } from '#drivers/scsi-tape/medium-state';
import { writeOutcome } from '#drivers/scsi-tape/outcomes';
import { Positioning } from '#drivers/scsi-tape/positioning';
import { isRefusedField } from '#drivers/scsi-tape/refusal';
import { isTrouble, type Request, type TapeUnit, type Trouble } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { bug } from '#src/base/errors';
import type { CommandAnswer } from '#src/device/execute-command';
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
import { encodeErase6Cdb } from '#src/scsi/erase';
import { encodeWrite6Cdb } from '#src/scsi/tape-read-write';
import { encodeWriteFilemarksCdb } from '#src/scsi/write-filemarks';

interface Parts {
  readonly unit: TapeUnit;
  readonly abilities: DriveAbilities;
  readonly identity: DeviceIdentity;
}

/** `TapeDrive` over SSC-5. The law is on the interface. */
export class ScsiTapeDrive implements TapeDrive {
  readonly identity: DeviceIdentity;
  readonly #unit: TapeUnit;
  readonly #abilities: DriveAbilities;
  readonly #positioning: Positioning;
  readonly #loading: LoadUnload;
  readonly #reading: BlockReader;
  #lastWrite: { readonly transferLength: number; readonly cdb: Uint8Array } | undefined;

  constructor({ unit, abilities, identity }: Parts) {
    this.identity = identity;
    this.#unit = unit;
    this.#abilities = abilities;
    this.#positioning = new Positioning(unit, abilities);
    this.#loading = new LoadUnload(unit, this.#positioning);
    this.#reading = new BlockReader(this.#parts);
  }

  get #parts(): DriveParts {
    return { unit: this.#unit, abilities: this.#abilities, positioning: this.#positioning };
  }

  get address(): string {
    return this.#unit.transport.address;
  }

  get capabilities(): TapeDriveCapabilities {
    return this.#abilities.asData;
  }

  ready(options: Cancellable = {}): Promise<ReadyState> {
    return this.#loading.ready(options);
  }

  load(options: Cancellable = {}): Promise<ReadyState> {
    return this.#loading.load(options);
  }

  unload(options: Cancellable = {}): Promise<MediumErrorOutcome | undefined> {
    return this.#loading.unload(options);
  }

  preventRemoval(prevent: boolean, options: Cancellable = {}): Promise<void> {
    return this.#loading.preventRemoval(prevent, options);
  }

  medium(options: Cancellable = {}): Promise<MediumState> {
    return readMediumState(this.#parts, options);
  }

  configure(settings: { readonly compression: boolean }, options: Cancellable = {}): Promise<void> {
    return configureDrive(this.#unit, settings, options);
  }

  position(options: Cancellable = {}): Promise<TapePosition | undefined> {
    return this.#positioning.position(options);
  }

  rewind(options: Cancellable = {}): Promise<Trouble | undefined> {
    return this.#positioning.rewind(options);
  }

  locate(block: bigint, options: LocateOptions = {}): Promise<SpaceOutcome> {
    return this.#positioning.locate(block, options);
  }

  spaceBlocks(count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#positioning.space('blocks', count, options);
  }

  spaceFilemarks(count: bigint, options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#positioning.space('filemarks', count, options);
  }

  spaceToEndOfData(options: Cancellable = {}): Promise<SpaceOutcome> {
    return this.#positioning.space('endOfData', 0n, options);
  }

  readBlock(buffer: Uint8Array, options: Cancellable = {}): Promise<ReadOutcome> {
    return this.#reading.readBlock(buffer, options);
  }

  readBlocks(buffers: readonly Uint8Array[], options: ReadBlocksOptions = {}): Promise<ReadBlocksOutcome> {
    return this.#reading.readBlocks(buffers, options);
  }

  async writeBlocks(blocks: readonly Uint8Array[], { signal }: Cancellable = {}): Promise<WriteOutcome> {
    this.#unit.requirePlace('write');
    let earlyWarning = false;
    for (const [index, block] of blocks.entries()) {
      // One after the other: commands queued behind one that failed would be written in its place.
      const outcome = await this.#writeBlock(block, index, signal);
      if (outcome.kind === 'early-warning') earlyWarning = true;
      else if (outcome.kind !== 'written') return outcome;
    }
    return { kind: earlyWarning || this.#unit.takeEarlyWarning() ? 'early-warning' : 'written' };
  }

  async writeFilemarks(
    count: number,
    { synchronise }: { readonly synchronise: boolean },
    { signal }: Cancellable = {},
  ): Promise<WriteOutcome> {
    this.#unit.requirePlace('write a filemark');
    const immediate = !synchronise && this.#abilities.buffersFilemarks;
    const request: Request = {
      cdb: encodeWriteFilemarksCdb({ count, immediate }),
      timeout: timeLimits.filemark,
      signal,
    };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return asWriteOutcome(answer);
    if (immediate && answer.kind === 'check' && isRefusedField(answer.sense)) {
      this.#abilities.buffersFilemarks = false;
      return await this.writeFilemarks(count, { synchronise }, { signal });
    }
    const outcome = writeOutcome(answer, { units: count, writtenBefore: 0 });
    if (outcome.kind === 'unforeseen') throw this.#unit.failure(request, outcome.sense);
    if (outcome.kind === 'volume-overflow') {
      const written = outcome.doneUnits ?? 0;
      this.#unit.count.wroteFilemarks(BigInt(written));
      return { kind: 'volume-overflow', writtenBlocks: written };
    }
    if (outcome.kind === 'written' || outcome.kind === 'early-warning') {
      this.#unit.count.wroteFilemarks(BigInt(count));
      return this.#unit.takeEarlyWarning() ? { kind: 'early-warning' } : outcome;
    }
    if (outcome.kind !== 'write-protected') this.#unit.lose();
    return outcome;
  }

  async erase({ signal }: Cancellable = {}): Promise<WriteOutcome> {
    this.#unit.requirePlace('erase');
    const request: Request = { cdb: encodeErase6Cdb({ long: true }), timeout: timeLimits.erase, signal };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return asWriteOutcome(answer);
    const outcome = writeOutcome(answer, { units: 0, writtenBefore: 0 });
    if (outcome.kind === 'unforeseen') throw this.#unit.failure(request, outcome.sense);
    // After a long erase drives stand where they like; what was known of the medium is gone.
    if (outcome.kind !== 'write-protected') this.#unit.lose();
    return outcome;
  }

  alerts(options: Cancellable = {}): Promise<readonly TapeAlert[]> {
    return readAlerts(this.#parts, options);
  }

  densities(options: Cancellable = {}): Promise<readonly DensityCode[]> {
    return readDensities(this.#parts, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#unit.transport[Symbol.asyncDispose]();
  }

  async #writeBlock(block: Uint8Array, index: number, signal: AbortSignal | undefined): Promise<WriteOutcome> {
    const { minBlockBytes, maxBlockBytes } = this.#abilities.limits;
    if (block.length < minBlockBytes || block.length > maxBlockBytes) {
      throw bug(`${this.address}: a block of ${block.length} bytes, outside ${minBlockBytes} to ${maxBlockBytes}`);
    }
    const request: Request = {
      cdb: this.#writeCdb(block.length),
      data: { direction: 'out', data: [block] },
      timeout: timeLimits.transfer,
      signal,
    };
    const answer = await this.#unit.send(request);
    if (isTrouble(answer)) return asWriteOutcome(answer);
    const outcome = writeOutcome(answer, { units: 1, writtenBefore: index });
    if (outcome.kind === 'unforeseen') throw this.#unit.failure(request, outcome.sense);
    const isWritten = outcome.kind === 'written' || outcome.kind === 'early-warning';
    if (isWritten) {
      this.#requireAll(answer, block.length);
      this.#unit.count.wroteBlocks(1n);
    } else if (outcome.kind === 'medium-error' || outcome.kind === 'attention') this.#unit.lose();
    return outcome.kind === 'volume-overflow' ? { kind: outcome.kind, writtenBlocks: outcome.writtenBlocks } : outcome;
  }

  /** Nearly all blocks of a medium have one length. */
  #writeCdb(transferLength: number): Uint8Array {
    if (this.#lastWrite?.transferLength !== transferLength)
      this.#lastWrite = { transferLength, cdb: encodeWrite6Cdb({ fixed: false, transferLength }) };
    return this.#lastWrite.cdb;
  }

  /** The drive's GOOD speaks of the bytes that reached it. With CHECK CONDITION adapters count as they like, and INFORMATION tells. */
  #requireAll(answer: CommandAnswer, bytes: number): void {
    if (answer.kind === 'good' && answer.transferredBytes < bytes) {
      throw this.#unit.dataLost({ expectedBytes: bytes, arrivedBytes: answer.transferredBytes });
    }
  }
}

/** In answer to a write, trouble that is no attention is a deferred error: it concerns everything since the last synchronise. */
const asWriteOutcome = (trouble: Trouble): WriteOutcome =>
  trouble.kind === 'attention' ? trouble : { ...trouble, deferred: true };
