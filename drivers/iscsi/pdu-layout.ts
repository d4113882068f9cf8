import { putDigest } from '#drivers/iscsi/crc32c';
import { headerBytes, paddingOf } from '#drivers/iscsi/pdu';

/** What goes along with every PDU of a connection (RFC 7143 13.1). */
export interface Digests {
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
}

const digestBytes = 4;

/** Length of a PDU on the wire: header, its digest, data, padding, digest of both (RFC 7143 11.2). */
export function pduBytes(dataBytes: number, { headerDigest, dataDigest }: Digests): number {
  const head = headerBytes + (headerDigest ? digestBytes : 0);
  return dataBytes === 0 ? head : head + dataBytes + paddingOf(dataBytes) + (dataDigest ? digestBytes : 0);
}

/** Puts `dataBytes` of the arrays, from `offset` on, where the PDU that begins at `at` has its data, with all that follows them. */
export function putData(
  memory: Buffer,
  at: number,
  {
    data,
    offset,
    dataBytes,
    digests,
  }: { data: readonly Uint8Array[]; offset: number; dataBytes: number; digests: Digests },
): void {
  if (dataBytes === 0) return;
  const start = at + headerBytes + (digests.headerDigest ? digestBytes : 0);
  let end = start;
  let skip = offset;
  for (const piece of data) {
    const count = Math.min(piece.length - skip, start + dataBytes - end);
    if (count > 0) memory.set(count === piece.length ? piece : piece.subarray(skip, skip + count), end);
    end += Math.max(0, count);
    skip = Math.max(0, skip - piece.length);
  }
  const padding = paddingOf(dataBytes);
  if (padding > 0) memory.fill(0, end, end + padding);
  end += padding;
  if (digests.dataDigest) putDigest(memory, start, end);
}

/** The header of the PDU that begins at `at` is complete. */
export function sealHeader(memory: Buffer, at: number, { headerDigest }: Digests): void {
  if (headerDigest) putDigest(memory, at, at + headerBytes);
}
