import { constants } from 'node:os';
import { attempt, boundCall, lastErrno, PosixError, throwUnlessInterrupted } from '#src/base/posix/native-call';

const lockOperations = { shared: 1, exclusive: 2, unlock: 8 } as const;
const lockNonblocking = 4;

const whence = { data: 3, hole: 4 } as const;

/**
 * Takes or gives back the advisory lock of an open file description (flock(2)); the kernel frees it at the last close, so also at death. With `nonblocking`
 * false when somebody else holds it; without, the whole thread waits.
 */
export function flock(
  fd: number,
  operation: keyof typeof lockOperations,
  { nonblocking = false }: { readonly nonblocking?: boolean } = {},
): boolean {
  for (;;) {
    const result = attempt('flock', fd, lockOperations[operation] | (nonblocking ? lockNonblocking : 0));
    if (result >= 0) return true;
    if (nonblocking && result === -constants.errno.EAGAIN) return false;
    if (result !== -constants.errno.EINTR) throw new PosixError('flock', -result);
  }
}

/** The first byte at or after `offset` that is not in a hole; undefined where only a hole, or nothing, follows. Moves the file's position. */
export function seekData(fd: number, offset: number): number | undefined {
  return seek(fd, offset, whence.data);
}

/** The first byte at or after `offset` that is in a hole, the end of the file counting as one; undefined at or behind the end. Moves the file's position. */
export function seekHole(fd: number, offset: number): number | undefined {
  return seek(fd, offset, whence.hole);
}

function seek(fd: number, offset: number, from: number): number | undefined {
  const result = attempt('lseek', fd, offset, from);
  if (result >= 0) return result;
  if (result === -constants.errno.ENXIO) return undefined;
  throw new PosixError('lseek', -result);
}

/** `node:fs` needs twice as long for each of those that follow, which counts with small files; so would `invoke`, which gathers arguments. */
export function pread(fd: number, area: Uint8Array, position: number): number {
  const call = boundCall('pread');
  for (;;) {
    const result = call(fd, area, area.length, position);
    if (result !== -1) return result;
    throwUnlessInterrupted('pread');
  }
}

export function close(fd: number): void {
  const call = boundCall('close');
  // After EINTR the descriptor is closed under Linux (close(2)), and somebody else's may have its number.
  if (call(fd) === -1 && lastErrno() !== constants.errno.EINTR) throwUnlessInterrupted('close');
}
