import type { Context } from '#src/cli/context';
import type { App } from '#src/compose';

/** The exclusive right to the staging area, for one command: it waits for another holder as `--wait` says. */
export async function leaseStaging(
  app: App,
  context: Pick<Context, 'wait' | 'signal'>,
  job: string,
): Promise<AsyncDisposable> {
  const { acquireFlockLease } = await import('#src/base/flock-lease');
  const { systemPause } = await import('#src/base/pause');
  return acquireFlockLease({
    resource: 'staging',
    folder: app.locks,
    rows: app.catalog.leases,
    job,
    wait: context.wait,
    clock: app.clock,
    pause: systemPause,
    signal: context.signal,
  });
}
