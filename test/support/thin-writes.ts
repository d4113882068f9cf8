import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Shorter ones are written: they cost nothing. */
const leastBytes = 64 * 1024;
const zeros = Buffer.alloc(2 ** 20);

const isZero = (piece: Uint8Array): boolean =>
  piece.length >= leastBytes && piece.length <= zeros.length && zeros.subarray(0, piece.length).equals(piece);

/**
 * While it lasts, zeros that this process writes by `writev` become holes in the file: it has the same bytes and takes less room. What writes must end in
 * a piece that is not zeros, as a record of an image does.
 */
export function writeThinly(): Disposable {
  const { writevSync } = fs;
  const thin: typeof writevSync = (fd, pieces, position) => {
    let at = position;
    if (typeof at !== 'number') return writevSync(fd, pieces, position);
    for (const piece of pieces as readonly Uint8Array[]) {
      if (!isZero(piece)) fs.writeSync(fd, piece, 0, piece.length, at);
      at += piece.length;
    }
    return at - (position as number);
  };
  fs.writevSync = thin;
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]: () => {
      fs.writevSync = writevSync;
      syncBuiltinESMExports();
    },
  };
}
