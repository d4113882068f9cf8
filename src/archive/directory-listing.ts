import { type Dir, type Dirent, opendirSync } from 'node:fs';
import type { ByteString } from '#src/archive/byte-string';
import { atShortPath } from '#src/archive/file-operations';
import type { TaggedName } from '#src/archive/name-file';
import { type SortedNames, sortNames } from '#src/archive/sorted-names';
import { unreadable } from '#src/archive/unreadable';

/** What a directory says of a name in it, as the tag of the name; `unknown` on file systems that do not tell. */
export const listedKinds = { unknown: 0, file: 1, directory: 2, other: 3 } as const;

/** More names of one directory are sorted on disk. */
const mostNamesHeld = 131_072;
const namesPerCall = 512;

const kindOf = (entry: Dirent): number =>
  entry.isFile()
    ? listedKinds.file
    : entry.isDirectory()
      ? listedKinds.directory
      : entry.isSymbolicLink() ||
          entry.isFIFO() ||
          entry.isSocket() ||
          entry.isBlockDevice() ||
          entry.isCharacterDevice()
        ? listedKinds.other
        : listedKinds.unknown;

/** Lists a directory: what the walker asks of it. */
export type ListDirectory = (path: ByteString) => SortedNames;

/**
 * Reads a directory to its end; its names, each with its kind, come in byte order. A directory that cannot be read to its end throws `file.unreadable`
 * or `file.vanished`, and no name of it comes.
 */
export const createDirectoryListing =
  (scratchDirectory: string, mostHeld = mostNamesHeld): ListDirectory =>
  (path) =>
    sortNames(readDirectory(path), { mostHeld, scratchDirectory });

function* readDirectory(path: ByteString): Generator<TaggedName> {
  // As latin1, names are bytes: one character each.
  const options = { encoding: 'latin1' as BufferEncoding, bufferSize: namesPerCall };
  let directory: Dir | undefined;
  try {
    directory = atShortPath(path, (short) => opendirSync(short, options));
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      yield { name: entry.name, tag: kindOf(entry) };
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    directory?.closeSync();
  }
}
