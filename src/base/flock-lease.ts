import { closeSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock, Instant } from '#src/base/clock';
import { type Duration, milliseconds, seconds } from '#src/base/duration';
import { GrandsireError, throwIfAborted } from '#src/base/errors';
import { makeStateFolder, onStateFile } from '#src/base/make-directory';
import { growingDelays, type Pause } from '#src/base/pause';
import { flock } from '#src/base/posix/open-file';
import { trace } from '#src/base/trace';

/** Who holds a resource, as a row beside the lock says it. */
export interface LeaseHolder {
  readonly resource: string;
  readonly host: string;
  readonly pid: number;
  readonly job: string;
  readonly since: Instant;
}

/** Where the holders are named. */
export interface LeaseRows {
  get(resource: string): Promise<LeaseHolder | undefined>;
  put(holder: LeaseHolder): Promise<void>;
  remove(resource: string): Promise<void>;
}

export interface LeaseRequest {
  /** `library:main`, `staging`. */
  readonly resource: string;
  /** `state/locks`; made where it is missing. On a local file system: flock is not kept over NFS. */
  readonly folder: string;
  readonly rows: LeaseRows;
  /** What it is taken for, in the operator's words. */
  readonly job: string;
  /** How long to wait for another holder; 0 to answer at once. */
  readonly wait: Duration;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly signal?: AbortSignal | undefined;
}

const pollDelays = { first: milliseconds(50), longest: seconds(1) } as const;

/**
 * The exclusive right to a resource on this machine, until disposed. The lock decides: the kernel frees it when the process dies, however it
 * dies. The row beside it only names the holder, and one left behind by a crash says nothing.
 *
 * Throws `lease.held` (exit 4) naming the holder when it is not free in time. Not reentrant: two leases in one process exclude each other.
 */
export async function acquireFlockLease(request: LeaseRequest): Promise<AsyncDisposable> {
  const { resource, folder, rows, job, wait, clock, pause, signal } = request;
  makeStateFolder(folder);
  // Never unlinked: a file that is removed while another process waits on it would be locked twice.
  const file = join(folder, `${resource.replaceAll(/[^A-Za-z0-9]/g, '-')}.lock`);
  const fd = onStateFile(file, (path) => openSync(path, 'a', 0o600));
  try {
    const delays = growingDelays(pollDelays.first, pollDelays.longest);
    for (let waited = 0; !flock(fd, 'exclusive', { nonblocking: true }); ) {
      throwIfAborted(signal);
      if (waited >= wait) throw leaseHeld(resource, await rows.get(resource));
      if (waited === 0) trace('lease.waiting');
      const delay = milliseconds(Math.min(delays.next().value, wait - waited));
      await pause(delay, signal);
      waited += delay;
    }
    await rows.put({ resource, host: hostname(), pid: process.pid, job, since: clock.now() });
    trace('lease.taken');
  } catch (cause) {
    closeSync(fd);
    throw cause;
  }
  let held = true;
  return {
    [Symbol.asyncDispose]: async () => {
      if (!held) return;
      held = false;
      try {
        // The row goes first: after the lock is free it may already be somebody else's.
        await rows.remove(resource);
      } finally {
        closeSync(fd);
      }
    },
  };
}

function leaseHeld(resource: string, holder: LeaseHolder | undefined): GrandsireError {
  const who = holder ? `"${holder.job}" (process ${holder.pid} on ${holder.host})` : 'another process';
  return new GrandsireError('lease.held', {
    message: `${resource} is in use by ${who}${holder ? ` since ${new Date(holder.since).toISOString()}` : ''}`,
    remedy: 'Run the command again when it has finished, or have it wait longer with `--wait 10m`.',
    ...(holder ? { details: { ...holder } } : {}),
  });
}
