import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import type { ByteString } from '#src/archive/byte-string';
import { openScratchFile } from '#src/archive/scratch-file';
import { bug } from '#src/base/errors';

/** A name, and a number below 256 that says something about it. */
export interface TaggedName {
  readonly name: ByteString;
  readonly tag: number;
}

/** Some names out of a file, and the place behind the last of them. */
export interface NamePage {
  readonly names: readonly TaggedName[];
  readonly end: number;
}

/** Before each name: its length in two bytes, its tag. */
const headBytes = 3;
const mostNameBytes = 0xffff;
const writeBytes = 65_536;

/**
 * Names that are too many to be held, one behind the other in a scratch file. The file is made with the first name, and what was written last can be
 * taken back, so that one file serves as a stack.
 */
export class NameFile implements Disposable {
  readonly #scratchDirectory: string;
  #fd: number | undefined;
  #written = 0;
  /** What is not written yet. */
  readonly #buffer = Buffer.allocUnsafeSlow(writeBytes);
  #filled = 0;
  #page = Buffer.alloc(0);

  constructor(scratchDirectory: string) {
    this.#scratchDirectory = scratchDirectory;
  }

  /** The place behind the last name. */
  get end(): number {
    return this.#written + this.#filled;
  }

  append({ name, tag }: TaggedName): void {
    if (name.length > mostNameBytes) throw bug(`a name of ${name.length} bytes`);
    this.#fd ??= openScratchFile(this.#scratchDirectory);
    if (this.#filled + headBytes + name.length > writeBytes) this.#flush();
    const at = this.#filled;
    this.#buffer.writeUInt16LE(name.length, at);
    this.#buffer.writeUInt8(tag, at + 2);
    this.#buffer.write(name, at + headBytes, 'latin1');
    this.#filled = at + headBytes + name.length;
  }

  /** Names between two places, as many as have room in `mostBytes`, at least one. */
  read(from: number, to: number, mostBytes: number): NamePage {
    if (to > this.#written) this.#flush();
    let bytes = this.#readBytes(from, Math.min(to - from, mostBytes));
    const firstBytes = bytes.length < headBytes ? headBytes : headBytes + bytes.readUInt16LE(0);
    if (firstBytes > bytes.length) bytes = this.#readBytes(from, Math.min(to - from, headBytes + mostNameBytes));
    const names: TaggedName[] = [];
    let at = 0;
    while (at + headBytes <= bytes.length) {
      const next = at + headBytes + bytes.readUInt16LE(at);
      if (next > bytes.length) break;
      names.push({ name: bytes.toString('latin1', at + headBytes, next), tag: bytes.readUInt8(at + 2) });
      at = next;
    }
    if (names.length === 0) throw bug('there are no names at this place of the file');
    return { names, end: from + at };
  }

  /** Takes back what was written from this place on. */
  truncate(to: number): void {
    if (to >= this.#written) {
      this.#filled = to - this.#written;
      return;
    }
    this.#filled = 0;
    this.#written = to;
    ftruncateSync(this.#file(), to);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #file(): number {
    if (this.#fd === undefined) throw bug('a file of names that holds none');
    return this.#fd;
  }

  #flush(): void {
    const fd = this.#file();
    for (let done = 0; done < this.#filled; ) {
      done += writeSync(fd, this.#buffer, done, this.#filled - done, this.#written + done);
    }
    this.#written += this.#filled;
    this.#filled = 0;
  }

  /** The bytes stay as they are until the next call. */
  #readBytes(from: number, length: number): Buffer {
    if (this.#page.length < length) this.#page = Buffer.allocUnsafeSlow(length);
    const fd = this.#file();
    let done = 0;
    while (done < length) {
      const read = readSync(fd, this.#page, done, length - done, from + done);
      if (read === 0) throw bug('a scratch file is shorter than what was written to it');
      done += read;
    }
    return this.#page.subarray(0, length);
  }
}
