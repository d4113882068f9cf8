import { blockBytes, streamLimits } from '#src/archive/tar/layout';

export interface SparseRegion {
  readonly offset: number;
  readonly lengthBytes: number;
}

/**
 * Reads the map at the beginning of a sparse file's data, block by block: the number of regions, then offset and length of each, decimal, one a line, the rest of the
 * last block filled up (GNU tar manual, "Storing Sparse Files", PAX format, version 1.0).
 */
export class SparseMapParser {
  readonly #sizeBytes: number;
  readonly #regions: SparseRegion[] = [];
  #count: number | undefined;
  #offset: number | undefined;
  #number = 0;
  #digits = 0;
  #end = 0;

  /** `sizeBytes`: of the file, which no region may go beyond. */
  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** The regions once the map is whole, ascending and apart from each other; undefined: the next block is needed; a text says what is wrong. */
  add(block: Buffer): readonly SparseRegion[] | string | undefined {
    for (let at = 0; at < blockBytes; at++) {
      const byte = block[at] as number;
      if (byte === 0x0a) {
        const problem = this.#line();
        if (problem !== undefined) return problem;
        if (this.#regions.length === this.#count && this.#offset === undefined) return this.#regions;
      } else if (byte < 0x30 || byte > 0x39 || this.#digits === 16) {
        return 'the map of a sparse file is not made of numbers';
      } else {
        this.#number = this.#number * 10 + byte - 0x30;
        this.#digits += 1;
      }
    }
    return undefined;
  }

  #line(): string | undefined {
    if (this.#digits === 0) return 'the map of a sparse file has an empty line';
    const number = this.#number;
    this.#number = 0;
    this.#digits = 0;
    if (this.#count === undefined) {
      if (number > streamLimits.sparseRegions) return `a sparse file of ${number} regions`;
      this.#count = number;
    } else if (this.#offset === undefined) {
      if (number < this.#end || number > this.#sizeBytes) return 'a region of a sparse file is out of place';
      this.#offset = number;
    } else {
      if (number > this.#sizeBytes - this.#offset) return 'a region of a sparse file ends behind the file';
      this.#regions.push({ offset: this.#offset, lengthBytes: number });
      this.#end = this.#offset + number;
      this.#offset = undefined;
    }
    return undefined;
  }
}
