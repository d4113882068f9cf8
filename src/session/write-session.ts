import type { Clock } from '#src/base/clock';
import { bug, DeviceError, type GrandsireError } from '#src/base/errors';
import { trace } from '#src/base/trace';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import type {
  AttentionOutcome,
  MediumErrorOutcome,
  ReadOutcome,
  SpaceOutcome,
  TapeDrive,
} from '#src/device/tape-drive';
import { findAppendPoint } from '#src/session/append-point';
import { unfitOnMedium } from '#src/session/duplicate-volume';
import { readFirstBlock } from '#src/session/first-block';
import { interruptedByDrive } from '#src/session/interruption';
import type { PayloadSource } from '#src/session/tape-file-source';
import { unfitForSerial, writeProtectedError } from '#src/session/unfit';
import { type TapeFileOutcome, writeTapeFile } from '#src/session/write-tape-file';
import { type Descriptor, encodeDescriptor, parseDescriptor } from '#src/volume/descriptor';

export interface SessionPorts {
  readonly repositories: Repositories;
  readonly clock: Clock;
}

export interface OpenWriteSession extends SessionPorts {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  readonly volume: VolumeRecord;
  readonly signal?: AbortSignal | undefined;
}

/** A tape file to write: what its descriptor says, less what the session fills in. */
export interface TapeFileToWrite {
  readonly descriptor: Exclude<Descriptor, { kind: 'label' }>;
  readonly dataSet: DataSetKey;
  readonly payload: PayloadSource;
  readonly onProgress?: ((payloadBytes: number) => void) | undefined;
}

export type AppendOutcome =
  | { readonly kind: 'written'; readonly fileNumber: number; readonly block: number; readonly earlyWarning: boolean }
  /** It did not fit; the medium stands where it began, and nothing of it is offered. */
  | { readonly kind: 'no-room' }
  /** The medium or its drive failed: everything since the last commit is in doubt and given up; the session refuses further writes. */
  | { readonly kind: 'failed'; readonly error: GrandsireError };

/**
 * One continuous use of a drive for appending to one volume.
 *
 * Law: opening verifies medium, label and append point and changes nothing. A tape file is journalled before its first block, and committed after the
 * medium was synchronised and the position read back. After `failed`, or a position that is not the expected one, nothing more is written.
 */
export interface WriteSession {
  readonly volume: VolumeRecord;
  readonly cartridge: CartridgeRecord;
  /** The end is near: no segment may begin, an index may. */
  readonly nearEnd: boolean;
  append(file: TapeFileToWrite, signal?: AbortSignal): Promise<AppendOutcome>;
}

/** Opens a session on a medium that is loaded and ready. Throws what makes the cartridge unfit (`cartridge.…`), by name. */
export async function openWriteSession(options: OpenWriteSession): Promise<WriteSession> {
  const { drive, cartridge, volume, repositories, signal } = options;
  const medium = await drive.medium({ signal });
  if (medium.writeProtected) throw writeProtectedError(cartridge);
  await drive.configure({ compression: true }, { signal });
  const found = await readFirstBlock(drive, signal);
  const unfit = (await unfitOnMedium(options, volume, found)) ?? unfitForSerial(cartridge, medium);
  if (unfit) throw unfit;
  const files = await repositories.tapeFiles.ofVolume(volume.key);
  const point = await findAppendPoint({ drive, cartridge, volume, files, signal });
  return new TapeWriteSession(options, point, medium.worm);
}

/** What the journal says of a tape file that is being written. */
type Journal = Omit<TapeFileRecord, 'state' | 'blocks'>;

type Failure = Pick<Extract<TapeFileOutcome, { kind: 'failed' }>['outcome'], 'kind' | 'sense'>;

class TapeWriteSession implements WriteSession {
  readonly volume: VolumeRecord;
  readonly cartridge: CartridgeRecord;
  readonly #options: OpenWriteSession;
  readonly #worm: boolean;
  #next: { fileNumber: number; block: number };
  #nearEnd = false;
  #refused: GrandsireError | undefined;

  constructor(options: OpenWriteSession, next: { fileNumber: number; block: number }, worm: boolean) {
    this.#options = options;
    this.volume = options.volume;
    this.cartridge = options.cartridge;
    this.#next = next;
    this.#worm = worm;
  }

  get nearEnd(): boolean {
    return this.#nearEnd;
  }

  async append(file: TapeFileToWrite, signal?: AbortSignal): Promise<AppendOutcome> {
    if (this.#refused) throw this.#refused;
    const isSegment = file.descriptor.kind === 'segment';
    if (isSegment && this.#nearEnd) return { kind: 'no-room' };
    const { repositories, clock, drive } = this.#options;
    const journal = this.#journalRecord(file);
    await repositories.tapeFiles.begin(journal);
    trace('tape-file.begun');
    let outcome: TapeFileOutcome;
    try {
      outcome = await writeTapeFile({
        drive,
        descriptor: encodeDescriptor(file.descriptor, Math.floor(clock.now() / 1000)),
        payload: file.payload,
        block: journal.block,
        blockSizeBytes: this.volume.blockSizeBytes,
        throughEarlyWarning: !isSegment,
        onProgress: file.onProgress,
        signal,
      });
      if (outcome.kind === 'complete') return await this.#commit(outcome, journal);
    } catch (error) {
      await this.#abandon(journal);
      throw error;
    }
    if (outcome.kind === 'moved') return this.#misplaced(journal, outcome.found, outcome.expected);
    return outcome.kind === 'no-room' ? this.#giveUp(journal) : this.#fail(outcome.outcome, journal);
  }

  #journalRecord(file: TapeFileToWrite): Journal {
    const { descriptor, payload, dataSet } = file;
    if (descriptor.volume !== this.volume.id)
      throw bug(`descriptor for volume ${descriptor.volume} on ${this.volume.id}`);
    return {
      volume: this.volume.key,
      fileNumber: this.#next.fileNumber,
      kind: descriptor.kind,
      block: this.#next.block,
      payloadBytes: payload.payloadBytes,
      dataSet,
      number: descriptor.number,
    };
  }

  /** Invariant 2: position read back, and only then the catalog says so. */
  async #commit(outcome: Extract<TapeFileOutcome, { kind: 'complete' }>, journal: Journal): Promise<AppendOutcome> {
    const { repositories, drive } = this.#options;
    const expected = BigInt(journal.block + outcome.blocks + 1);
    const position = await drive.position();
    trace('tape-file.position');
    if (position?.block !== expected) return await this.#misplaced(journal, position?.block, expected);
    const seen = position.confirmedByDrive ? 'there' : await this.#lookBack(journal, outcome.blocks, expected);
    if (seen === 'elsewhere') return this.#condemn(journal, 'does not find what it wrote');
    if (seen !== 'there') return this.#fail(seen, journal);
    const size = { blocks: outcome.blocks, payloadBytes: journal.payloadBytes };
    await repositories.tapeFiles.written(journal.volume, journal.fileNumber, size);
    trace('tape-file.committed');
    this.#next = { fileNumber: journal.fileNumber + 1, block: Number(expected) };
    this.#nearEnd ||= outcome.earlyWarning;
    return {
      kind: 'written',
      fileNumber: journal.fileNumber,
      block: journal.block,
      earlyWarning: outcome.earlyWarning,
    };
  }

  /** What befell the medium was met by the question where it stands, which cannot report it: the next command does. */
  async #misplaced(journal: Journal, found: bigint | undefined, expected: bigint): Promise<AppendOutcome> {
    const trouble = found === undefined ? await this.#options.drive.rewind() : undefined;
    if (trouble) return this.#fail(trouble, journal);
    const where =
      found === undefined ? 'does not know where the medium stands, which' : `stands at object ${found} and`;
    return this.#condemn(journal, `${where} should stand at ${expected}`);
  }

  /**
   * Where the drive does not know its place, counting cannot see that somebody rewound the tape: space back over the tape file, read its
   * descriptor, compare, go forward again (docs/format.md, "Commit").
   */
  async #lookBack(
    journal: Journal,
    blocks: number,
    expected: bigint,
  ): Promise<'there' | 'elsewhere' | AttentionOutcome | MediumErrorOutcome> {
    const { drive } = this.#options;
    const back = await drive.spaceFilemarks(-1n);
    if (back.kind !== 'spaced') return troubleIn(back);
    const start = await drive.spaceBlocks(-BigInt(blocks));
    if (start.kind !== 'spaced') return troubleIn(start);
    const buffer = new Uint8Array(2 * this.volume.blockSizeBytes);
    const read = await drive.readBlock(buffer);
    if (read.kind !== 'block') return troubleIn(read);
    if (!isDescriptorOf(buffer.subarray(0, read.bytes), this.volume.id, journal)) return 'elsewhere';
    const forward = await drive.spaceFilemarks(1n);
    if (forward.kind !== 'spaced') return troubleIn(forward);
    return (await drive.position())?.block === expected ? 'there' : 'elsewhere';
  }

  /** Back to the first block of the tape file; on WORM, and where the drive cannot go back, a filemark ends it and it stands void. */
  async #giveUp(journal: Journal): Promise<AppendOutcome> {
    const { drive, repositories } = this.#options;
    this.#nearEnd = true;
    if (!this.#worm) {
      const near = { file: BigInt(journal.fileNumber), blockInFile: 0n };
      const back = await drive.locate(BigInt(journal.block), { near });
      const position = await drive.position();
      if (back.kind === 'spaced' && position?.block === BigInt(journal.block)) {
        await repositories.tapeFiles.giveUp(journal.volume, journal.fileNumber, 'forget');
        return { kind: 'no-room' };
      }
      if (back.kind === 'attention') return this.#fail(back, journal);
      const why = back.kind === 'medium-error' ? ` (${back.sense.text})` : '';
      return this.#condemn(journal, `could not go back to object ${journal.block}${why}`);
    }
    const mark = await drive.writeFilemarks(1, { synchronise: true });
    const position = await drive.position();
    if (mark.kind === 'attention') return this.#fail(mark, journal);
    if ((mark.kind !== 'written' && mark.kind !== 'early-warning') || !position) {
      return this.#condemn(journal, 'could not end the tape file that was given up');
    }
    await repositories.tapeFiles.giveUp(journal.volume, journal.fileNumber, 'keep');
    this.#next = { fileNumber: journal.fileNumber + 1, block: Number(position.block) };
    return { kind: 'no-room' };
  }

  /** After a throw nothing is known of the medium; the journal row is what the next session finds (and it writes over that place). */
  async #abandon(journal: Journal): Promise<void> {
    this.#refused = bug(`volume ${this.volume.id} was written to after a failure at tape file ${journal.fileNumber}`);
  }

  #fail(outcome: Failure, journal: Journal): AppendOutcome {
    const { drive } = this.#options;
    const doing = `tape file ${journal.fileNumber} of cartridge ${this.cartridge.barcode} was written`;
    switch (outcome.kind) {
      case 'write-protected':
        return this.#refuse(writeProtectedError(this.cartridge, outcome.sense.text));
      case 'attention':
        return this.#refuse(interruptedByDrive(drive, outcome.sense, doing));
      case 'medium-error':
        return this.#condemn(journal, `reported ${outcome.sense.text}`);
    }
  }

  #condemn(journal: Journal, what: string): AppendOutcome {
    return this.#refuse(
      new DeviceError('cartridge.write-failed', {
        message: `drive ${this.#options.drive.address} ${what} while tape file ${journal.fileNumber} of cartridge ${this.cartridge.barcode} was written`,
        remedy: `What was committed before stays good: "grandsire verify ${this.cartridge.barcode}" reads it back. The rest goes to another cartridge.`,
        usable: true,
      }),
    );
  }

  #refuse(error: GrandsireError): AppendOutcome {
    this.#refused = error;
    return { kind: 'failed', error };
  }
}

const troubleIn = (
  outcome: ReadOutcome | SpaceOutcome,
): 'elsewhere' | Extract<ReadOutcome, { kind: 'attention' | 'medium-error' }> =>
  outcome.kind === 'attention' || outcome.kind === 'medium-error' ? outcome : 'elsewhere';

function isDescriptorOf(
  block: Uint8Array,
  volumeId: string,
  journal: Pick<TapeFileRecord, 'kind' | 'number'>,
): boolean {
  const parsed = parseDescriptorSafely(block);
  return (
    parsed !== undefined &&
    parsed.volume === volumeId &&
    parsed.kind === journal.kind &&
    parsed.number === journal.number
  );
}

function parseDescriptorSafely(
  block: Uint8Array,
): { volume: string; kind: string; number: number | undefined } | undefined {
  const parsed = parseDescriptor(block);
  if (parsed.kind !== 'ours') return undefined;
  const { descriptor } = parsed;
  return {
    volume: descriptor.volume,
    kind: descriptor.kind,
    number: 'number' in descriptor ? descriptor.number : undefined,
  };
}
