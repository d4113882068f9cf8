/**
 * The 32-bit words of a SIMH tape image, little-endian ("SIMH Magtape Representation and Handling", B. Supnik, revisions of
 * 5 May 2017 and 17 January 2022, standard format).
 */
const simhWord = {
  tapeMark: 0x0000_0000,
  eraseGap: 0xffff_fffe,
  /** Half of an overwritten gap word and half of the next: reading goes on two bytes later. */
  halfGap: 0xfffe_ffff,
  endOfMedium: 0xffff_ffff,
} as const;

/** Bytes of the length word before and after a record's data. */
export const wordBytes = 4;

/** The longest record: lengths have 24 bits. */
export const maxRecordBytes = 0xff_ffff;

export type WordMeaning =
  | { readonly kind: 'record'; readonly lengthBytes: number; readonly damaged: boolean }
  | { readonly kind: 'tape-mark' }
  | { readonly kind: 'erase-gap'; readonly skipBytes: number }
  | { readonly kind: 'end-of-medium' }
  /** A class that the standard format does not have: what follows cannot be known. */
  | { readonly kind: 'reserved' };

/** What a word at the beginning of an object says. Bit 31 marks a record with an error; bits 30–24 must be zero. */
export function parseSimhWord(word: number): WordMeaning {
  if (word === simhWord.tapeMark) return { kind: 'tape-mark' };
  if (word === simhWord.endOfMedium) return { kind: 'end-of-medium' };
  if (word === simhWord.eraseGap) return { kind: 'erase-gap', skipBytes: wordBytes };
  if (word === simhWord.halfGap) return { kind: 'erase-gap', skipBytes: wordBytes / 2 };
  const recordClass = word >>> 24;
  const lengthBytes = word & maxRecordBytes;
  if (recordClass === 0) return { kind: 'record', lengthBytes, damaged: false };
  return recordClass === 0x80 ? { kind: 'record', lengthBytes, damaged: true } : { kind: 'reserved' };
}

/** Bytes that a record takes in the image: both length words, the data, and a pad byte after an odd length. */
export const recordSpanBytes = (lengthBytes: number): number => 2 * wordBytes + lengthBytes + (lengthBytes & 1);
