/**
 * One lease for all users in this process: taken by the first, given back by the last. Those who come while it is being taken wait for the same
 * attempt; the flock below excludes other processes, and would exclude us from ourselves.
 */
export class SharedLease {
  readonly #acquire: (signal?: AbortSignal) => Promise<AsyncDisposable>;
  #users = 0;
  #lease: Promise<AsyncDisposable> | undefined;
  #releasing: Promise<void> = Promise.resolve();

  constructor(acquire: (signal?: AbortSignal) => Promise<AsyncDisposable>) {
    this.#acquire = acquire;
  }

  async use(signal?: AbortSignal): Promise<AsyncDisposable> {
    this.#users += 1;
    try {
      await this.#releasing;
      this.#lease ??= this.#acquire(signal);
      await this.#lease;
    } catch (cause) {
      this.#users -= 1;
      this.#lease = undefined;
      throw cause;
    }
    let used = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (!used) return;
        used = false;
        await this.#leave();
      },
    };
  }

  async #leave(): Promise<void> {
    this.#users -= 1;
    const lease = this.#lease;
    if (this.#users > 0 || !lease) return;
    this.#lease = undefined;
    const released = lease.then((held) => held[Symbol.asyncDispose]());
    // Who gave it back is told of a failure; who comes next takes it anew, and finds out whether it is free.
    this.#releasing = released.catch(() => undefined);
    await released;
  }
}
