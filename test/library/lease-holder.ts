import { systemClock } from '#src/base/clock';
import { milliseconds } from '#src/base/duration';
import { acquireFlockLease, type LeaseHolder } from '#src/base/flock-lease';
import { systemPause } from '#src/base/pause';

/** Takes a lease, says so, and keeps it until it is killed. Run as a process of its own by the tests. */
const [folder = '', resource = ''] = process.argv.slice(2);
const rows = {
  get: async () => undefined,
  put: async (holder: LeaseHolder) => void process.stdout.write(`${JSON.stringify(holder)}\n`),
  remove: async () => undefined,
};
await acquireFlockLease({
  resource,
  folder,
  rows,
  job: 'holding on',
  wait: milliseconds(0),
  clock: systemClock,
  pause: systemPause,
});
process.stdin.resume();
