import type { TapeDrive } from '#src/device/tape-drive';
import { type FirstBlock, readFirstBlock } from '#src/session/first-block';
import { formatVersion } from '#src/volume/descriptor';

/** JSON of `cartridge identify` less the barcode. */
export interface Identification {
  readonly kind: 'ours' | 'foreign' | 'blank' | 'unreadable' | 'cleaning';
  readonly format?: string;
  readonly volume?: {
    readonly id: string;
    readonly labelledAt: string;
    readonly blockSizeBytes: number;
    readonly barcode: string;
  };
  readonly writeProtected: boolean;
  readonly worm: boolean;
  readonly firstBlockBytes?: number;
  /** In words, where there is more to say. */
  readonly reason?: string;
}

/** Says what is on a loaded medium, whoever wrote it; changes nothing. */
export async function identifyMedium(drive: TapeDrive, signal?: AbortSignal): Promise<Identification> {
  const ready = await drive.load({ signal });
  if (ready.kind === 'cleaning-cartridge') return { kind: 'cleaning', writeProtected: false, worm: false };
  if (ready.kind !== 'ready') {
    return {
      kind: 'unreadable',
      writeProtected: false,
      worm: false,
      reason: ready.kind === 'no-medium' ? 'the drive sees no cartridge' : ready.sense.text,
    };
  }
  const { writeProtected, worm } = await drive.medium({ signal });
  return { ...describe(await readFirstBlock(drive, signal)), writeProtected, worm };
}

function describe(found: FirstBlock): Omit<Identification, 'writeProtected' | 'worm'> {
  switch (found.kind) {
    case 'ours': {
      const { volume, labelledAt, blockSizeBytes, barcode } = found.label;
      return {
        kind: 'ours',
        format: `grandsire ${formatVersion}`,
        volume: { id: volume, labelledAt, blockSizeBytes, barcode },
      };
    }
    case 'newer-format':
      return {
        kind: 'ours',
        format: `grandsire ${found.version}`,
        reason: 'a version of the format that this program does not know',
      };
    case 'damaged-label':
      return { kind: 'ours', format: `grandsire ${formatVersion}`, reason: found.reason };
    case 'blank':
      return { kind: 'blank' };
    case 'foreign':
      return {
        kind: 'foreign',
        ...(found.firstBlockBytes === undefined ? {} : { firstBlockBytes: found.firstBlockBytes }),
      };
    case 'unreadable':
      return { kind: 'unreadable', reason: found.reason };
  }
}
