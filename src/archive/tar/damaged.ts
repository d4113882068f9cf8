import { GrandsireError } from '#src/base/errors';

/** A place in the payloads of a data set. */
export interface StreamPlace {
  readonly segment: number;
  /** Offset in the segment's payload. */
  readonly offset: number;
}

const remedy =
  'Run `grandsire verify` on the data set, and restore from another copy of it, or an earlier version of the file (`grandsire find PATH`).';

/** What is at a place is not what the format allows there. */
export function damaged(place: StreamPlace, what: string): GrandsireError {
  return new GrandsireError('archive.damaged', {
    message: `segment ${place.segment}, byte ${place.offset} of its payload: ${what}`,
    remedy,
    details: { ...place },
  });
}

/** The stream ends where more was announced. */
export function truncated(place: StreamPlace, what: string): GrandsireError {
  return new GrandsireError('archive.truncated', {
    message: `segment ${place.segment}, byte ${place.offset} of its payload: ${what}`,
    remedy,
    details: { ...place },
  });
}
