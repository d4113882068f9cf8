import { z } from 'zod';
import { GrandsireError } from '#src/base/errors';
import { formatVersion } from '#src/volume/descriptor';

/** Where a segment lies: one entry for each copy. */
export interface IndexedCopy {
  readonly volume: string;
  readonly barcode: string;
  readonly tapeFile: number;
  /** Logical object number of its descriptor. */
  readonly block: number;
  /** Blocks of the tape file, its descriptor among them, without the filemark. */
  readonly blocks: number;
}

export interface IndexedSegment {
  readonly number: number;
  readonly payloadBytes: number;
  readonly payloadXxh64: string;
  readonly codecs: readonly string[];
  readonly startsInside: IndexedPlace | null;
  readonly endsInside: IndexedPlace | null;
  readonly firstHeader: number | null;
  /** Empty: it lies on a later cartridge, or only in staging, when this index was written. */
  readonly copies: readonly IndexedCopy[];
}

/** `pathBytes` is base64. */
export interface IndexedPlace {
  readonly pathBytes: string;
  readonly offset: number;
}

/** `data-set.json` of an index: the data set as it stood when the index was written. */
export interface DataSetIndexRecord {
  readonly dataSet: string;
  readonly backupSet: string;
  readonly level: 'full' | 'differential' | 'incremental';
  readonly base: string | null;
  readonly state: 'open' | 'complete' | 'interrupted';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly runDay: string;
  readonly timeZone: string;
  readonly library: string;
  readonly pool: string;
  readonly rotation: string | null;
  readonly tier: string | null;
  readonly protection:
    | { readonly kind: 'none' | 'forever' }
    | { readonly kind: 'until'; readonly freeOn: string; readonly timeZone: string };
  readonly files: number;
  readonly bytes: number;
  readonly warnings: readonly { readonly pathBytes: string; readonly code: string; readonly message: string }[];
  readonly fileSystems: readonly { readonly pathBytes: string; readonly device: string }[];
  readonly segments: readonly IndexedSegment[];
}

const safe = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const base64 = z
  .string()
  .max(16_384)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/);
const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const dataSetId = z.string().regex(/^[a-z][a-z0-9-]{0,31}-[0-9]{8}T[0-9]{6}Z(-[0-9]{1,6})?$/);
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const time = z.iso.datetime();
const zone = z.string().max(64);
const place = z.object({ pathBytes: base64, offset: safe }).nullable();
const xxh64 = z.string().regex(/^[0-9a-f]{16}$/);

/** One of `segments`. */
export const indexedSegment = z.object({
  number: safe.min(1),
  payloadBytes: safe,
  payloadXxh64: xxh64,
  codecs: z.array(z.string().max(32)).max(8),
  startsInside: place,
  endsInside: place,
  firstHeader: safe.nullable(),
  copies: z.array(
    z.object({
      volume: z.string().max(36),
      barcode: z.string().max(32),
      tapeFile: safe,
      block: safe,
      blocks: safe,
    }),
  ),
});

const schema = z.object({
  format: z.literal('grandsire'),
  version: z.literal(formatVersion),
  dataSet: dataSetId,
  backupSet: name,
  level: z.enum(['full', 'differential', 'incremental']),
  base: dataSetId.nullable(),
  state: z.enum(['open', 'complete', 'interrupted']),
  startedAt: time,
  finishedAt: time.nullable(),
  runDay: day,
  timeZone: zone,
  library: name,
  pool: name,
  rotation: name.nullable(),
  tier: z.string().max(32).nullable(),
  protection: z.union([
    z.object({ kind: z.enum(['none', 'forever']) }),
    z.object({ kind: z.literal('until'), freeOn: day, timeZone: zone }),
  ]),
  files: safe,
  bytes: safe,
  warnings: z.array(z.object({ pathBytes: base64, code: z.string().max(64), message: z.string().max(8192) })),
  fileSystems: z.array(z.object({ pathBytes: base64, device: z.string().max(32) })),
  segments: z.array(indexedSegment),
});

export const encodeIndexRecord = (record: DataSetIndexRecord): Buffer =>
  Buffer.from(`${JSON.stringify({ format: 'grandsire', version: formatVersion, ...record })}\n`, 'utf8');

/** Throws `volume.damaged-tape-file` naming `what` for anything that is not a record of this format version. */
export function parseIndexRecord(bytes: Buffer, what: string): DataSetIndexRecord {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw damaged(what, 'data-set.json is not JSON', cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged(what, `data-set.json: ${z.prettifyError(parsed.error)}`);
  const { format: _format, version: _version, ...record } = parsed.data;
  return record;
}

export const damaged = (what: string, why: string, cause?: unknown): GrandsireError =>
  new GrandsireError('volume.damaged-tape-file', {
    message: `${what}: ${why}`,
    remedy:
      'Another index of the data set may be whole: "grandsire catalog rebuild" without a barcode reads all cartridges.',
    cause,
  });
