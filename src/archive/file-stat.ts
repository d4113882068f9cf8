import { statxBytes } from '#src/base/posix/stat';
import type { EntryType } from '#src/catalog/files';

/** What one statx(2) says of an entry; one such object is used again for all entries of a thread. */
export interface FileStat {
  type: EntryType;
  /** The twelve bits of permissions. */
  mode: number;
  links: number;
  uid: number;
  gid: number;
  /** Decimal. */
  inode: string;
  sizeBytes: number;
  /** Of 512 bytes, as allocated. */
  blocks: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  ctimeSeconds: number;
  ctimeNanoseconds: number;
  /** Of a device node. */
  deviceMajor: number;
  deviceMinor: number;
  /** The file system's device, as `major:minor`. */
  fileSystem: string;
}

export const emptyFileStat = (): FileStat => ({
  type: 'file',
  mode: 0,
  links: 1,
  uid: 0,
  gid: 0,
  inode: '0',
  sizeBytes: 0,
  blocks: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
  ctimeSeconds: 0,
  ctimeNanoseconds: 0,
  deviceMajor: 0,
  deviceMinor: 0,
  fileSystem: '',
});

/** The area that the system call fills, and its words. */
export const statArea = Buffer.from(new ArrayBuffer(statxBytes));
const words = new Uint32Array(statArea.buffer);
const signedWords = new Int32Array(statArea.buffer);

const twoTo32 = 2 ** 32;
const word = (index: number): number => words[index] as number;
const signed = (index: number): number => signedWords[index] as number;
const wide = (index: number): number => word(index + 1) * twoTo32 + word(index);
const signedWide = (index: number): number => signed(index + 1) * twoTo32 + word(index);

const typesByMode: Readonly<Record<number, EntryType>> = {
  1: 'fifo',
  2: 'character-device',
  4: 'directory',
  6: 'block-device',
  8: 'file',
  10: 'symlink',
  12: 'socket',
};

let lastMajor = -1;
let lastMinor = -1;
let lastFileSystem = '';

/** The text of the last device seen; nearly always the next one's too. */
function fileSystemOf(major: number, minor: number): string {
  if (major !== lastMajor || minor !== lastMinor) {
    lastMajor = major;
    lastMinor = minor;
    lastFileSystem = `${major}:${minor}`;
  }
  return lastFileSystem;
}

/** Reads `statArea` (little-endian `struct statx`, statx(2)) into `stat`. */
export function decodeStat(stat: FileStat): void {
  const mode = word(7) & 0xffff;
  stat.type = typesByMode[mode >> 12] ?? 'file';
  stat.mode = mode & 0o7777;
  stat.links = word(4);
  stat.uid = word(5);
  stat.gid = word(6);
  // Some file systems use all 64 bits of an inode number.
  stat.inode = word(9) < 0x200000 ? String(wide(8)) : String((BigInt(word(9)) << 32n) | BigInt(word(8)));
  stat.sizeBytes = wide(10);
  stat.blocks = wide(12);
  stat.ctimeSeconds = signedWide(24);
  stat.ctimeNanoseconds = word(26);
  stat.mtimeSeconds = signedWide(28);
  stat.mtimeNanoseconds = word(30);
  stat.deviceMajor = word(32);
  stat.deviceMinor = word(33);
  stat.fileSystem = fileSystemOf(word(34), word(35));
}
