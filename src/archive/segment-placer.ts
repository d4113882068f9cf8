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
  const open: OpenPlacement = { extents: [], cuts: [], state };
  for (const member of members) {
    if (member.headerBytes > 0) beginMember(open, limit, member);
    putData(open, limit, member);
    member.place.endSegment = state[placementWords.segment] as number;
  }
  return open;
}

interface OpenPlacement {
  readonly extents: { readonly start: number; length: number; readonly segment: number }[];
  readonly cuts: SegmentCut[];
  readonly state: Float64Array;
}

function beginMember(open: OpenPlacement, limit: number, member: PackMember): void {
  const { state } = open;
  const used = state[placementWords.usedBytes] as number;
  const fits = used + member.totalBytes <= limit;
  const beginsHere = member.totalBytes > limit && used + member.headerBytes + tarBlockBytes <= limit;
  if (!fits && !beginsHere && used > 0) cut(open, member, undefined);
  const offset = state[placementWords.usedBytes] as number;
  if ((state[placementWords.firstHeader] as number) < 0) state[placementWords.firstHeader] = offset;
  member.place.segment = state[placementWords.segment] as number;
  member.place.offset = offset;
  put(open, member.start, member.headerBytes);
}

function putData(open: OpenPlacement, limit: number, member: PackMember): void {
  for (let at = member.headerBytes; at < member.length; ) {
    const room = member.isClosing ? closingBytes : limit - (open.state[placementWords.usedBytes] as number);
    if (room <= 0) {
      cut(open, member, member.dataBefore + at - member.headerBytes);
      continue;
    }
    const length = Math.min(room, member.length - at);
    put(open, member.start + at, length);
    at += length;
  }
}

function put({ extents, state }: OpenPlacement, start: number, length: number): void {
  const segment = state[placementWords.segment] as number;
  const last = extents[extents.length - 1];
  if (last && last.segment === segment && last.start + last.length === start) last.length += length;
  else if (length > 0) extents.push({ start, length, segment });
  state[placementWords.usedBytes] = (state[placementWords.usedBytes] as number) + length;
}

function cut({ cuts, state }: OpenPlacement, member: PackMember, dataBytes: number | undefined): void {
  const first = state[placementWords.firstHeader] as number;
  const segment = state[placementWords.segment] as number;
  cuts.push({
    segment,
    payloadBytes: state[placementWords.usedBytes] as number,
    firstHeader: first < 0 ? undefined : first,
    inside: dataBytes === undefined ? undefined : { path: member.path, offset: dataBytes },
    nextPath: member.path,
  });
  state[placementWords.segment] = segment + 1;
  state[placementWords.usedBytes] = 0;
  state[placementWords.firstHeader] = -1;
}
