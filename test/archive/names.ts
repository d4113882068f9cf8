import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import fc from 'fast-check';

/** A name as a directory may hold it: any bytes but zero and the slash. */
export const anyName = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0xff : byte))).toString('latin1'));

/** Files that this process has open. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** Bytes in files without a name that were made in a directory and are open. */
export function scratchBytes(directory: string): number {
  let bytes = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${directory}/.scratch-`)) bytes += fstatSync(Number(fd)).size;
    } catch {
      // The directory of descriptors was itself one.
    }
  }
  return bytes;
}
