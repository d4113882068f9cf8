import { type FileHandle, open } from 'node:fs/promises';
import { throwIfAborted } from '#src/base/errors';
import { onStateFileLater } from '#src/base/make-directory';
import { Xxh64Stream } from '#src/base/xxh64';
import type { AttentionOutcome, ReadOutcome, SpaceOutcome, TapeDrive } from '#src/device/tape-drive';
import { interruptedByDrive } from '#src/session/interruption';
import { type Descriptor, parseDescriptor, type UnknownDescriptor } from '#src/volume/descriptor';

/** One tape file as it stands on a medium, found without the catalog. */
export interface ScannedTapeFile {
  readonly fileNumber: number;
  /** Logical object number of its first block. */
  readonly block: number;
  /** Blocks without the filemark. */
  readonly blocks: number;
  /** False: no filemark stands behind it that could be reached. Whoever appends next writes over it. */
  readonly isEnded: boolean;
  readonly content:
    | { readonly kind: 'whole'; readonly descriptor: Descriptor | UnknownDescriptor }
    /** Shorter (or longer) than its descriptor says, or without a filemark: given up by its writer, or torn. */
    | { readonly kind: 'void'; readonly descriptor: Descriptor | UnknownDescriptor }
    | { readonly kind: 'empty' }
    | { readonly kind: 'damaged'; readonly reason: string };
}

export interface ScanOptions {
  readonly drive: TapeDrive;
  readonly volumeId: string;
  readonly blockSizeBytes: number;
  /** Where the payload of a tape file is to be kept while it passes (indexes); undefined: it is spaced over. */
  readonly keep: (descriptor: Descriptor | UnknownDescriptor) => string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Walks a volume from its first tape file to the end of data, whatever stands there. Ends at the end of data, at a medium error that cannot be
 * passed, and at a descriptor of another volume (what lies behind the end of an interrupted write). Throws `drive.interrupted`: what the medium was not asked is not damage.
 */
export async function* scanVolume(options: ScanOptions): AsyncGenerator<ScannedTapeFile> {
  const { drive, signal } = options;
  const buffer = Buffer.allocUnsafeSlow(2 * options.blockSizeBytes);
  const rewound = await drive.rewind({ signal });
  if (rewound) settled(drive, rewound);
  let block = 0;
  for (let fileNumber = 0; ; fileNumber += 1) {
    throwIfAborted(signal);
    const outcome = settled(drive, await drive.readBlock(buffer, { signal }));
    if (outcome.kind === 'end-of-data' || outcome.kind === 'blank' || outcome.kind === 'end-of-medium') return;
    const scanned = await scanFrom(options, { outcome, buffer, fileNumber, block });
    if (!scanned) return;
    yield scanned.file;
    if (scanned.next === undefined) return;
    block = scanned.next;
  }
}

function settled<T extends ReadOutcome | SpaceOutcome>(drive: TapeDrive, outcome: T): Exclude<T, AttentionOutcome> {
  if (outcome.kind !== 'attention') return outcome as Exclude<T, AttentionOutcome>;
  throw interruptedByDrive(drive, outcome.sense, 'a cartridge was read through');
}

interface Start {
  readonly outcome: ReadOutcome;
  readonly buffer: Buffer;
  readonly fileNumber: number;
  readonly block: number;
}

/** `next`: object number of the next tape file; undefined where the medium cannot be followed further. */
interface Scanned {
  readonly file: ScannedTapeFile;
  readonly next: number | undefined;
}

async function scanFrom(options: ScanOptions, start: Start): Promise<Scanned | undefined> {
  const { outcome, buffer, fileNumber, block } = start;
  if (outcome.kind === 'filemark') {
    return { file: { fileNumber, block, blocks: 0, isEnded: true, content: { kind: 'empty' } }, next: block + 1 };
  }
  if (outcome.kind !== 'block')
    return passDamage(options, { ...start, reason: 'sense' in outcome ? outcome.sense.text : outcome.kind });
  const parsed = parseDescriptor(buffer.subarray(0, outcome.bytes));
  if (parsed.kind !== 'ours')
    return passDamage(options, { ...start, reason: `its first block is not a descriptor (${parsed.kind})` });
  const { descriptor } = parsed;
  if (descriptor.volume !== options.volumeId) return undefined;
  const path = options.keep(descriptor);
  const passed =
    path !== undefined || !options.drive.capabilities.knowsPosition
      ? await readThrough(options, { buffer, path, block })
      : await spaceOver(options, block, descriptor);
  const blocks = 1 + passed.payloadBlocks;
  const { endedByFilemark: isEnded } = passed;
  const isWhole =
    isEnded &&
    passed.payloadBytes === descriptor.payloadBytes &&
    (passed.xxh64 === undefined || passed.xxh64 === descriptor.payloadXxh64);
  const file: ScannedTapeFile = {
    fileNumber,
    block,
    blocks,
    isEnded,
    content: { kind: isWhole ? 'whole' : 'void', descriptor },
  };
  return { file, next: isEnded ? block + blocks + 1 : undefined };
}

interface Passed {
  readonly payloadBlocks: number;
  readonly payloadBytes: number;
  readonly xxh64: string | undefined;
  readonly endedByFilemark: boolean;
}

/** The drive knows its place: the number of blocks tells whether the payload is as long as it should be (only the last one is short). */
async function spaceOver(
  options: ScanOptions,
  block: number,
  descriptor: { readonly payloadBytes: number },
): Promise<Passed> {
  const { drive, blockSizeBytes, signal } = options;
  const outcome = settled(drive, await drive.spaceFilemarks(1n, { signal }));
  const position = await drive.position({ signal });
  const payloadBlocks =
    position === undefined ? 0 : Number(position.block) - block - (outcome.kind === 'spaced' ? 2 : 1);
  const asPromised = outcome.kind === 'spaced' && payloadBlocks === Math.ceil(descriptor.payloadBytes / blockSizeBytes);
  return {
    payloadBlocks,
    payloadBytes: asPromised ? descriptor.payloadBytes : -1,
    xxh64: undefined,
    endedByFilemark: outcome.kind === 'spaced' && position !== undefined,
  };
}

interface Through {
  readonly buffer: Buffer;
  readonly path: string | undefined;
  /** Object number of the descriptor. */
  readonly block: number;
}

async function readThrough(options: ScanOptions, { buffer, path, block }: Through): Promise<Passed> {
  const { drive, signal } = options;
  const hash = new Xxh64Stream();
  await using sink = path === undefined ? undefined : await KeptPayload.create(path);
  let payloadBlocks = 0;
  let payloadBytes = 0;
  let endedByFilemark = false;
  for (;;) {
    const outcome = settled(drive, await drive.readBlock(buffer, { signal }));
    if (outcome.kind !== 'block') {
      endedByFilemark = outcome.kind === 'filemark';
      if (outcome.kind !== 'medium-error') break;
      // What stands behind the damage may be whole.
      const next = await passDamage(options, { fileNumber: 0, block, reason: outcome.sense.text });
      endedByFilemark = next.next !== undefined;
      payloadBlocks = next.file.blocks - 1;
      payloadBytes = -1;
      break;
    }
    payloadBlocks += 1;
    payloadBytes += outcome.bytes;
    const bytes = buffer.subarray(0, outcome.bytes);
    hash.update(bytes);
    await sink?.append(bytes);
  }
  return { payloadBlocks, payloadBytes, xxh64: hash.digest(), endedByFilemark };
}

/** A file below the state directory that a payload is kept in; throws `state.not-writable`. */
class KeptPayload implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<KeptPayload> {
    return new KeptPayload(path, await onStateFileLater(path, open(path, 'w', 0o600)));
  }

  async append(bytes: Uint8Array): Promise<void> {
    await onStateFileLater(this.#path, this.#file.appendFile(bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await onStateFileLater(this.#path, this.#file.close());
  }
}

/** Damage inside a tape file is passed by going to the next filemark, where the drive can. */
async function passDamage(
  { drive, signal }: ScanOptions,
  { fileNumber, block, reason }: Pick<Start, 'fileNumber' | 'block'> & { readonly reason: string },
): Promise<Scanned> {
  const outcome = settled(drive, await drive.spaceFilemarks(1n, { signal }));
  const position = outcome.kind === 'spaced' ? await drive.position({ signal }) : undefined;
  const next = position === undefined ? undefined : Number(position.block);
  const blocks = next === undefined ? 0 : next - block - 1;
  const isEnded = next !== undefined;
  return { file: { fileNumber, block, blocks, isEnded, content: { kind: 'damaged', reason } }, next };
}
