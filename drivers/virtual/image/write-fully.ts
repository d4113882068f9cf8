import { writevSync } from 'node:fs';

/** One `pwritev` in the ordinary case; the rest again where the kernel took less (a signal, a nearly full file system). */
export function writeFully(fd: number, pieces: readonly Uint8Array[], offset: number): number {
  let total = 0;
  for (const piece of pieces) total += piece.length;
  let done = writevSync(fd, pieces, offset);
  while (done < total) {
    const rest = dropBytes(pieces, done);
    done += writevSync(fd, rest, offset + done);
  }
  return total;
}

function dropBytes(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const piece of pieces) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      rest.push(piece.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
