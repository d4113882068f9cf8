import type { ByteString } from '#src/archive/byte-string';
import type { FileOperations } from '#src/archive/file-operations';
import type { FileStat } from '#src/archive/file-stat';
import { type PaxRecord, paddedBytes, tarBlockBytes } from '#src/archive/tar-header';

/** A stretch of a file that is not a hole; both numbers are multiples of 512, except at the end of the file. */
export interface DataRegion {
  readonly offset: number;
  readonly length: number;
}

/** A file with more pieces than this is stored whole from there on: the map must not outgrow memory. */
const mostRegions = 65_536;

/** Regions of data of a file with holes, in their order; undefined where it has none. */
export function findRegions(
  files: Pick<FileOperations, 'seekData' | 'seekHole'>,
  fd: number,
  stat: Pick<FileStat, 'sizeBytes' | 'blocks'>,
): readonly DataRegion[] | undefined {
  const size = stat.sizeBytes;
  if (size === 0 || stat.blocks * 512 >= size) return undefined;
  const regions: DataRegion[] = [];
  let end = 0;
  for (;;) {
    const data = files.seekData(fd, end);
    if (data === undefined || data >= size) break;
    const hole = files.seekHole(fd, data) ?? size;
    const start = Math.max(end, data - (data % tarBlockBytes));
    end = regions.length + 1 >= mostRegions ? size : Math.min(size, paddedBytes(hole));
    regions.push({ offset: start, length: end - start });
    if (end >= size) break;
  }
  const isWhole = regions.length === 1 && regions[0]?.offset === 0 && regions[0].length === size;
  return isWhole ? undefined : regions;
}

/**
 * The map that stands before the data (GNU tar manual, "PAX Format, Version 1.0"): decimal numbers, one a line, padded to a block: how many regions,
 * then offset and length of each. A hole at the end is closed by an empty region, else readers make the file too short.
 */
export function encodeSparseMap(regions: readonly DataRegion[], sizeBytes: number): Buffer {
  const last = regions.at(-1);
  const endsInHole = last === undefined || last.offset + last.length < sizeBytes;
  const listed = endsInHole ? [...regions, { offset: sizeBytes, length: 0 }] : regions;
  const text = `${listed.length}\n${listed.map(({ offset, length }) => `${offset}\n${length}\n`).join('')}`;
  const map = Buffer.alloc(paddedBytes(text.length));
  map.write(text, 'latin1');
  return map;
}

/** The name that readers see who know nothing of holes, and the records for those who do. */
export function sparseHeader(
  path: ByteString,
  sizeBytes: number,
): { readonly path: ByteString; readonly records: readonly PaxRecord[] } {
  const slash = path.lastIndexOf('/');
  return {
    path: `${path.slice(0, slash + 1)}GNUSparseFile.0/${path.slice(slash + 1)}`,
    records: [
      { keyword: 'GNU.sparse.major', value: '1' },
      { keyword: 'GNU.sparse.minor', value: '0' },
      { keyword: 'GNU.sparse.name', value: path },
      { keyword: 'GNU.sparse.realsize', value: String(sizeBytes) },
    ],
  };
}
