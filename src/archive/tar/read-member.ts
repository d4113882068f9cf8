import { damaged, type StreamPlace } from '#src/archive/tar/damaged';
import { blockBytes, paddedBytes, streamLimits, typeFlags } from '#src/archive/tar/layout';
import { type Extension, type MemberHeader, parseExtension, parseMemberHeader } from '#src/archive/tar/member-header';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { SparseMapParser, type SparseRegion } from '#src/archive/tar/sparse-map';
import { isZeroBlock, parseUstarBlock, type UstarBlock } from '#src/archive/tar/ustar-block';

/**
 * The headers of the member at which the stream stands; afterwards it stands at the member's data. Undefined at the two zero blocks that end a data set.
 * `archive.damaged` and `archive.truncated` name the place.
 */
export async function readMemberHeader(stream: PayloadStream): Promise<MemberHeader | undefined> {
  const place = stream.place;
  const first = await stream.read(blockBytes);
  if (isZeroBlock(first)) {
    if (!isZeroBlock(await stream.read(blockBytes))) throw damaged(place, 'a zero block between two members');
    return undefined;
  }
  let block = parseBlock(first, place);
  let extension: Extension | undefined;
  if (block.typeFlag === typeFlags.extendedHeader) {
    const { size } = block;
    if (size > streamLimits.extendedHeaderBytes) throw damaged(place, `an extended header of ${size} bytes`);
    const parsed = parseExtension((await stream.read(paddedBytes(size))).subarray(0, size));
    if (typeof parsed === 'string') throw damaged(place, parsed);
    extension = parsed;
    block = parseBlock(await stream.read(blockBytes), place);
  }
  const header = parseMemberHeader(block, extension);
  if (typeof header === 'string') throw damaged(place, header);
  return header;
}

function parseBlock(bytes: Buffer, place: StreamPlace): UstarBlock {
  const block = parseUstarBlock(bytes);
  if (typeof block === 'string') throw damaged(place, block);
  return block;
}

/**
 * Where the data of the member at whose data the stream stands belongs: one region for a plain file, the map's for a sparse one, after which the stream stands at the
 * first region's bytes. Regions follow each other without padding.
 */
export async function readRegions(stream: PayloadStream, header: MemberHeader): Promise<readonly SparseRegion[]> {
  if (!header.sparse) return [{ offset: 0, lengthBytes: header.dataBytes }];
  const { place } = stream;
  const parser = new SparseMapParser(header.sizeBytes);
  for (let mapBytes = blockBytes; mapBytes <= header.dataBytes; mapBytes += blockBytes) {
    const regions = parser.add(await stream.read(blockBytes));
    if (typeof regions === 'string') throw damaged(place, regions);
    if (regions === undefined) continue;
    const dataBytes = regions.reduce((sum, region) => sum + region.lengthBytes, mapBytes);
    if (dataBytes !== header.dataBytes) throw damaged(place, 'the map of a sparse file does not account for its data');
    return regions;
  }
  throw damaged(place, 'the map of a sparse file does not end within its data');
}
