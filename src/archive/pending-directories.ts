import type { ByteString } from '#src/archive/byte-string';
import { NameFile, type TaggedName } from '#src/archive/name-file';

export interface Subdirectory {
  readonly name: ByteString;
  /** Its own stamps, or what archives need of it, differ from the reference. */
  readonly isChanged: boolean;
}

const mostNamesHeld = 16_384;
const bytesPerRead = 4096;

/**
 * The subdirectories that the walk has still to go into, level below level. Of all levels together only so many names are held; more of them lie in a
 * scratch file that is used as a stack: only the innermost level is added to, and levels end from the innermost on.
 */
export class PendingDirectories implements Disposable {
  readonly #file: NameFile;
  readonly #room: Room;

  constructor(scratchDirectory: string, mostHeld = mostNamesHeld) {
    this.#file = new NameFile(scratchDirectory);
    this.#room = { held: 0, mostHeld };
  }

  /** Begins a level below all others. */
  open(): PendingLevel {
    return new PendingLevel(this.#file, this.#room);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** Of all levels together. */
interface Room {
  held: number;
  readonly mostHeld: number;
}

/** Subdirectories of one directory: first all are added, then they are taken in the same order. Disposing ends the level, which is the innermost. */
export class PendingLevel implements Disposable {
  readonly #file: NameFile;
  readonly #room: Room;
  #names: TaggedName[] = [];
  #next = 0;
  /** Behind the names that are held come those between these places of the file. */
  #from: number;
  #to: number;
  readonly #begin: number;

  constructor(file: NameFile, room: Room) {
    this.#file = file;
    this.#room = room;
    this.#begin = file.end;
    this.#from = this.#begin;
    this.#to = this.#begin;
  }

  add({ name, isChanged }: Subdirectory): void {
    const tagged = { name, tag: isChanged ? 1 : 0 };
    if (this.#room.held < this.#room.mostHeld) {
      this.#names.push(tagged);
      this.#room.held += 1;
    } else {
      this.#file.append(tagged);
      this.#to = this.#file.end;
    }
  }

  take(): Subdirectory | undefined {
    this.#hold(1);
    const taken = this.#names[this.#next];
    if (!taken) return undefined;
    this.#next += 1;
    this.#room.held -= 1;
    return { name: taken.name, isChanged: taken.tag === 1 };
  }

  /** Those that will be taken next, at most `count`. */
  upcoming(count: number): readonly ByteString[] {
    this.#hold(count);
    return this.#names.slice(this.#next, this.#next + count).map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    this.#room.held -= this.#names.length - this.#next;
    this.#names = [];
    this.#next = 0;
    this.#from = this.#to;
    if (this.#to > this.#begin) this.#file.truncate(this.#begin);
  }

  /** Reads on where fewer names are held and there are more. */
  #hold(count: number): void {
    while (this.#names.length - this.#next < count && this.#from < this.#to) {
      const { names, end } = this.#file.read(this.#from, this.#to, bytesPerRead);
      this.#names = [...this.#names.slice(this.#next), ...names];
      this.#next = 0;
      this.#from = end;
      this.#room.held += names.length;
    }
  }
}
