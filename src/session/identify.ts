import type { MediumState, TapeDrive } from '#src/device/tape-drive';
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

/** What was found on a medium, for operators and for comparing it with the catalog. */
export interface LookedAt {
  readonly identification: Identification;
  readonly found: FirstBlock;
  readonly medium: MediumState;
}

/** Says what is on a medium that is threaded, whoever wrote it; changes nothing. */
export async function identifyMedium(drive: TapeDrive, signal?: AbortSignal): Promise<LookedAt> {
  const medium = await drive.medium({ signal });
  const { writeProtected, worm } = medium;
  const found = await readFirstBlock(drive, signal);
  return { identification: { ...describe(found), writeProtected, worm }, found, medium };
}

/** A cleaning cartridge is known without being threaded, which would begin to clean. */
export const cleaningIdentification: Identification = { kind: 'cleaning', writeProtected: false, worm: false };

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
        ...(found.format === undefined ? {} : { format: found.format }),
        ...(found.firstBlockBytes === undefined ? {} : { firstBlockBytes: found.firstBlockBytes }),
      };
    case 'unreadable':
      return { kind: 'unreadable', reason: found.reason };
  }
}
