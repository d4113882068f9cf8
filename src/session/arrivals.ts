/** Things that come one by one, for one who takes them one by one. */
export class Arrivals<T> {
  readonly #come: T[] = [];
  #isOver = false;
  #wake: (() => void) | undefined;

  put(thing: T): void {
    this.#come.push(thing);
    this.#wake?.();
  }

  /** No more come. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** The next one, when it is there; undefined: there are no more. */
  async take(): Promise<T | undefined> {
    while (this.#come.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#come.shift();
  }
}
