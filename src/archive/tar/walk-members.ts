import { createHash } from 'node:crypto';
import { type StreamPlace, truncated } from '#src/archive/tar/damaged';
import { paddedBytes, paddingBytes } from '#src/archive/tar/layout';
import type { MemberHeader } from '#src/archive/tar/member-header';
import { createPace, memberWorkBytes, type Pace, zeroChunks } from '#src/archive/tar/pace';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { readMemberHeader, readRegions } from '#src/archive/tar/read-member';

export interface WalkedMember {
  readonly header: MemberHeader;
  /** Of its first header block, the extended one where there is one. */
  readonly place: StreamPlace;
  /** SHA-256 of a regular file's content, holes read as zeros; undefined for other members, or where it was not asked for. */
  readonly sha256: Buffer | undefined;
}

export interface WalkOptions {
  /** Reads all data; otherwise it is passed over. */
  readonly digests: boolean;
  readonly signal?: AbortSignal;
}

/** What a walk came to: `closed` where the end of the data set was there, not only the end of the segments at hand. */
export interface WalkEnd {
  readonly closed: boolean;
}

/**
 * All members from where the stream stands, which must be a header (a segment's `firstHeader`), to its end. Throws `archive.damaged` at the first thing that the format
 * does not allow: seek to the next segment's `firstHeader` to go on behind it.
 */
export async function* walkMembers(
  stream: PayloadStream,
  { digests, signal }: WalkOptions,
): AsyncGenerator<WalkedMember, WalkEnd> {
  const pace = createPace(signal);
  while (!(await isAtEnd(stream))) {
    const place = stream.place;
    const header = await readMemberHeader(stream);
    if (header === undefined) return { closed: true };
    const hashed = digests && header.type === 'file';
    const sha256 = hashed
      ? await digestContent(stream, header, pace)
      : await stream.skip(paddedBytes(header.dataBytes));
    yield { header, place, sha256: sha256 ?? undefined };
    await pace(header.dataBytes + memberWorkBytes);
  }
  return { closed: false };
}

async function isAtEnd(stream: PayloadStream): Promise<boolean> {
  const { place } = stream;
  if ((await stream.readSome(1)).length === 0) return true;
  await stream.seek(place);
  return false;
}

async function digestContent(stream: PayloadStream, header: MemberHeader, pace: Pace): Promise<Buffer> {
  const hash = createHash('sha256');
  const start = stream.place;
  let at = 0;
  for (const { offset, lengthBytes } of await readRegions(stream, header)) {
    if (offset > at) for await (const zeros of zeroChunks(offset - at, pace)) hash.update(zeros);
    for (let left = lengthBytes; left > 0; ) {
      const chunk = await stream.readSome(left);
      if (chunk.length === 0) throw truncated(start, 'the data set ends within the data of a file');
      hash.update(chunk);
      left -= chunk.length;
      await pace(chunk.length);
    }
    at = offset + lengthBytes;
  }
  if (header.sizeBytes > at) for await (const zeros of zeroChunks(header.sizeBytes - at, pace)) hash.update(zeros);
  await stream.skip(paddingBytes(header.dataBytes));
  return hash.digest();
}
