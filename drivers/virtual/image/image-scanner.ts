import { fstatSync, readSync } from 'node:fs';
import { parseSimhWord, recordSpanBytes, wordBytes } from '#drivers/virtual/image/simh-words';

/** What stands at a place of the image, and where the next object begins. */
export type ScannedObject =
  | {
      readonly kind: 'block' | 'damaged';
      readonly dataOffset: number;
      readonly lengthBytes: number;
      readonly next: number;
    }
  | { readonly kind: 'filemark'; readonly next: number }
  /** Nothing behind `next` is data: end of the file, an end-of-medium word, or an incomplete last record. */
  | { readonly kind: 'end-of-data'; readonly next: number }
  /** A word that cannot be interpreted, or a record whose two lengths differ: what is behind it cannot be found. */
  | { readonly kind: 'unreadable'; readonly next: number };

/** Headers close together are read with one call; a jump farther than this past the window reads only what is needed. */
const windowBytes = 64 * 1024;
const farJumpBytes = 16 * 1024;
/** The trailing length of a record and the word of the next object. */
const pairBytes = 2 * wordBytes;

/** Gap words passed in one go before the image is called unreadable: a file of nothing but gaps must not hang the program. */
const maxGapWords = 2 ** 26;

/** Reads the headers of an image, never its data. */
export class ImageScanner {
  readonly #fd: number;
  readonly #window = Buffer.allocUnsafeSlow(windowBytes);
  #windowStart = 0;
  #windowLength = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** To be called after every change of the file. */
  forget(): void {
    this.#windowLength = 0;
  }

  fileBytes(): number {
    return fstatSync(this.#fd).size;
  }

  objectAt(offset: number): ScannedObject {
    let at = offset;
    for (let gaps = 0; gaps < maxGapWords; gaps++) {
      const word = this.#word(at);
      if (word === undefined) return { kind: 'end-of-data', next: at };
      const meaning = parseSimhWord(word);
      switch (meaning.kind) {
        case 'erase-gap':
          at += meaning.skipBytes;
          continue;
        case 'tape-mark':
          return { kind: 'filemark', next: at + wordBytes };
        case 'end-of-medium':
          return { kind: 'end-of-data', next: at };
        case 'reserved':
          return { kind: 'unreadable', next: at };
        case 'record':
          return this.#recordAt(at, word, meaning);
      }
    }
    return { kind: 'unreadable', next: at };
  }

  /**
   * How many filemarks follow each other from here, at most `limit`: a long run (a file of zeros) is counted a word at a time
   * without an object for each.
   */
  filemarksAt(offset: number, limit: number): number {
    let marks = 0;
    while (marks < limit && this.#word(offset + marks * wordBytes) === 0) {
      const start = offset + marks * wordBytes - this.#windowStart;
      const words = Math.min(limit - marks, Math.floor((this.#windowLength - start) / wordBytes));
      let index = 0;
      while (index < words && this.#window.readUInt32LE(start + index * wordBytes) === 0) index += 1;
      marks += index;
      if (index < words) break;
    }
    return marks;
  }

  #recordAt(
    at: number,
    word: number,
    { lengthBytes, damaged }: { lengthBytes: number; damaged: boolean },
  ): ScannedObject {
    const next = at + recordSpanBytes(lengthBytes);
    const trailing = this.#word(next - wordBytes);
    if (trailing === undefined) return { kind: 'end-of-data', next: at };
    if (trailing !== word) return { kind: 'unreadable', next: at };
    return { kind: damaged ? 'damaged' : 'block', dataOffset: at + wordBytes, lengthBytes, next };
  }

  /** The word at an offset, or undefined where the file has fewer than four bytes left there. */
  #word(offset: number): number | undefined {
    let index = offset - this.#windowStart;
    if (index < 0 || index + wordBytes > this.#windowLength) {
      this.#fill(offset);
      index = 0;
      if (this.#windowLength < wordBytes) return undefined;
    }
    return this.#window.readUInt32LE(index);
  }

  #fill(offset: number): void {
    const gap = offset - (this.#windowStart + this.#windowLength);
    const wanted = gap > farJumpBytes || gap < 0 ? pairBytes : windowBytes;
    let length = 0;
    while (length < wanted) {
      const got = readSync(this.#fd, this.#window, length, wanted - length, offset + length);
      if (got === 0) break;
      length += got;
    }
    this.#windowStart = offset;
    this.#windowLength = length;
  }
}
