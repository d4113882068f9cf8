import { readFileSync } from 'node:fs';

/**
 * The tape files of a SIMH image, each a list of blocks; read by the description of the format ("SIMH Magtape Representation and Handling", 2003) and with nothing
 * of the program's. A tape file that no filemark ends is not whole and is left out.
 */
export function readTapeFiles(path: string): readonly (readonly Buffer[])[] {
  const image = readFileSync(path);
  const files: Buffer[][] = [];
  let blocks: Buffer[] = [];
  for (let at = 0; at + 4 <= image.length; ) {
    const word = image.readUInt32LE(at);
    const bytes = word & 0xff_ffff;
    if (word === 0xffff_ffff) break;
    if (word === 0) {
      files.push(blocks);
      blocks = [];
      at += 4;
      continue;
    }
    const next = at + 4 + bytes + (bytes % 2) + 4;
    if (next > image.length || image.readUInt32LE(next - 4) !== word) break;
    blocks.push(image.subarray(at + 4, at + 4 + bytes));
    at = next;
  }
  return files;
}
