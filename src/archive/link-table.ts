import { closeSync, readSync, writeSync } from 'node:fs';
import { type ByteString, byteStringOf, bytesOf } from '#src/archive/byte-string';
import { openScratchFile } from '#src/archive/scratch-file';
import type { MemberPlace } from '#src/archive/segment-placer';
import { type EntryType, entryTypes } from '#src/catalog/files';

/** The content of an inode, as it was archived under its first name, and the stamps under which it was read. */
export interface LinkedContent {
  readonly path: ByteString;
  readonly type: EntryType;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  /** Hexadecimal. */
  readonly sha256: string | undefined;
  /** `versionFlags` of the first name. */
  readonly flags: number;
  readonly place: MemberPlace;
}

/** Two files without names, and how full the table is; shared by the threads of one process. */
export interface LinkTableFiles {
  readonly slots: number;
  readonly paths: number;
  /** Bits of the number of slots; slots in use; bytes of paths; where the table begins in its file. */
  readonly state: Float64Array;
}

const slotBytes = 128;
const firstBits = 12;
/** Of 32 bits, but for device, inode and digest. */
const layout = {
  inUse: 0,
  flags: 4,
  device: 8,
  inode: 16,
  type: 24,
  pathLength: 28,
  sha256: 32,
  hasDigest: 64,
  segment: 72,
  endSegment: 76,
  mtimeNanoseconds: 112,
  ctimeNanoseconds: 116,
} as const;
/** Of 64 bits. */
const numbers = { offset: 80, sizeBytes: 88, mtimeSeconds: 96, pathOffset: 104, ctimeSeconds: 120 } as const;

export function createLinkTableFiles(directory: string): LinkTableFiles {
  const slots = openScratchFile(directory);
  try {
    const paths = openScratchFile(directory);
    const state = new Float64Array(new SharedArrayBuffer(4 * 8));
    state[0] = firstBits;
    return { slots, paths, state };
  } catch (error) {
    closeSync(slots);
    throw error;
  }
}

export function closeLinkTableFiles({ slots, paths }: LinkTableFiles): void {
  closeSync(slots);
  closeSync(paths);
}

/**
 * Which inodes with several names have been archived: a hash table with open addressing in a file, so that memory does not grow with the tree.
 * Only the thread whose turn it is uses it, so that it needs no lock.
 */
export class LinkTable {
  readonly #files: LinkTableFiles;
  readonly #slot = Buffer.alloc(slotBytes);

  constructor(files: LinkTableFiles) {
    this.#files = files;
  }

  find(fileSystem: string, inode: string): LinkedContent | undefined {
    const found = this.#seek(...this.#key(fileSystem, inode));
    return found.used ? this.#decode() : undefined;
  }

  add(fileSystem: string, inode: string, content: LinkedContent): void {
    const { state } = this.#files;
    if ((state[1] as number) * 2 >= 2 ** (state[0] as number)) this.#grow();
    const [device, number] = this.#key(fileSystem, inode);
    const { offset, used } = this.#seek(device, number);
    if (used) return;
    const path = bytesOf(content.path);
    writeSync(this.#files.paths, path, 0, path.length, state[2] as number);
    const slot = this.#slot.fill(0);
    slot.writeUInt32LE(1, layout.inUse);
    slot.writeBigUInt64LE(device, layout.device);
    slot.writeBigUInt64LE(number, layout.inode);
    if (content.sha256) slot.write(content.sha256, layout.sha256, 'hex');
    slot.writeUInt32LE(content.sha256 ? 1 : 0, layout.hasDigest);
    slot.writeUInt32LE(content.place.segment, layout.segment);
    slot.writeUInt32LE(content.place.endSegment, layout.endSegment);
    slot.writeDoubleLE(content.place.offset, numbers.offset);
    slot.writeDoubleLE(content.sizeBytes, numbers.sizeBytes);
    slot.writeUInt32LE(content.flags, layout.flags);
    slot.writeUInt32LE(entryTypes.indexOf(content.type), layout.type);
    slot.writeDoubleLE(content.mtimeSeconds, numbers.mtimeSeconds);
    slot.writeUInt32LE(content.mtimeNanoseconds, layout.mtimeNanoseconds);
    slot.writeDoubleLE(content.ctimeSeconds, numbers.ctimeSeconds);
    slot.writeUInt32LE(content.ctimeNanoseconds, layout.ctimeNanoseconds);
    slot.writeDoubleLE(state[2] as number, numbers.pathOffset);
    slot.writeUInt32LE(path.length, layout.pathLength);
    writeSync(this.#files.slots, slot, 0, slotBytes, offset);
    state[1] = (state[1] as number) + 1;
    state[2] = (state[2] as number) + path.length;
  }

  #key(fileSystem: string, inode: string): [bigint, bigint] {
    const [major = '0', minor = '0'] = fileSystem.split(':');
    return [(BigInt(major) << 32n) | BigInt(minor), BigInt(inode)];
  }

  /** Reads slots from the key's own one on until it is found, or a free one; the slot is left in `#slot`. */
  #seek(device: bigint, inode: bigint): { readonly offset: number; readonly used: boolean } {
    const { state, slots } = this.#files;
    const count = 2 ** (state[0] as number);
    const start = state[3] as number;
    // Fibonacci hashing: inode numbers are dense, their multiples are not.
    const hash = ((inode ^ (device << 17n)) * 0x9e3779b97f4a7c15n) & 0xffff_ffff_ffff_ffffn;
    let index = Number(hash >> BigInt(64 - (state[0] as number)));
    for (;;) {
      const offset = start + index * slotBytes;
      const length = readSync(slots, this.#slot, 0, slotBytes, offset);
      if (length < slotBytes || this.#slot.readUInt32LE(layout.inUse) === 0) return { offset, used: false };
      const same =
        this.#slot.readBigUInt64LE(layout.inode) === inode && this.#slot.readBigUInt64LE(layout.device) === device;
      if (same) return { offset, used: true };
      index = (index + 1) % count;
    }
  }

  #decode(): LinkedContent {
    const slot = this.#slot;
    const path = Buffer.alloc(slot.readUInt32LE(layout.pathLength));
    readSync(this.#files.paths, path, 0, path.length, slot.readDoubleLE(numbers.pathOffset));
    return {
      path: byteStringOf(path),
      type: entryTypes[slot.readUInt32LE(layout.type)] ?? 'file',
      sizeBytes: slot.readDoubleLE(numbers.sizeBytes),
      mtimeSeconds: slot.readDoubleLE(numbers.mtimeSeconds),
      mtimeNanoseconds: slot.readUInt32LE(layout.mtimeNanoseconds),
      ctimeSeconds: slot.readDoubleLE(numbers.ctimeSeconds),
      ctimeNanoseconds: slot.readUInt32LE(layout.ctimeNanoseconds),
      sha256:
        slot.readUInt32LE(layout.hasDigest) === 1 ? slot.toString('hex', layout.sha256, layout.hasDigest) : undefined,
      flags: slot.readUInt32LE(layout.flags),
      place: {
        segment: slot.readUInt32LE(layout.segment),
        offset: slot.readDoubleLE(numbers.offset),
        endSegment: slot.readUInt32LE(layout.endSegment),
      },
    };
  }

  /** Twice as many slots, behind the old ones in the same file (a hole until they are used). */
  #grow(): void {
    const { state, slots } = this.#files;
    const count = 2 ** (state[0] as number);
    const from = state[3] as number;
    state[0] = (state[0] as number) + 1;
    state[3] = from + count * slotBytes;
    const old = Buffer.alloc(slotBytes);
    for (let index = 0; index < count; index += 1) {
      const length = readSync(slots, old, 0, slotBytes, from + index * slotBytes);
      if (length < slotBytes) break;
      if (old.readUInt32LE(layout.inUse) === 0) continue;
      const { offset } = this.#seek(old.readBigUInt64LE(layout.device), old.readBigUInt64LE(layout.inode));
      writeSync(slots, old, 0, slotBytes, offset);
    }
  }
}
