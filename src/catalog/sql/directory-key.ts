import { asBuffer, escapePath } from '#src/base/bytes';
import { bug } from '#src/base/errors';

const slash = 0x2f;

/**
 * How a directory's path is stored: each `/` as a zero byte (which no name contains). So the byte order of keys is the order in which a walk
 * meets directories that takes names in byte order at every level, and all that lies below one directory is one range of keys; with `/` itself
 * `/a-b` would come between `/a` and `/a/c`.
 */
export function directoryKey(path: Uint8Array): Buffer {
  const isRoot = path.length === 1 && path[0] === slash;
  if (path[0] !== slash || path.includes(0) || (!isRoot && path[path.length - 1] === slash)) {
    throw bug(`not an absolute path of a directory: '${escapePath(path)}'`);
  }
  const key = Buffer.from(path);
  for (let at = key.indexOf(slash); at >= 0; at = key.indexOf(slash, at + 1)) key[at] = 0;
  return key;
}

export function parseDirectoryKey(key: Uint8Array): Buffer {
  const path = Buffer.from(key);
  for (let at = path.indexOf(0); at >= 0; at = path.indexOf(0, at + 1)) path[at] = slash;
  return path;
}

/** Keys of what lies below a directory (itself not included): `from` ≤ key < `to`. */
export function keysBelow(path: Uint8Array): { readonly from: Buffer; readonly to: Buffer } {
  const key = directoryKey(path);
  // The root's own key is the one zero byte with which all keys begin; what is below it is longer.
  if (key.length === 1) return { from: Buffer.from([0, 1]), to: Buffer.from([1]) };
  return { from: Buffer.concat([key, Buffer.from([0])]), to: Buffer.concat([key, Buffer.from([1])]) };
}

/** The directory that an entry stands in and its name there; the root is the entry with the empty name in `/`. */
export function splitPath(path: Uint8Array): { readonly directory: Buffer; readonly name: Buffer } {
  const bytes = asBuffer(path);
  const at = bytes.lastIndexOf(slash);
  if (at < 0) throw bug(`not an absolute path: '${escapePath(path)}'`);
  return { directory: at === 0 ? Buffer.from('/') : bytes.subarray(0, at), name: bytes.subarray(at + 1) };
}

export function joinPath(directory: Uint8Array, name: Uint8Array): Buffer {
  if (name.length === 0) return Buffer.from(directory);
  return directory.length === 1 ? Buffer.concat([directory, name]) : Buffer.concat([directory, Buffer.from('/'), name]);
}
