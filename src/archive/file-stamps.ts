import type { FileStat } from '#src/archive/file-stat';
import { versionFlags } from '#src/catalog/files';

/** Stamps younger than this when they are read may be those of a later change too (kernels before 6.13 stamp by the tick, some file systems by 2 s). */
const youngMs = 2000;

export const sameStamps = (a: FileStat, b: FileStat): boolean => a.sizeBytes === b.sizeBytes && sameTimes(a, b);

type Times = Pick<FileStat, 'mtimeSeconds' | 'mtimeNanoseconds' | 'ctimeSeconds' | 'ctimeNanoseconds'>;

export const sameTimes = (a: Times, b: Times): boolean =>
  a.mtimeSeconds === b.mtimeSeconds &&
  a.mtimeNanoseconds === b.mtimeNanoseconds &&
  a.ctimeSeconds === b.ctimeSeconds &&
  a.ctimeNanoseconds === b.ctimeNanoseconds;

/** The flag of stamps that were young at this moment. */
export function youthOf(stat: FileStat, readAt: number): number {
  const oldest = readAt - youngMs;
  const newer = (seconds: number, nanoseconds: number): boolean => seconds * 1000 + nanoseconds / 1e6 > oldest;
  const isYoung = newer(stat.mtimeSeconds, stat.mtimeNanoseconds) || newer(stat.ctimeSeconds, stat.ctimeNanoseconds);
  return isYoung ? versionFlags.young : 0;
}
