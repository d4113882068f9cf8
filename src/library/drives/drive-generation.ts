import type { DensityCode } from '#src/device/tape-drive';

/** Primary density codes of LTO drives (makers' SCSI references; REPORT DENSITY SUPPORT). */
const generations: Readonly<Record<number, string>> = {
  64: 'LTO-1',
  66: 'LTO-2',
  68: 'LTO-3',
  70: 'LTO-4',
  88: 'LTO-5',
  90: 'LTO-6',
  92: 'LTO-7',
  94: 'LTO-8',
  96: 'LTO-9',
  98: 'LTO-10',
};

/** The newest generation that a drive writes is its own; undefined for other kinds of drive, and for one that does not tell. */
export function driveGeneration(densities: readonly DensityCode[]): string | undefined {
  const codes = densities.filter(({ code, writable }) => writable && Object.hasOwn(generations, code));
  const newest = Math.max(...codes.map(({ code }) => code));
  return generations[newest];
}
