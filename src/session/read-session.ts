import { bug, GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { AttentionOutcome, ReadOutcome, TapeDrive } from '#src/device/tape-drive';
import { Arrivals } from '#src/session/arrivals';
import { readFirstBlock } from '#src/session/first-block';
import { interruptedByDrive, maxRestarts } from '#src/session/interruption';
import { ReadAheadBuffers } from '#src/session/read-ahead-buffers';
import { nameCartridge, unfitForVolume } from '#src/session/unfit';
import { type Descriptor, parseDescriptor, type UnknownDescriptor } from '#src/volume/descriptor';

/** Where a tape file begins, as the catalog or a descriptor told. */
export interface TapeFilePlace {
  readonly fileNumber: number;
  /** Logical object number of its descriptor. */
  readonly block: number;
  readonly payloadBytes: number;
}

export interface OpenReadSession {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  /** The volume that must be on it. */
  readonly volume: { readonly id: string; readonly blockSizeBytes: number };
  readonly signal?: AbortSignal | undefined;
}

/**
 * One continuous use of a drive for reading one volume whose label was verified. Nothing is ever written. Where the drive loses its place (a reset), the label is verified anew
 * and reading goes on where it stopped; a drive that loses it again and again throws `drive.interrupted`.
 */
export interface ReadSession {
  readonly cartridge: CartridgeRecord;
  /** The descriptor of a tape file. Throws `volume.damaged-tape-file`. */
  descriptor(place: TapeFilePlace): Promise<Descriptor | UnknownDescriptor>;
  /**
   * The payload of a tape file from `fromByte` on, block by block; each chunk is valid until the next is asked for. Ends after the payload's last byte; throws
   * `volume.damaged-tape-file` where the medium ends it earlier, `cartridge.unreadable-block` for a medium error.
   */
  payload(place: TapeFilePlace, fromByte?: number): AsyncGenerator<Buffer, void, void>;
}

export async function openReadSession(options: OpenReadSession): Promise<ReadSession> {
  await verifyLabel(options);
  return new TapeReadSession(options);
}

async function verifyLabel({ drive, cartridge, volume, signal }: OpenReadSession): Promise<void> {
  const unfit = unfitForVolume(cartridge, volume, await readFirstBlock(drive, signal));
  // A barcode that was printed anew is no reason not to read what the volume holds.
  if (unfit && unfit.code !== 'cartridge.wrong-barcode') throw unfit;
}

type Stop = Exclude<ReadOutcome, AttentionOutcome | { readonly kind: 'block' }>;

/** Blocks on their way. */
interface Fetch {
  readonly arrivals: Arrivals<Buffer>;
  /** How many at most. */
  readonly asked: number;
  /** Settles behind the last of them: what came instead of the next block. */
  readonly outcome: Promise<Stop | AttentionOutcome | undefined>;
}

const askedOf = (fetches: readonly Fetch[]): number => fetches.reduce((sum, { asked }) => sum + asked, 0);
const ended = (fetches: readonly Fetch[]): Promise<unknown> =>
  Promise.allSettled(fetches.map(({ outcome }) => outcome));

class TapeReadSession implements ReadSession {
  readonly cartridge: CartridgeRecord;
  readonly #options: OpenReadSession;
  /** Twice the block size: some targets deliver wrong bytes for anything between one and two blocks. */
  readonly #buffer: Buffer;
  readonly #buffers: ReadAheadBuffers;
  /** Where the medium stands, as far as this session put it there. */
  #at: number | undefined;

  constructor(options: OpenReadSession) {
    this.cartridge = options.cartridge;
    this.#options = options;
    this.#buffer = Buffer.allocUnsafeSlow(2 * options.volume.blockSizeBytes);
    this.#buffers = new ReadAheadBuffers(options.volume.blockSizeBytes);
  }

  async descriptor(place: TapeFilePlace): Promise<Descriptor | UnknownDescriptor> {
    await this.#go(place, place.block);
    const block = await this.#read(place);
    const parsed = block && parseDescriptor(block);
    if (parsed?.kind === 'ours') return parsed.descriptor;
    throw this.#damaged(place, block ? `its first block is not a descriptor (${parsed?.kind})` : 'it is empty');
  }

  async *payload(place: TapeFilePlace, fromByte = 0): AsyncGenerator<Buffer, void, void> {
    const { blockSizeBytes } = this.#options.volume;
    let skip = fromByte % blockSizeBytes;
    let left = place.payloadBytes - fromByte;
    if (left <= 0) return;
    await this.#go(place, place.block + 1 + Math.floor(fromByte / blockSizeBytes));
    for await (const block of this.#blocks(place, skip + left)) {
      const chunk = block.subarray(skip, Math.min(block.length, skip + left));
      // A block shorter than the others can only be the last: anything else would shift all that follows.
      if (block.length < blockSizeBytes && chunk.length < left)
        throw this.#damaged(place, `a block of ${block.length} bytes stands inside of it`);
      if (block.length > blockSizeBytes) throw this.#damaged(place, `a block of ${block.length} bytes stands in it`);
      skip = 0;
      left -= chunk.length;
      yield chunk;
    }
    if (left > 0) throw this.#damaged(place, `it ends ${left} bytes before its descriptor says`);
  }

  /** The blocks that hold so many bytes from here on, fewer where the tape file ends. */
  async *#blocks(place: TapeFilePlace, bytes: number): AsyncGenerator<Buffer, void, void> {
    const { blockSizeBytes } = this.#options.volume;
    const end = yield* this.#wholeBlocks(place, Math.floor(bytes / blockSizeBytes));
    if (end || bytes % blockSizeBytes === 0) return;
    const last = await this.#read(place);
    if (last) yield last;
  }

  /** The next whole blocks, read ahead: each is looked at while those behind it are on their way. Returns whether the tape file ended before there were so many. */
  async *#wholeBlocks(place: TapeFilePlace, count: number): AsyncGenerator<Buffer, boolean, void> {
    let at = this.#at;
    if (at === undefined) throw bug(`tape file ${place.fileNumber} is read on from a place that is not known`);
    const end = at + count;
    let restarts = 0;
    const coming: Fetch[] = [];
    // Whatever is thrown, and whoever leaves: the place is not known after it.
    this.#at = undefined;
    try {
      while (at < end) {
        for (let due = end - at - askedOf(coming); due > 0 && coming.length < 2; due = end - at - askedOf(coming))
          coming.push(this.#fetch(due));
        const { arrivals, outcome } = coming[0] as Fetch;
        for (let block = await arrivals.take(); block; block = await arrivals.take()) {
          at += 1;
          restarts = 0;
          yield block;
        }
        const stop = await outcome;
        coming.shift();
        if (!stop) continue;
        await ended(coming.splice(0));
        if (stop.kind !== 'attention') {
          this.#throwUnlessEnd(place, stop);
          return true;
        }
        await this.#settle(stop, restarts);
        restarts += 1;
        await this.#go(place, at);
        this.#at = undefined;
      }
    } finally {
      // Nobody looks at them any more, but the drive and the memory are theirs until they are there.
      await ended(coming);
    }
    this.#at = at;
    return false;
  }

  /** Asks for the next whole blocks, at most `due`. */
  #fetch(due: number): Fetch {
    const { drive, signal } = this.#options;
    const arrivals = new Arrivals<Buffer>();
    const buffers = this.#buffers.next(due);
    const onBlock = ({ buffer, byteOffset, byteLength }: Uint8Array): void =>
      arrivals.put(Buffer.from(buffer, byteOffset, byteLength));
    const outcome = drive
      .readBlocks(buffers, { signal, onBlock })
      .then(({ stop }) => stop)
      .finally(() => arrivals.end());
    // It may fail while those before it are looked at; it is asked for later.
    outcome.catch(() => undefined);
    return { arrivals, asked: buffers.length, outcome };
  }

  async #go(place: TapeFilePlace, block: number): Promise<void> {
    if (this.#at === block) return;
    this.#at = undefined;
    const { drive, signal } = this.#options;
    const near = { file: BigInt(place.fileNumber), blockInFile: BigInt(block - place.block) };
    let outcome = await drive.locate(BigInt(block), { signal, near });
    for (let restarts = 0; outcome.kind === 'attention'; restarts += 1) {
      await this.#settle(outcome, restarts);
      outcome = await drive.locate(BigInt(block), { signal, near });
    }
    if (outcome.kind !== 'spaced') {
      const why = outcome.kind === 'medium-error' ? outcome.sense.text : outcome.kind;
      throw this.#damaged(place, `object ${block} cannot be reached: ${why}`);
    }
    this.#at = block;
  }

  /** What lies in the drive may be another cartridge now. */
  async #settle(attention: AttentionOutcome, restarts: number): Promise<void> {
    const { drive, cartridge } = this.#options;
    if (restarts === maxRestarts)
      throw interruptedByDrive(drive, attention.sense, `cartridge ${cartridge.barcode} was read`);
    await verifyLabel(this.#options);
  }

  async #readHere(place: TapeFilePlace): Promise<Exclude<ReadOutcome, AttentionOutcome>> {
    const { drive, signal } = this.#options;
    const at = this.#at ?? place.block;
    let outcome = await drive.readBlock(this.#buffer, { signal });
    for (let restarts = 0; outcome.kind === 'attention'; restarts += 1) {
      await this.#settle(outcome, restarts);
      this.#at = undefined;
      await this.#go(place, at);
      outcome = await drive.readBlock(this.#buffer, { signal });
    }
    return outcome;
  }

  /** The next block, or undefined for a filemark or the end of data. */
  async #read(place: TapeFilePlace): Promise<Buffer | undefined> {
    const outcome = await this.#readHere(place);
    if (outcome.kind === 'block') {
      if (this.#at !== undefined) this.#at += 1;
      return this.#buffer.subarray(0, outcome.bytes);
    }
    this.#at = undefined;
    this.#throwUnlessEnd(place, outcome);
    return undefined;
  }

  /** Returns where the tape file ends. */
  #throwUnlessEnd(place: TapeFilePlace, outcome: Stop): void {
    switch (outcome.kind) {
      case 'filemark':
      case 'end-of-data':
      case 'blank':
        return;
      case 'too-long':
        throw this.#damaged(place, 'a block larger than the volume has stands in it');
      default:
        throw new GrandsireError('cartridge.unreadable-block', {
          message: `${nameCartridge(this.cartridge)}, tape file ${place.fileNumber}: ${outcome.sense.text}`,
          remedy: `Clean the drive, try another drive, or use another copy: grandsire find PATH shows where copies are.`,
          details: { fileNumber: place.fileNumber },
        });
    }
  }

  #damaged(place: TapeFilePlace, why: string): GrandsireError {
    return new GrandsireError('volume.damaged-tape-file', {
      message: `${nameCartridge(this.cartridge)}, tape file ${place.fileNumber}: ${why}`,
      remedy: `Compare the whole cartridge with the catalog: grandsire verify ${this.cartridge.barcode}.`,
      details: { fileNumber: place.fileNumber },
    });
  }
}
