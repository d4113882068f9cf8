/** Both sets together stay in the nearest caches of a processor: more of them made reading slower. */
const setBytes = 2 ** 20;
const maxBlocks = 8;

/** Two sets of buffers for whole blocks, in turn: while the blocks in one are looked at, the drive has commands for the other. */
export class ReadAheadBuffers {
  readonly #blockBytes: number;
  readonly #sets: [Buffer[], Buffer[]] = [[], []];
  #turn: 0 | 1 = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  /** Those of the other set, at most `count`, at least one. Their memory is made at first use. */
  next(count: number): readonly Buffer[] {
    this.#turn = this.#turn === 0 ? 1 : 0;
    const set = this.#sets[this.#turn];
    const most = Math.max(1, Math.min(count, maxBlocks, Math.floor(setBytes / this.#blockBytes)));
    while (set.length < most) set.push(Buffer.allocUnsafeSlow(this.#blockBytes));
    return set.slice(0, most);
  }
}
