import type { ScannedObject } from '#drivers/virtual/image/image-scanner';
import { bug } from '#src/base/errors';

/** A place between two objects of an image, with everything that precedes it counted. */
export interface ImagePlace {
  /** SSC logical object number: blocks and filemarks before this place. */
  readonly object: number;
  /** Filemarks before this place. */
  readonly file: number;
  /** Data bytes of the blocks before this place. */
  readonly dataBytes: number;
  /** Where in the image file. */
  readonly offset: number;
}

export const beginningOfImage: ImagePlace = { object: 0, file: 0, dataBytes: 0, offset: 0 };

/** The place behind an object. */
export function passObject(place: ImagePlace, object: ScannedObject): ImagePlace {
  switch (object.kind) {
    case 'block':
    case 'damaged':
      return {
        object: place.object + 1,
        file: place.file,
        dataBytes: place.dataBytes + object.lengthBytes,
        offset: object.next,
      };
    case 'filemark':
      return { object: place.object + 1, file: place.file + 1, dataBytes: place.dataBytes, offset: object.next };
    default:
      throw bug(`image changed under its reader at offset ${place.offset}: ${object.kind}`);
  }
}
