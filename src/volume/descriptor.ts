import { z } from 'zod';
import { asBuffer, escapePath, isUtf8Text } from '#src/base/bytes';
import { bug } from '#src/base/errors';
import { encodePlainMember, parseUstarHeader, tarBlockBytes } from '#src/volume/ustar-header';

/** The place inside a file's data at which a segment was cut. */
export interface CutPlace {
  readonly path: Uint8Array;
  readonly offset: number;
}

interface CommonDescriptor {
  /** UUID of the volume. */
  readonly volume: string;
  /** What was done to the payload, first step first: `zstd`, `age`. Empty: the payload is the tar stream itself. */
  readonly codecs: readonly string[];
  readonly payloadBytes: number;
  /** XXH64, seed 0, of the payload as it is on the medium: 16 hexadecimal digits. */
  readonly payloadXxh64: string;
}

export interface LabelDescriptor extends CommonDescriptor {
  readonly kind: 'label';
  readonly barcode: string;
  /** Serial in the cartridge's memory, null where it has none. */
  readonly cartridgeSerial: string | null;
  readonly blockSizeBytes: number;
  /** ISO 8601, UTC. */
  readonly labelledAt: string;
  readonly writtenBy: string;
}

export interface SegmentDescriptor extends CommonDescriptor {
  readonly kind: 'segment';
  readonly dataSet: string;
  /** From 1. */
  readonly number: number;
  readonly startsInside: CutPlace | null;
  readonly endsInside: CutPlace | null;
  /** Offset of the first tar header in the payload, null where none begins in it. */
  readonly firstHeader: number | null;
}

export interface IndexDescriptor extends CommonDescriptor {
  readonly kind: 'index' | 'catalog' | 'void';
  readonly dataSet: string;
  /** Counts the data set's index (or catalog) tape files, from 1. */
  readonly number: number;
}

/** A tape file of a kind that this version does not know: to be skipped. */
export interface UnknownDescriptor extends CommonDescriptor {
  readonly kind: 'unknown';
  readonly kindOnMedium: string;
}

export type Descriptor = LabelDescriptor | SegmentDescriptor | IndexDescriptor;

export const formatVersion = 1;

/** The most that a descriptor takes: a cut inside a name of 4,096 bytes that is escaped byte for byte, twice, and the rest. */
const maxDescriptorBytes = 64 * 1024;

const safe = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const place = z.object({ path: z.string(), pathBytes: z.string().optional(), offset: safe }).transform(
  ({ path, pathBytes, offset }): CutPlace => ({
    path: pathBytes === undefined ? Buffer.from(path, 'utf8') : Buffer.from(pathBytes, 'base64'),
    offset,
  }),
);
const common = {
  format: z.literal('grandsire'),
  version: z.number().int(),
  volume: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  codecs: z.array(z.string().max(32)).max(8),
  payloadBytes: safe,
  payloadXxh64: z.string().regex(/^[0-9a-f]{16}$/),
};
const dataSet = z.string().regex(/^[a-z][a-z0-9-]{0,31}-[0-9]{8}T[0-9]{6}Z(-[0-9]{1,6})?$/);
const number = z.number().int().min(1).max(0xffff_ffff);

const schema = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('label'),
    barcode: z.string().max(32),
    cartridgeSerial: z.string().max(64).nullable(),
    blockSizeBytes: z
      .number()
      .int()
      .min(4096)
      .max(16 * 1024 * 1024),
    labelledAt: z.iso.datetime(),
    writtenBy: z.string().max(200),
  }),
  z.object({
    ...common,
    kind: z.literal('segment'),
    dataSet,
    number,
    startsInside: place.nullable(),
    endsInside: place.nullable(),
    firstHeader: safe.nullable(),
  }),
  z.object({ ...common, kind: z.enum(['index', 'catalog', 'void']), dataSet, number }),
]);
const unknownSchema = z.object({ ...common, kind: z.string().max(32) });

/** The name of the descriptor's member; it also names what follows to people who list the tape file with `tar -t`. */
const descriptorName = (descriptor: Descriptor): string =>
  descriptor.kind === 'label'
    ? '.grandsire/label.json'
    : `.grandsire/${descriptor.dataSet}/${descriptor.kind === 'segment' ? '' : `${descriptor.kind}-`}${String(descriptor.number).padStart(5, '0')}.json`;

const printPlace = (cut: CutPlace | null) =>
  cut && {
    path: escapePath(cut.path),
    // The escaped form is for readers; where it differs from the name, the bytes themselves stand beside it.
    ...(isUtf8Text(cut.path) && escapePath(cut.path) === asBuffer(cut.path).toString('utf8')
      ? {}
      : { pathBytes: asBuffer(cut.path).toString('base64') }),
    offset: cut.offset,
  };

/** The one block with which a tape file begins: a tar member without closing zero blocks (docs/format.md, "Descriptor"). */
export function encodeDescriptor(descriptor: Descriptor, writtenAtSeconds: number): Buffer {
  const cuts =
    descriptor.kind === 'segment'
      ? { startsInside: printPlace(descriptor.startsInside), endsInside: printPlace(descriptor.endsInside) }
      : {};
  const json = JSON.stringify({ format: 'grandsire', version: formatVersion, ...descriptor, ...cuts }, null, 1);
  const block = encodePlainMember(descriptorName(descriptor), Buffer.from(`${json}\n`, 'utf8'), writtenAtSeconds);
  if (block.length > maxDescriptorBytes)
    throw bug(`descriptor of ${block.length} bytes for ${descriptorName(descriptor)}`);
  return block;
}

/**
 * What the first block of a tape file says. `foreign`: not a descriptor of this format. `newer`: of a format version that this program does
 * not know. The bytes may come from anybody.
 */
export type ParsedDescriptor =
  | { readonly kind: 'ours'; readonly descriptor: Descriptor | UnknownDescriptor }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'foreign' };

export function parseDescriptor(block: Uint8Array): ParsedDescriptor {
  const header = parseUstarHeader(block);
  if (!header?.name.startsWith('.grandsire/') || !header.name.endsWith('.json')) return { kind: 'foreign' };
  if (header.sizeBytes > maxDescriptorBytes || tarBlockBytes + header.sizeBytes > block.length) {
    return { kind: 'damaged', reason: 'the descriptor is longer than its block' };
  }
  let json: unknown;
  try {
    json = JSON.parse(asBuffer(block).toString('utf8', tarBlockBytes, tarBlockBytes + header.sizeBytes));
  } catch {
    return { kind: 'damaged', reason: 'the descriptor is not JSON' };
  }
  const unknown = unknownSchema.safeParse(json);
  if (!unknown.success) return { kind: 'damaged', reason: z.prettifyError(unknown.error) };
  if (unknown.data.version !== formatVersion) return { kind: 'newer', version: unknown.data.version };
  const known = schema.safeParse(json);
  if (known.success) {
    const { format: _format, version: _version, ...descriptor } = known.data;
    return { kind: 'ours', descriptor };
  }
  if (['label', 'segment', 'index', 'catalog', 'void'].includes(unknown.data.kind)) {
    return { kind: 'damaged', reason: z.prettifyError(known.error) };
  }
  const { volume, codecs, payloadBytes, payloadXxh64, kind } = unknown.data;
  return {
    kind: 'ours',
    descriptor: { kind: 'unknown', kindOnMedium: kind, volume, codecs, payloadBytes, payloadXxh64 },
  };
}
