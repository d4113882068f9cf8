import { boundCall, firstPath, type PathBytes, terminated, throwUnlessInterrupted } from '#src/base/posix/native-call';

const flags = { atSymlinkNoFollow: 0x100, atNoAutomount: 0x800, atEmptyPath: 0x1000 } as const;

/** Bytes of a `struct statx`, which has the same shape on every architecture (statx(2)). */
export const statxBytes = 256;
/** STATX_BASIC_STATS. */
const statxBasic = 0x7ff;
const noPath = Buffer.alloc(1);

/** statx(2) of an open file into `area` (at least `statxBytes`). */
export function fstatx(fd: number, area: Uint8Array): void {
  const call = boundCall('statx');
  while (call(fd, noPath, flags.atEmptyPath, statxBasic, area) === -1) throwUnlessInterrupted('statx');
}

/** statx(2) of a path into `area`; a symbolic link at its end is not followed, and nothing is mounted for it. */
export function lstatx(directory: number, path: PathBytes, area: Uint8Array): void {
  const bytes = terminated(firstPath, path, 'statx');
  const call = boundCall('statx');
  const flag = flags.atSymlinkNoFollow | flags.atNoAutomount;
  while (call(directory, bytes, flag, statxBasic, area) === -1) throwUnlessInterrupted('statx');
}
