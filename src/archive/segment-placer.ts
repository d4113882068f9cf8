import type { ByteString } from '#src/archive/byte-string';
import { placementWords } from '#src/archive/pipeline-memory';
import { tarBlockBytes } from '#src/archive/tar-header';

/** Two zero blocks end the last segment; room for them is kept in every one, since none knows that it is the last. */
export const closingBytes = 2 * tarBlockBytes;

/** A part of a pack that goes into one segment. */
export interface Extent {
  readonly start: number;
  readonly length: number;
  readonly segment: number;
}

/** The end of a segment, as far as the one who places knows it. */
export interface SegmentCut {
  readonly segment: number;
  readonly payloadBytes: number;
  readonly firstHeader: number | undefined;
  /** Where the cut falls inside a member: its path, and the bytes of its data before the cut (of a sparse file: of its stored data, map included). */
  readonly inside: { readonly path: ByteString; readonly offset: number } | undefined;
  /** The member that comes after the cut, or in which it falls. */
  readonly nextPath: ByteString;
  /** Nothing follows. */
  readonly isLast?: boolean;
}

/** Where a member begins, and the segment in which it ends. */
export interface MemberPlace {
  segment: number;
  offset: number;
  endSegment: number;
}

/** A member, or a piece of one, in a pack. Lengths are multiples of 512. */
export interface PackMember {
  /** Absolute path. */
  readonly path: ByteString;
  readonly start: number;
  length: number;
  /** 0 in the further pieces of a member. */
  readonly headerBytes: number;
  /** Of the whole member, header and padding included. */
  readonly totalBytes: number;
  /** Bytes of the member's data in earlier pieces. */
  readonly dataBefore: number;
  readonly place: MemberPlace;
  /** The end of the stream, for which every segment has room. */
  readonly isClosing?: boolean;
}

export interface Placement {
  readonly extents: readonly Extent[];
  readonly cuts: readonly SegmentCut[];
}

/**
 * Gives the members of a pack their places in the stream of segments. A member that fits into a segment is never cut; a longer one is cut only in its
 * data, on a multiple of 512.
 *
 * @param state the words of `placementWords`, which it moves on
 * @param segmentBytes the most that a segment may hold
 */
export function placePack(state: Float64Array, segmentBytes: number, members: readonly PackMember[]): Placement {
  const limit = Math.floor(segmentBytes / tarBlockBytes) * tarBlockBytes - closingBytes;
  const extents: { start: number; length: number; segment: number }[] = [];
  const cuts: SegmentCut[] = [];
  const used = (): number => state[placementWords.usedBytes] as number;
  const segment = (): number => state[placementWords.segment] as number;

  const put = (start: number, length: number): void => {
    const last = extents.at(-1);
    if (last && last.segment === segment() && last.start + last.length === start) last.length += length;
    else if (length > 0) extents.push({ start, length, segment: segment() });
    state[placementWords.usedBytes] = used() + length;
  };
  const cut = (member: PackMember, dataBytes: number | undefined): void => {
    const first = state[placementWords.firstHeader] as number;
    cuts.push({
      segment: segment(),
      payloadBytes: used(),
      firstHeader: first < 0 ? undefined : first,
      inside: dataBytes === undefined ? undefined : { path: member.path, offset: dataBytes },
      nextPath: member.path,
    });
    state[placementWords.segment] = segment() + 1;
    state[placementWords.usedBytes] = 0;
    state[placementWords.firstHeader] = -1;
  };

  for (const member of members) {
    let at = 0;
    if (member.headerBytes > 0) {
      const fits = used() + member.totalBytes <= limit;
      const beginsHere = member.totalBytes > limit && used() + member.headerBytes + tarBlockBytes <= limit;
      if (!fits && !beginsHere && used() > 0) cut(member, undefined);
      if ((state[placementWords.firstHeader] as number) < 0) state[placementWords.firstHeader] = used();
      member.place.segment = segment();
      member.place.offset = used();
      put(member.start, member.headerBytes);
      at = member.headerBytes;
    }
    while (at < member.length) {
      const room = member.isClosing ? closingBytes : limit - used();
      if (room <= 0) {
        cut(member, member.dataBefore + at - member.headerBytes);
        continue;
      }
      const length = Math.min(room, member.length - at);
      put(member.start + at, length);
      at += length;
    }
    member.place.endSegment = segment();
  }
  return { extents, cuts };
}
