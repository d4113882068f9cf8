import { closeSync, constants, fdatasyncSync, fsyncSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { beginningOfImage, type ImagePlace, passObject } from '#drivers/virtual/image/image-place';
import { ImageScanner, type ScannedObject } from '#drivers/virtual/image/image-scanner';
import { ObjectIndex, objectsPerEntry } from '#drivers/virtual/image/object-index';
import { maxRecordBytes, wordBytes } from '#drivers/virtual/image/simh-words';
import { writeFully } from '#drivers/virtual/image/write-fully';
import { bug } from '#src/base/errors';

export type ImageRead =
  /** One block; `copiedBytes` of it fitted. The place is behind it. */
  | { readonly kind: 'block'; readonly lengthBytes: number; readonly copiedBytes: number }
  /** The place is behind it. */
  | { readonly kind: 'filemark' }
  /** A record marked as read with an error; the place is behind it. */
  | { readonly kind: 'damaged' }
  /** What cannot be interpreted; the place is before it, and nothing behind it can be reached. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'end-of-data' };

export interface ImageSpacing {
  /** Objects of the kind that was asked for that were passed. */
  readonly passed: number;
  readonly stop: 'count' | 'filemark' | 'end-of-data' | 'beginning' | 'unreadable';
}

/** More objects than this are not looked at: an image of zeros (every four bytes a filemark) must not hang the program. */
export const maxImageObjects = 2 ** 26;

/**
 * A tape in a file: SIMH image format as docs/format.md narrows it ("Virtual cartridges"), with lengths of 24 bits.
 * One opening, one place on it; every method works from that place. Synchronous: the caller is a drive, which does one thing
 * at a time.
 *
 * Failures of the file system are thrown as Node's errors; after one of a write the image is cut back to what was whole.
 */
export class TapeImage implements Disposable {
  readonly #fd: number;
  readonly #scanner: ImageScanner;
  readonly #index = new ObjectIndex();
  readonly #head = Buffer.alloc(wordBytes);
  readonly #tail = Buffer.alloc(1 + wordBytes);
  #place = beginningOfImage;
  #end = beginningOfImage;
  #endKind: 'end-of-data' | 'unreadable' = 'end-of-data';
  #fileBytes = 0;
  #largestBlockBytes = 0;
  #current: ScannedObject | undefined;
  #closed = false;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#scanner = new ImageScanner(fd);
    this.#scanAll();
  }

  /** Opens a regular file and scans its headers; symbolic links and devices are refused by the kernel or read as unreadable. */
  static open(path: string, { writable }: { readonly writable: boolean }): TapeImage {
    const access = writable ? constants.O_RDWR : constants.O_RDONLY;
    const fd = openSync(path, access | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return new TapeImage(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  get place(): ImagePlace {
    return this.#place;
  }

  /** The end of data: how many objects, filemarks and data bytes there are. */
  get end(): ImagePlace {
    return this.#end;
  }

  get atEnd(): boolean {
    return this.#place.object === this.#end.object;
  }

  /** The longest block seen on this image since it was opened. */
  get largestBlockBytes(): number {
    return this.#largestBlockBytes;
  }

  /** False where the scan met something that cannot be interpreted. */
  get readableToEnd(): boolean {
    return this.#endKind === 'end-of-data';
  }

  /** Reads the next object; of a block as much as fits. */
  read(into: Uint8Array): ImageRead {
    if (this.atEnd) return { kind: this.#endKind };
    const object = this.#look();
    if (object.kind === 'end-of-data' || object.kind === 'unreadable') return { kind: 'unreadable' };
    let copiedBytes = 0;
    if (object.kind === 'block') {
      const wanted = Math.min(object.lengthBytes, into.length);
      copiedBytes = this.#readFully(into, wanted, object.dataOffset);
      if (copiedBytes < wanted) return { kind: 'unreadable' };
    }
    this.#pass(object);
    if (object.kind === 'block') return { kind: 'block', lengthBytes: object.lengthBytes, copiedBytes };
    return { kind: object.kind };
  }

  /**
   * Writes one block of 1 to 2²⁴−1 bytes, given in pieces. Everything behind the place is gone: the file is cut there, and the
   * cut is on disk before the first new byte, so that old data never follows new data after a loss of power.
   */
  writeBlock(pieces: readonly Uint8Array[], lengthBytes: number): void {
    if (lengthBytes < 1 || lengthBytes > maxRecordBytes) throw bug(`a block of ${lengthBytes} bytes in a SIMH image`);
    this.#cut();
    const padBytes = lengthBytes & 1;
    this.#head.writeUInt32LE(lengthBytes);
    this.#tail.writeUInt32LE(lengthBytes, 1);
    this.#append([this.#head, ...pieces, padBytes === 1 ? this.#tail : this.#tail.subarray(1)]);
    this.#largestBlockBytes = Math.max(this.#largestBlockBytes, lengthBytes);
    const { object, file, dataBytes } = this.#place;
    this.#appended({ object: object + 1, file, dataBytes: dataBytes + lengthBytes, offset: this.#fileBytes });
  }

  writeFilemarks(count: number): void {
    if (count === 0) return;
    this.#cut();
    for (let left = count; left > 0; ) {
      const marks = Math.min(left, 4096);
      this.#append([Buffer.alloc(marks * wordBytes)]);
      for (let mark = 0; mark < marks; mark++) {
        const { object, file, dataBytes, offset } = this.#place;
        this.#appended({ object: object + 1, file: file + 1, dataBytes, offset: offset + wordBytes });
      }
      left -= marks;
    }
  }

  /** Makes this place the end of data. */
  truncate(): void {
    this.#cut();
  }

  /** Returns when everything written is on disk. */
  synchronise(): void {
    fdatasyncSync(this.#fd);
  }

  /** To an object number; false where there are not so many, and the place is then the end. */
  locate(object: number): boolean {
    const target = Math.min(object, this.#end.object);
    this.#go(target);
    return target === object;
  }

  /** True where nothing but filemarks lies between here and the end of data. */
  get onlyFilemarksFollow(): boolean {
    return this.#end.object - this.#place.object === this.#end.file - this.#place.file;
  }

  /** To behind the given number of filemarks; false where there are not so many, and the place is then the end. */
  locateFile(file: number): boolean {
    if (file > this.#end.file) return this.locate(this.#end.object + 1);
    this.#go(file === 0 ? 0 : this.#filemarkObject(file - 1) + 1);
    return true;
  }

  spaceToEnd(): ImageSpacing {
    const passed = this.#end.object - this.#place.object;
    this.#go(this.#end.object);
    return { passed, stop: this.#endKind };
  }

  /** Forward stops behind, backward before a filemark that it meets (SSC-5, SPACE(6), code 0). */
  spaceBlocks(count: number): ImageSpacing {
    const { object, file } = this.#place;
    if (count >= 0) {
      const mark = file < this.#end.file ? this.#filemarkObject(file) : this.#end.object;
      if (object + count <= mark) return this.#arrive(object + count, count, 'count');
      const passed = mark - object;
      return file < this.#end.file
        ? this.#arrive(mark + 1, passed, 'filemark')
        : this.#arrive(mark, passed, this.#endKind);
    }
    const first = file > 0 ? this.#filemarkObject(file - 1) + 1 : 0;
    if (object + count >= first) return this.#arrive(object + count, -count, 'count');
    const passed = object - first;
    return file > 0 ? this.#arrive(first - 1, passed, 'filemark') : this.#arrive(0, passed, 'beginning');
  }

  /** Forward to behind the last filemark counted, backward to before it (SSC-5, SPACE(6), code 1). */
  spaceFilemarks(count: number): ImageSpacing {
    const { object, file } = this.#place;
    if (count === 0) return { passed: 0, stop: 'count' };
    if (count > 0) {
      if (file + count > this.#end.file) return this.#arrive(this.#end.object, this.#end.file - file, this.#endKind);
      return this.#arrive(this.#filemarkObject(file + count - 1) + 1, count, 'count');
    }
    if (file + count < 0) return this.#arrive(0, file, 'beginning');
    return this.#arrive(Math.min(object, this.#filemarkObject(file + count)), -count, 'count');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #arrive(object: number, passed: number, stop: ImageSpacing['stop']): ImageSpacing {
    this.#go(object);
    return { passed, stop };
  }

  #scanAll(): void {
    this.#index.add(this.#place);
    for (;;) {
      const object = this.#scanner.objectAt(this.#place.offset);
      if (object.kind === 'end-of-data' || object.kind === 'unreadable' || this.#place.object === maxImageObjects) {
        this.#endKind = object.kind === 'end-of-data' ? 'end-of-data' : 'unreadable';
        this.#end = { ...this.#place, offset: object.kind === 'end-of-data' ? object.next : this.#place.offset };
        break;
      }
      if (object.kind === 'filemark') {
        this.#scanFilemarks(object.next - wordBytes);
        continue;
      }
      if (object.kind === 'block') this.#largestBlockBytes = Math.max(this.#largestBlockBytes, object.lengthBytes);
      this.#pass(object);
      this.#index.add(this.#place);
    }
    this.#fileBytes = this.#scanner.fileBytes();
    this.#move(beginningOfImage);
  }

  /** Passes a run of filemarks that begins at an offset (behind the gap, if there is one). */
  #scanFilemarks(start: number): void {
    const { object, file, dataBytes } = this.#place;
    const marks = this.#scanner.filemarksAt(start, maxImageObjects - object);
    for (let passed = this.#index.stepsToNextEntry(object); passed <= marks; passed += objectsPerEntry) {
      this.#index.add({ object: object + passed, file: file + passed, dataBytes, offset: start + passed * wordBytes });
    }
    this.#move({ object: object + marks, file: file + marks, dataBytes, offset: start + marks * wordBytes });
  }

  /** The object number of the n-th filemark, counted from 0; it must exist. */
  #filemarkObject(mark: number): number {
    let place = this.#index.atFile(mark);
    for (;;) {
      const object = this.#scanner.objectAt(place.offset);
      if (object.kind === 'filemark' && place.file === mark) return place.object;
      place = passObject(place, object);
    }
  }

  #go(object: number): void {
    if (object === this.#place.object) return;
    if (object === this.#end.object) {
      this.#move(this.#end);
      return;
    }
    const kept = this.#index.atObject(object);
    // From where we are when that is nearer: spacing block by block then costs one header each.
    let place = this.#place.object <= object && this.#place.object > kept.object ? this.#place : kept;
    while (place.object < object) place = passObject(place, this.#scanner.objectAt(place.offset));
    this.#move(place);
  }

  #move(place: ImagePlace): void {
    this.#place = place;
    this.#current = undefined;
  }

  #look(): ScannedObject {
    this.#current ??= this.#scanner.objectAt(this.#place.offset);
    return this.#current;
  }

  #pass(object: ScannedObject): void {
    this.#move(passObject(this.#place, object));
  }

  #readFully(into: Uint8Array, wanted: number, offset: number): number {
    let done = 0;
    while (done < wanted) {
      const got = readSync(this.#fd, into, done, wanted - done, offset + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  #cut(): void {
    const place = this.atEnd ? this.#end : this.#place;
    this.#move(place);
    if (this.atEnd && this.#fileBytes === place.offset && this.#endKind === 'end-of-data') return;
    ftruncateSync(this.#fd, place.offset);
    fsyncSync(this.#fd);
    this.#fileBytes = place.offset;
    this.#index.truncate(place.object);
    this.#end = place;
    this.#endKind = 'end-of-data';
  }

  #append(pieces: readonly Uint8Array[]): void {
    const start = this.#fileBytes;
    try {
      this.#fileBytes += writeFully(this.#fd, pieces, start);
    } catch (error) {
      ftruncateSync(this.#fd, start);
      throw error;
    } finally {
      this.#scanner.forget();
    }
  }

  #appended(place: ImagePlace): void {
    this.#move(place);
    this.#end = place;
    this.#index.add(place);
  }
}
