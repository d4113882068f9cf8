import { createHash, hash } from 'node:crypto';
import { ftruncateSync, writeSync } from 'node:fs';
import { onTarget } from '#src/archive/extract/target-failure';
import { truncated } from '#src/archive/tar/damaged';
import { paddedBytes } from '#src/archive/tar/layout';
import type { MemberHeader } from '#src/archive/tar/member-header';
import { type Pace, zeroChunks } from '#src/archive/tar/pace';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { readRegions } from '#src/archive/tar/read-member';

export interface ContentTarget {
  /** A new file, open for writing. */
  readonly fd: number;
  readonly shown: string;
}

/** Content up to this size is taken in one piece. */
const onePieceBytes = 256 * 1024;

/**
 * Writes the data of the member at which the stream stands (behind its headers) to a new file, holes as holes, and returns the SHA-256 of the content with holes
 * read as zeros. Afterwards the stream stands at the end of the data, before the padding.
 */
export async function writeContent(
  stream: PayloadStream,
  header: MemberHeader,
  target: ContentTarget,
  pace: Pace,
): Promise<Buffer> {
  if (header.sparse || header.dataBytes > onePieceBytes) return writeRegions(stream, header, target, pace);
  const bytes = (await stream.read(paddedBytes(header.dataBytes))).subarray(0, header.dataBytes);
  writeAll(target, bytes, 0);
  return hash('sha256', bytes, 'buffer');
}

async function writeRegions(
  stream: PayloadStream,
  header: MemberHeader,
  target: ContentTarget,
  pace: Pace,
): Promise<Buffer> {
  const digest = createHash('sha256');
  const start = stream.place;
  const regions = await readRegions(stream, header);
  if (header.sparse) onTarget(target.shown, () => ftruncateSync(target.fd, header.sizeBytes));
  let at = 0;
  for (const { offset, lengthBytes } of regions) {
    if (offset > at) for await (const zeros of zeroChunks(offset - at, pace)) digest.update(zeros);
    at = offset;
    for (const end = offset + lengthBytes; at < end; ) {
      const chunk = await stream.readSome(end - at);
      if (chunk.length === 0) throw truncated(start, 'the data set ends within the data of this file');
      digest.update(chunk);
      writeAll(target, chunk, at);
      at += chunk.length;
      await pace(chunk.length);
    }
  }
  if (header.sizeBytes > at) for await (const zeros of zeroChunks(header.sizeBytes - at, pace)) digest.update(zeros);
  return digest.digest();
}

function writeAll({ fd, shown }: ContentTarget, bytes: Buffer, position: number): void {
  onTarget(shown, () => {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  });
}
