import { GrandsireError, throwIfAborted } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { ReadOutcome, SpaceOutcome, TapeDrive } from '#src/device/tape-drive';
import { nameCartridge } from '#src/session/unfit';

/** More than any block that peers write; less where drive or transport carries less. */
const mostBlockBytes = 16 * 1024 * 1024;

export interface TapeFileToRead {
  readonly cartridge: CartridgeRecord;
  /** From 0: filemarks before it. */
  readonly fileNumber: number;
  /** Blocks at its beginning that are left out. */
  readonly skipBlocks: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The blocks of one tape file as they are on the medium, whoever wrote it; each is valid until the next is asked for. No label is asked for: this is
 * how one looks at what nothing else can read. Throws `volume.no-such-tape-file`, `cartridge.unreadable-block`.
 */
export async function* readTapeFile(drive: TapeDrive, file: TapeFileToRead): AsyncGenerator<Buffer, void, void> {
  const { signal, skipBlocks } = file;
  // Reading with less than twice the block corrupts on some targets (all that a drive carries is enough for each of its blocks).
  const buffer = Buffer.allocUnsafeSlow(Math.min(mostBlockBytes, drive.capabilities.maxBlockBytes));
  await goTo(drive, file);
  // Blocks left out are read, too: spacing over blocks does not stop at the filemark everywhere.
  for (let block = 0; ; block += 1) {
    throwIfAborted(signal);
    const outcome = await drive.readBlock(buffer, { signal });
    if (outcome.kind === 'filemark') return;
    if (outcome.kind === 'end-of-data' || outcome.kind === 'blank') {
      if (block === 0) throw noSuchFile(file);
      return;
    }
    if (outcome.kind !== 'block') throw unreadable(file, block, outcome);
    if (block >= skipBlocks) yield buffer.subarray(0, outcome.bytes);
  }
}

async function goTo(drive: TapeDrive, file: TapeFileToRead): Promise<void> {
  const { fileNumber, signal } = file;
  const rewound = await drive.rewind({ signal });
  if (rewound) throw unreadable(file, 0, rewound);
  if (fileNumber === 0) return;
  const outcome = await drive.spaceFilemarks(BigInt(fileNumber), { signal });
  if (outcome.kind === 'spaced') return;
  if (outcome.kind === 'medium-error' || outcome.kind === 'attention') throw unreadable(file, 0, outcome);
  throw noSuchFile(file);
}

function noSuchFile({ cartridge, fileNumber }: TapeFileToRead): GrandsireError {
  return new GrandsireError('volume.no-such-tape-file', {
    message: `${nameCartridge(cartridge)} ${fileNumber === 0 ? 'holds nothing to read' : `has no tape file ${fileNumber}`}`,
    remedy:
      fileNumber === 0
        ? `Look at it with \`grandsire cartridge identify ${cartridge.barcode}\`.`
        : `Tape files are counted from 0: \`grandsire cartridge read ${cartridge.barcode} --file 0\`.`,
  });
}

function unreadable(
  { cartridge, fileNumber }: TapeFileToRead,
  block: number,
  outcome: ReadOutcome | SpaceOutcome,
): GrandsireError {
  const why =
    outcome.kind === 'too-long'
      ? `it is longer than the drive can deliver here (${outcome.blockBytes ?? 'unknown'} bytes)`
      : 'sense' in outcome
        ? outcome.sense.text
        : outcome.kind;
  return new GrandsireError('cartridge.unreadable-block', {
    message: `${nameCartridge(cartridge)}, tape file ${fileNumber}, block ${block}: ${why}`,
    remedy: `Clean the drive or try another one; later tape files may still be read: --file ${fileNumber + 1}.`,
    details: { fileNumber, block },
  });
}
