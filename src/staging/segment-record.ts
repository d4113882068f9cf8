import { z } from 'zod';
import type { FinishedSegment } from '#src/archive/segment-sink';
import { asBuffer } from '#src/base/bytes';
import type { SegmentPlace } from '#src/catalog/data-sets';
import { type IndexedCopy, type IndexedPlace, type IndexedSegment, indexedSegment } from '#src/volume/index-record';

const place = (cut: SegmentPlace | undefined): IndexedPlace | null =>
  cut ? { pathBytes: asBuffer(cut.path).toString('base64'), offset: cut.offset } : null;

/** A segment in the form in which it stands in an index. */
export const describeSegment = (segment: FinishedSegment, copies: readonly IndexedCopy[]): IndexedSegment => ({
  number: segment.number,
  payloadBytes: segment.payloadBytes,
  payloadXxh64: segment.xxh64,
  codecs: [],
  startsInside: place(segment.startsInside),
  endsInside: place(segment.endsInside),
  firstHeader: segment.firstHeader ?? null,
  copies,
});

/** `<000001>.json`: what its two files must be, for whoever finds them without a catalog. */
export interface SegmentRecordFile extends IndexedSegment {
  /** Length of its part of the index. */
  readonly indexBytes: number;
}

const schema = indexedSegment.extend({ indexBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) });

export const encodeSegmentRecord = (segment: FinishedSegment, indexBytes: number): Buffer =>
  Buffer.from(`${JSON.stringify({ ...describeSegment(segment, []), indexBytes })}\n`);

/** Undefined for what is no such record. */
export function parseSegmentRecord(text: string): SegmentRecordFile | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
