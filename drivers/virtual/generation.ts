/** An LTO generation as the settings name it (docs/drivers/virtual.md), and LTO-7 media initialised for LTO-8 drives ("type M"). */
export const generations = [
  'LTO-1',
  'LTO-2',
  'LTO-3',
  'LTO-4',
  'LTO-5',
  'LTO-6',
  'LTO-7',
  'LTO-M8',
  'LTO-8',
  'LTO-9',
  'LTO-10',
] as const;

export type Generation = (typeof generations)[number];

export interface GenerationFacts {
  /** Number of the generation in the order of drives; type M counts with the LTO-8 drives that alone can use it. */
  readonly level: number;
  /** Last two characters of a barcode. */
  readonly mediaId: string;
  readonly wormMediaId?: string;
  /** DENSITY CODE of mode parameters and REPORT DENSITY SUPPORT (LTO consortium's assignments in SSC-5, density codes). */
  readonly densityCode: number;
  /** Name and description in REPORT DENSITY SUPPORT. */
  readonly densityName: string;
  readonly description: string;
}

const facts: Readonly<Record<Generation, GenerationFacts>> = {
  'LTO-1': { level: 1, mediaId: 'L1', densityCode: 0x40, densityName: 'U-18', description: 'Ultrium 1/8T' },
  'LTO-2': { level: 2, mediaId: 'L2', densityCode: 0x42, densityName: 'U-28', description: 'Ultrium 2/8T' },
  'LTO-3': {
    level: 3,
    mediaId: 'L3',
    wormMediaId: 'LT',
    densityCode: 0x44,
    densityName: 'U-316',
    description: 'Ultrium 3/16T',
  },
  'LTO-4': {
    level: 4,
    mediaId: 'L4',
    wormMediaId: 'LU',
    densityCode: 0x46,
    densityName: 'U-416',
    description: 'Ultrium 4/16T',
  },
  'LTO-5': {
    level: 5,
    mediaId: 'L5',
    wormMediaId: 'LV',
    densityCode: 0x58,
    densityName: 'U-516',
    description: 'Ultrium 5/16T',
  },
  'LTO-6': {
    level: 6,
    mediaId: 'L6',
    wormMediaId: 'LW',
    densityCode: 0x5a,
    densityName: 'U-616',
    description: 'Ultrium 6/16T',
  },
  'LTO-7': {
    level: 7,
    mediaId: 'L7',
    wormMediaId: 'LX',
    densityCode: 0x5c,
    densityName: 'U-732',
    description: 'Ultrium 7/32T',
  },
  'LTO-M8': { level: 8, mediaId: 'M8', densityCode: 0x5d, densityName: 'U-M832', description: 'Ultrium M8/32T' },
  'LTO-8': {
    level: 8,
    mediaId: 'L8',
    wormMediaId: 'LY',
    densityCode: 0x5e,
    densityName: 'U-832',
    description: 'Ultrium 8/32T',
  },
  'LTO-9': {
    level: 9,
    mediaId: 'L9',
    wormMediaId: 'LZ',
    densityCode: 0x60,
    densityName: 'U-932',
    description: 'Ultrium 9/32T',
  },
  'LTO-10': {
    level: 10,
    mediaId: 'LA',
    wormMediaId: 'LH',
    densityCode: 0x62,
    densityName: 'U-1032',
    description: 'Ultrium 10/32T',
  },
};

export const generationFacts = (generation: Generation): GenerationFacts => facts[generation];

export const isGeneration = (text: string): text is Generation => (generations as readonly string[]).includes(text);

/** What the last two characters of a barcode say, if anything. */
export function generationOfBarcode(
  barcode: string,
): { readonly generation: Generation; readonly worm: boolean } | undefined {
  const mediaId = barcode.slice(-2);
  for (const generation of generations) {
    if (facts[generation].mediaId === mediaId) return { generation, worm: false };
    if (facts[generation].wormMediaId === mediaId) return { generation, worm: true };
  }
  return undefined;
}

/** Universal cleaning cartridges: media id `CU`, or the prefixes CLN and CLR that LTO libraries reserve for them. */
export const isCleaningBarcode = (barcode: string): boolean => barcode.endsWith('CU') || /^CL[NR]/.test(barcode);

/**
 * What a drive can do with a cartridge. Drives 1–7 read two generations back and write one back; LTO-8 takes L8, L7 and M8;
 * LTO-9 takes L9 and L8; LTO-10 takes its own only.
 */
export function drivesAccess(drive: Generation, medium: Generation): 'none' | 'read-only' | 'read-write' {
  if (medium === 'LTO-M8') return drive === 'LTO-8' || drive === 'LTO-M8' ? 'read-write' : 'none';
  const back = facts[drive].level - facts[medium].level;
  if (back === 0) return 'read-write';
  if (back === 1) return facts[drive].level === 10 ? 'none' : 'read-write';
  return back === 2 && facts[drive].level <= 7 ? 'read-only' : 'none';
}
