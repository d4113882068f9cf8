/** LTO generations by name; `LTO-M8` is an LTO-7 cartridge initialised for LTO-8 drives. Oldest first. */
export const ltoGenerations = [
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
export type LtoGeneration = (typeof ltoGenerations)[number];

/** Number of a generation in the order of drives; only LTO-8 drives take type M. */
const level = (generation: LtoGeneration): number => (generation === 'LTO-M8' ? 8 : Number(generation.slice(4)));

const isLto = (name: string): name is LtoGeneration => (ltoGenerations as readonly string[]).includes(name);

/**
 * What a drive of one generation can do with a cartridge of another. Drives up to LTO-7 read two generations back and write
 * one back; LTO-8 takes L8, L7 and M8, LTO-9 L9 and L8, LTO-10 its own alone. Of generations that are not LTO's only a drive's
 * own is certain. Where either is not known nothing speaks against writing: the drive will be asked.
 */
export function driveAccess(drive: string | undefined, cartridge: string | undefined): 'none' | 'read' | 'write' {
  if (drive === undefined || cartridge === undefined || drive === cartridge) return 'write';
  if (!isLto(drive) || !isLto(cartridge) || drive === 'LTO-M8') return 'none';
  if (cartridge === 'LTO-M8') return drive === 'LTO-8' ? 'write' : 'none';
  const back = level(drive) - level(cartridge);
  if (back === 1) return drive === 'LTO-10' ? 'none' : 'write';
  return back === 2 && level(drive) <= 7 ? 'read' : 'none';
}
