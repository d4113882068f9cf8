import { type Dirent, opendirSync } from 'node:fs';
import type { ByteString } from '#src/archive/byte-string';
import { atShortPath } from '#src/archive/file-operations';

export interface ListedName {
  readonly name: ByteString;
  /** As the directory says; `unknown` on file systems that do not tell. */
  readonly kind: 'file' | 'directory' | 'other' | 'unknown';
}

/** Names of one sorted run: most directories are one run, longer ones several, so that memory stays bounded. */
export const namesPerRun = 131_072;
const namesPerCall = 512;

const kindOf = (entry: Dirent): ListedName['kind'] =>
  entry.isFile()
    ? 'file'
    : entry.isDirectory()
      ? 'directory'
      : entry.isSymbolicLink() ||
          entry.isFIFO() ||
          entry.isSocket() ||
          entry.isBlockDevice() ||
          entry.isCharacterDevice()
        ? 'other'
        : 'unknown';

const inByteOrder = (a: ListedName, b: ListedName): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Reads a directory to its end: runs of names, each in byte order. Throws what the system reports. */
export function* listDirectory(path: ByteString, runLength = namesPerRun): Generator<readonly ListedName[]> {
  // As latin1, names are bytes: one character each.
  const options = { encoding: 'latin1' as BufferEncoding, bufferSize: namesPerCall };
  const directory = atShortPath(path, (short) => opendirSync(short, options));
  try {
    let run: ListedName[] = [];
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      run.push({ name: entry.name, kind: kindOf(entry) });
      if (run.length >= runLength) {
        yield run.sort(inByteOrder);
        run = [];
      }
    }
    yield run.sort(inByteOrder);
  } finally {
    directory.closeSync();
  }
}
