/** A place as the driver counted it; a part that is not known is undefined. */
export interface CountedPlace {
  readonly block: bigint | undefined;
  readonly file: bigint | undefined;
}

/**
 * Where the medium stands, by counting what was done since the beginning of the medium. For drives that do not know
 * themselves (READ POSITION with the location-unknown bits) it is all there is; for the others it tells when to expect `blank`.
 *
 * The object numbers behind filemarks that were passed are remembered, so that spacing over filemarks, which tells only
 * the tape file, leads back to a known object number.
 */
export class TapeCount {
  #block: bigint | undefined;
  #file: bigint | undefined;
  /** Tape file → its first object. */
  #starts = new Map<bigint, bigint>();
  /** Where the data end, once something was written or the end was read at a place that is known. */
  #end: CountedPlace | undefined;

  get place(): CountedPlace {
    return { block: this.#block, file: this.#file };
  }

  /** Nothing is known any more, not of this medium either. */
  forget(): void {
    this.#block = undefined;
    this.#file = undefined;
    this.#starts.clear();
    this.#end = undefined;
  }

  /** Where the data end, as far as it is known. */
  get end(): CountedPlace | undefined {
    return this.#end;
  }

  /** The data end here. */
  endHere(): void {
    this.#end = this.#block === undefined ? undefined : this.place;
  }

  /** The object number of the filemark before which one stands after spacing back over `count` filemarks; undefined where it is not known. */
  filemarkBack(count: bigint): bigint | undefined {
    const behind = this.#file === undefined ? undefined : this.#startOf(this.#file - count + 1n);
    return behind === undefined || behind === 0n ? undefined : behind - 1n;
  }

  /** The place is not known, but the medium is the same and what lies where has not changed. */
  losePlace(): void {
    this.#block = undefined;
    this.#file = undefined;
  }

  toBeginning(): void {
    this.#block = 0n;
    this.#file = 0n;
    this.#starts.set(0n, 0n);
  }

  /** To a place that somebody who knows it named (the drive, or LOCATE). */
  moveTo(block: bigint, file?: bigint): void {
    this.#block = block;
    this.#file = file ?? this.#fileOf(block);
  }

  /** To the first object of a tape file, as somebody says who knows it. */
  toStartOf(file: bigint, block: bigint): void {
    this.#block = block;
    this.#file = file;
    this.#rememberStart();
  }

  /** Somewhere in a tape file. */
  inFile(file: bigint): void {
    this.#block = undefined;
    this.#file = file;
  }

  /** The tape file is in doubt where filemarks may have been passed unseen; kept where both its ends are known. */
  forgetFile(): void {
    this.#file = this.#block === undefined ? undefined : this.#fileOf(this.#block);
  }

  passBlocks(count: bigint): void {
    if (this.#block !== undefined) this.#block += count;
  }

  /** Over one filemark, towards the end. */
  passFilemark(): void {
    if (this.#file !== undefined) this.#file += 1n;
    this.#block = this.#block === undefined ? this.#startOf(this.#file) : this.#block + 1n;
    this.#rememberStart();
  }

  /** Over one filemark, towards the beginning: the place is then before it. */
  passFilemarkBack(): void {
    if (this.#block !== undefined) this.#block -= 1n;
    if (this.#file !== undefined) this.#file -= 1n;
  }

  /** Over filemarks with the blocks between them, which were not counted. */
  spaceFilemarks(count: bigint): void {
    if (count === 0n) return;
    this.#block = undefined;
    if (this.#file === undefined) return;
    this.#file += count;
    const start = this.#startOf(count > 0n ? this.#file : this.#file + 1n);
    if (start !== undefined) this.#block = count > 0n ? start : start - 1n;
  }

  wroteBlocks(count: bigint): void {
    this.#cutBehind();
    this.passBlocks(count);
    this.endHere();
  }

  wroteFilemarks(count: bigint): void {
    this.#cutBehind();
    for (let n = 0n; n < count; n += 1n) this.passFilemark();
    this.endHere();
  }

  /** What is written ends the data: everything known of what lay behind is gone. */
  #cutBehind(): void {
    const { block, file } = this.place;
    for (const [startFile, start] of this.#starts) {
      if (file !== undefined ? startFile > file : block === undefined || start > block) this.#starts.delete(startFile);
    }
  }

  #rememberStart(): void {
    if (this.#file !== undefined && this.#block !== undefined) this.#starts.set(this.#file, this.#block);
  }

  #startOf(file: bigint | undefined): bigint | undefined {
    return file === undefined ? undefined : this.#starts.get(file);
  }

  /** The tape file in which a block lies, where the filemarks (or the end of data) before and after it are known. */
  #fileOf(block: bigint): bigint | undefined {
    for (const [file, start] of this.#starts) {
      const next = this.#starts.get(file + 1n) ?? (this.#end?.file === file ? (this.#end.block ?? 0n) + 1n : undefined);
      if (start === block || (start < block && next !== undefined && block < next)) return file;
    }
    return undefined;
  }
}
