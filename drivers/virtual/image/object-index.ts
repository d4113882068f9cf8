import type { ImagePlace } from '#drivers/virtual/image/image-place';

/** One entry for so many objects: 24 bytes for 64 objects keep an image of 10⁷ blocks under 4 MB. */
export const objectsPerEntry = 64;
const fields = 3;

/**
 * Where every 64th object begins. Numbers are doubles, exact to 2⁵³: an image file cannot be longer than that.
 */
export class ObjectIndex {
  #entries = new Float64Array(fields * 256);
  #count = 0;

  /** Offered every place in order, it keeps each 64th. */
  add(place: ImagePlace): void {
    if (place.object !== this.#count * objectsPerEntry) return;
    const at = this.#count * fields;
    if (at === this.#entries.length) {
      const larger = new Float64Array(this.#entries.length * 2);
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#entries[at] = place.offset;
    this.#entries[at + 1] = place.file;
    this.#entries[at + 2] = place.dataBytes;
    this.#count += 1;
  }

  /** How many objects further the next place lies that is kept; 64 from a place that is one itself. */
  stepsToNextEntry(object: number): number {
    return objectsPerEntry - (object % objectsPerEntry);
  }

  /** Forgets what lies behind `objects` objects. */
  truncate(objects: number): void {
    this.#count = Math.min(this.#count, Math.floor(objects / objectsPerEntry) + 1);
  }

  /** The last kept place at or before an object. */
  atObject(object: number): ImagePlace {
    return this.#place(Math.min(Math.floor(object / objectsPerEntry), this.#count - 1));
  }

  /** The last kept place with at most `file` filemarks before it. */
  atFile(file: number): ImagePlace {
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#entries[middle * fields + 1] as number) <= file) low = middle;
      else high = middle - 1;
    }
    return this.#place(low);
  }

  #place(entry: number): ImagePlace {
    const at = entry * fields;
    return {
      object: entry * objectsPerEntry,
      offset: this.#entries[at] ?? 0,
      file: this.#entries[at + 1] ?? 0,
      dataBytes: this.#entries[at + 2] ?? 0,
    };
  }
}
