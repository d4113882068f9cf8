import { acquireFlockLease } from '#src/base/flock-lease';
import type { Cancellable } from '#src/device/tape-drive';
import type { LibraryOptions } from '#src/library/library-options';
import { SharedLease } from '#src/library/shared-lease';

type UseOptions = Pick<LibraryOptions, 'name' | 'locks' | 'catalog' | 'job' | 'wait' | 'clock' | 'pause'>;

/**
 * Whose turn it is. Other processes are kept out by the library's lease; within this one, robot work is done one after the other, also for several mounts at once.
 * The first work under a lease begins with a look: what lay where before, another process may have changed.
 */
export class ExclusiveUse {
  readonly #lease: SharedLease;
  readonly #look: (options: Cancellable) => Promise<void>;
  /** The look that begins the use of a lease. */
  #looked: Promise<void> | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: UseOptions, look: (options: Cancellable) => Promise<void>) {
    this.#look = look;
    this.#lease = new SharedLease((signal) => {
      this.#looked = undefined;
      const { name, locks, catalog, job, wait, clock, pause } = options;
      const resource = `library:${name}`;
      return acquireFlockLease({ resource, folder: locks, rows: catalog.leases, job, wait, clock, pause, signal });
    });
  }

  /** The lease without a turn: for what goes on in a drive while the robot works for others. */
  lease(signal: AbortSignal | undefined): Promise<AsyncDisposable> {
    return this.#lease.use(signal);
  }

  /** Work that needs no look before it, within a lease that the caller holds. */
  async serially<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work, work);
    this.#tail = turn.catch(() => undefined);
    return await turn;
  }

  /** As `serially`, with an inventory that is not older than the lease. */
  informed<T>(options: Cancellable, work: () => Promise<T>): Promise<T> {
    return this.serially(async () => {
      await this.#begin(options);
      return await work();
    });
  }

  /** With the lease, alone in this process, and informed. */
  async alone<T>(options: Cancellable, work: () => Promise<T>): Promise<T> {
    await using _lease = await this.#lease.use(options.signal);
    return await this.informed(options, work);
  }

  /** With the lease, and alone in this process; looks whenever it wants to, and nobody after it needs to look again. */
  async looking<T>(options: Cancellable, work: (look: () => Promise<void>) => Promise<T>): Promise<T> {
    await using _lease = await this.#lease.use(options.signal);
    return await this.serially(async () => {
      const result = await work(() => this.#look(options));
      this.#looked = Promise.resolve();
      return result;
    });
  }

  async #begin(options: Cancellable): Promise<void> {
    this.#looked ??= this.#look(options);
    try {
      await this.#looked;
    } catch (cause) {
      this.#looked = undefined;
      throw cause;
    }
  }
}
