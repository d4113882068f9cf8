/** A mark by which a format is known: bytes at a place of the first block. */
interface Mark {
  readonly format: string;
  readonly at: number;
  readonly bytes: string;
}

/** The first that fits names the format; each where its makers document it, or where file(1) looks for it. */
const marks: readonly Mark[] = [
  // The label of an LTFS volume is an ANSI VOL1 whose implementation identifier is LTFS (ISO/IEC 20919).
  { format: 'LTFS', at: 24, bytes: 'LTFS' },
  { format: 'ANSI label', at: 0, bytes: 'VOL1' },
  { format: 'IBM label', at: 0, bytes: '\xe5\xd6\xd3\xf1' },
  { format: 'tar', at: 257, bytes: 'ustar' },
  { format: 'cpio', at: 0, bytes: '070701' },
  { format: 'cpio', at: 0, bytes: '070702' },
  { format: 'cpio', at: 0, bytes: '070707' },
  // Block header: checksum, length, number, then the identifier of the version.
  { format: 'Bacula', at: 12, bytes: 'BB02' },
  { format: 'Bacula', at: 12, bytes: 'BB03' },
  { format: 'Amanda', at: 0, bytes: 'AMANDA: ' },
  { format: 'Microsoft Tape Format', at: 0, bytes: 'TAPE' },
];

/** What program or standard wrote a first block that is not ours; undefined where nothing tells. */
export function foreignFormat(block: Uint8Array): string | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, Math.min(block.length, 512)).toString('latin1');
  return marks.find(({ at, bytes: mark }) => bytes.startsWith(mark, at))?.format;
}
